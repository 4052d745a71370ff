/** Text of any size, line by line; gzip is unpacked on the way. */
import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { KoreanError, systemCode } from './errors.ts';
import { unreadable } from '../shared/files.ts';

/** A longer line is taken for a file that has none. In UTF-16 units. */
const LONGEST_LINE = 2 ** 26;

export interface TextFile {
  /** Of the text unpacked, hex. */
  sha256: string;
  lines: number;
}

/**
 * Hands out every line without its line break.
 *
 * @param read told how many bytes of the file have been read since the last call
 * @throws KoreanError when the file cannot be read, is no UTF-8 or no whole gzip
 */
export async function eachLine(
  path: string,
  take: (line: string) => void,
  read: (bytes: number) => void = () => undefined,
): Promise<TextFile> {
  const handle = await openText(path);
  const hash = createHash('sha256');
  const lines = new LineSplitter(path, take);
  try {
    const packed = await isGzip(handle);
    const file = handle.createReadStream({ start: 0, autoClose: false, highWaterMark: 2 ** 18 });
    file.on('data', (chunk) => read(chunk.length));
    const consume = async (source: AsyncIterable<Buffer>): Promise<void> => {
      for await (const chunk of source) {
        hash.update(chunk);
        lines.add(chunk);
      }
      lines.end();
    };
    if (packed) await pipeline(file, createGunzip(), consume);
    else await pipeline(file, consume);
  } catch (error) {
    if (systemCode(error)?.startsWith('Z_')) {
      throw new KoreanError(`${path} is broken: ${error instanceof Error ? error.message : 'no whole gzip'}`, {
        cause: error,
      });
    }
    throw unreadable(path, error);
  } finally {
    await handle.close();
  }
  return { sha256: hash.digest('hex'), lines: lines.count };
}

/** Size of the file as it lies, for the progress bar. */
export async function packedSize(path: string): Promise<number> {
  const handle = await openText(path);
  try {
    return (await handle.stat()).size;
  } finally {
    await handle.close();
  }
}

async function openText(path: string): Promise<FileHandle> {
  return open(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
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
    if (this.rest.length > LONGEST_LINE) {
      throw new KoreanError(`line ${this.count + 1} of ${this.path} is longer than 64 MB; put one sentence on a line`);
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
      throw new KoreanError(`${this.path} is no UTF-8 (near line ${this.count + 1}); save it as UTF-8`, {
        cause: error,
      });
    }
  }
}
