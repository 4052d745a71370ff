/** Text of any size, line by line; gzip is unpacked while it is read. */
import { createHash } from 'node:crypto';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { CommandError, onFile, systemCode } from '../shared/errors.ts';

/** A longer line means that the file has no line breaks. In UTF-16 units. */
const MAX_LINE_LENGTH = 2 ** 26;

export interface TextFile {
  /** Of the unpacked text, hex. */
  sha256: string;
  lines: number;
}

export interface ReadTextOptions {
  /** Called with the bytes of the file that were read since the last call. */
  onRead?: (bytes: number) => void;
  signal?: AbortSignal;
}

/**
 * Calls `take` with every line, without its line break.
 * @throws CommandError when the file is no UTF-8 or no whole gzip, a system error when it cannot be read, the reason of the
 *   signal when it is aborted
 */
export async function eachLine(
  path: string,
  take: (line: string) => void,
  { onRead, signal }: ReadTextOptions = {},
): Promise<TextFile> {
  const handle = await open(path);
  const hash = createHash('sha256');
  const lines = new LineSplitter(path, take);
  try {
    const packed = await onFile(path, isGzip(handle));
    const file = handle.createReadStream({ start: 0, autoClose: false, highWaterMark: 2 ** 18 });
    file.on('data', (chunk) => onRead?.(chunk.length));
    const consume = async (source: AsyncIterable<Buffer>): Promise<void> => {
      for await (const chunk of source) {
        signal?.throwIfAborted();
        hash.update(chunk);
        lines.add(chunk);
      }
      lines.end();
    };
    await onFile(path, packed ? pipeline(file, createGunzip(), consume) : pipeline(file, consume));
  } catch (error) {
    if (systemCode(error)?.startsWith('Z_')) {
      throw new CommandError(
        `${path} is broken: ${error instanceof Error ? error.message : 'no whole gzip'}; download or pack it again`,
        { cause: error },
      );
    }
    throw error;
  } finally {
    await handle.close();
  }
  return { sha256: hash.digest('hex'), lines: lines.count };
}

/** Bytes on disk, for the progress bar. */
export async function packedSize(path: string): Promise<number> {
  return (await stat(path)).size;
}

async function isGzip(handle: FileHandle): Promise<boolean> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
  return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
}

class LineSplitter {
  count = 0;
  private readonly decoder = new TextDecoder('utf-8', { fatal: true });
  private rest = '';

  constructor(
    private readonly path: string,
    private readonly take: (line: string) => void,
  ) {}

  add(chunk: Uint8Array): void {
    const text = this.rest + this.decode(chunk, true);
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.give(text.slice(start, end));
      start = end + 1;
    }
    this.rest = text.slice(start);
    if (this.rest.length > MAX_LINE_LENGTH) {
      throw new CommandError(`line ${this.count + 1} of ${this.path} is longer than 64 MB; put one sentence on a line`);
    }
  }

  end(): void {
    this.rest += this.decode(new Uint8Array(), false);
    if (this.rest !== '') this.give(this.rest);
  }

  private give(line: string): void {
    this.count++;
    this.take(line.endsWith('\r') ? line.slice(0, -1) : line);
  }

  private decode(chunk: Uint8Array, stream: boolean): string {
    try {
      return this.decoder.decode(chunk, { stream });
    } catch (error) {
      throw new CommandError(`${this.path} is no UTF-8 (near line ${this.count + 1}); save it as UTF-8`, {
        cause: error,
      });
    }
  }
}
