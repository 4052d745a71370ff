/** Text files of any size in the encodings of Korean text; gzip is unpacked while it is read. */
import { createHash } from 'node:crypto';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { KIND_BYTES } from '#core/files/kind.ts';
import { refuseOther, refuseOtherText } from '#core/files/other-file.ts';
import { EncodingError, TextFileDecoder, type TextEncoding } from '#core/text/encoding.ts';
import { CommandError, onFile, systemCode } from '../shared/errors.ts';

/** Longest text that fits into a string of Node, in UTF-16 units. */
const MAX_TEXT_LENGTH = 2 ** 28;

type TextWanted = 'text' | 'pairs';

export interface TextFile {
  /** Of the unpacked bytes, hex. */
  sha256: string;
  encoding: TextEncoding;
}

export interface ReadTextOptions {
  /** What the text is for. */
  wanted?: TextWanted;
  /** Called with the bytes of the file that were read since the last call. */
  onRead?: (bytes: number) => void;
  signal?: AbortSignal;
}

/**
 * Calls `take` with the text in pieces.
 * @throws CommandError when the file is in no known encoding or is no whole gzip; OtherFileError when it is no text; a system error when it cannot be
 *   read, the reason of the signal when it is aborted
 */
export async function readTextPieces(
  path: string,
  take: (piece: string) => void,
  { wanted = 'text', onRead, signal }: ReadTextOptions = {},
): Promise<TextFile> {
  const handle = await open(path);
  const hash = createHash('sha256');
  const decoder = new TextFileDecoder();
  const start = new TextStart(path, wanted, take);
  try {
    const packed = await onFile(path, isGzip(handle));
    const file = handle.createReadStream({ start: 0, autoClose: false, highWaterMark: 2 ** 18 });
    file.on('data', (chunk) => onRead?.(chunk.length));
    const consume = async (source: AsyncIterable<Buffer>): Promise<void> => {
      for await (const chunk of source) {
        signal?.throwIfAborted();
        // Of an empty file no chunk comes; a chunk of the disk is longer than what is looked at.
        if (start.isFirst) refuseOther(chunk, path, wanted);
        hash.update(chunk);
        start.add(decoder.add(chunk));
      }
      start.add(decoder.end());
      start.end();
    };
    await onFile(path, packed ? pipeline(file, createGunzip(), consume) : pipeline(file, consume));
  } catch (error) {
    if (error instanceof EncodingError) throw encodingError(path, decoder, start.lines, error);
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
  return { sha256: hash.digest('hex'), encoding: decoder.encoding ?? 'utf-8' };
}

/** @throws CommandError as `readTextPieces`, and for a text that is too long for memory */
export async function readWholeText(path: string, options: ReadTextOptions = {}): Promise<TextFile & { text: string }> {
  const pieces: string[] = [];
  let length = 0;
  const file = await readTextPieces(
    path,
    (piece) => {
      length += piece.length;
      if (length > MAX_TEXT_LENGTH) throw new CommandError(`${path} is longer than 268 million characters; split it`);
      pieces.push(piece);
    },
    options,
  );
  return { ...file, text: pieces.join('') };
}

/** Bytes on disk, for the progress bar. */
export async function packedSize(path: string): Promise<number> {
  return (await stat(path)).size;
}

/** Says in which encoding a file was read; undefined for UTF-8. */
export function encodingNote(path: string, { encoding }: Pick<TextFile, 'encoding'>): string | undefined {
  return encoding === 'utf-8' ? undefined : `${path} was read as ${ENCODING_NAMES[encoding]}`;
}

const ENCODING_NAMES: Record<TextEncoding, string> = {
  'utf-8': 'UTF-8',
  'utf-16le': 'UTF-16 LE (“Unicode text” of Excel)',
  'utf-16be': 'UTF-16 BE',
  'euc-kr': 'CP949 (EUC-KR), as Korean Excel writes it',
};

async function isGzip(handle: FileHandle): Promise<boolean> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
  return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
}

function encodingError(path: string, { encoding }: TextFileDecoder, lines: number, cause: EncodingError): CommandError {
  const near = `(near line ${lines + 1})`;
  const what =
    encoding === undefined
      ? `${path} is neither UTF-8 nor UTF-16 nor CP949 ${near}`
      : `${path} begins as ${ENCODING_NAMES[encoding]} and holds other bytes ${near}`;
  return new CommandError(`${what}; save it as UTF-8`, { cause });
}

/** Holds back the start of a text until it is known to be one. */
class TextStart {
  lines = 0;
  /** True before the first piece. */
  isFirst = true;
  #start: string | undefined = '';

  constructor(
    private readonly path: string,
    private readonly wanted: TextWanted,
    private readonly take: (piece: string) => void,
  ) {}

  add(piece: string): void {
    this.isFirst = false;
    for (let at = piece.indexOf('\n'); at >= 0; at = piece.indexOf('\n', at + 1)) this.lines++;
    if (this.#start === undefined) return this.take(piece);
    this.#start += piece;
    if (this.#start.length >= KIND_BYTES) this.end();
  }

  /** @throws OtherFileError if the text is something else */
  end(): void {
    if (this.#start === undefined) return;
    const start = this.#start;
    refuseOtherText(start, this.path, this.wanted);
    this.#start = undefined;
    this.take(start);
  }
}
