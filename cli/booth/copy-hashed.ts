/** Copies files and hashes what is copied, in one pass: packages have gigabytes. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { onFile } from '../shared/errors.ts';

const PIECE_BYTES = 2 ** 20;

/**
 * @param onBytes called for every piece that was read
 * @returns hexadecimal SHA-256 of the file
 * @throws the reason of the signal; a system error
 */
export async function copyHashed(
  from: string,
  to: string,
  signal: AbortSignal,
  onBytes: (count: number) => void,
): Promise<string> {
  const hash = createHash('sha256');
  await onFile(
    to,
    pipeline(
      createReadStream(from, { highWaterMark: PIECE_BYTES }),
      async function* (pieces: AsyncIterable<Buffer>) {
        for await (const piece of pieces) {
          hash.update(piece);
          onBytes(piece.length);
          yield piece;
        }
      },
      createWriteStream(to, { flags: 'wx' }),
      { signal },
    ),
  );
  return hash.digest('hex');
}

/** Hexadecimal SHA-256 of a file. */
export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await onFile(path, pipeline(createReadStream(path), hash));
  return hash.digest('hex');
}
