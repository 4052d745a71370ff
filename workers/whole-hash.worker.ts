/** SHA-256 of files that grow: the pieces of each come in their order. */
import { Sha256 } from '#core/hash/sha256.ts';

export type ToHasher =
  /** The next bytes of a file; the buffer comes back. */
  | { type: 'bytes'; file: number; buffer: ArrayBuffer; length: number }
  /** The hash of what has come so far. */
  | { type: 'hash'; file: number }
  /** The file is whole, or left. */
  | { type: 'end'; file: number };

export type FromHasher = { type: 'taken'; buffer: ArrayBuffer } | { type: 'hash'; file: number; hash: string };

const files = new Map<number, Sha256>();

self.addEventListener('message', ({ data }: MessageEvent<ToHasher>) => {
  const hash = files.get(data.file) ?? new Sha256();
  files.set(data.file, hash);
  if (data.type === 'bytes') {
    hash.update(new Uint8Array(data.buffer, 0, data.length));
    post({ type: 'taken', buffer: data.buffer }, [data.buffer]);
  } else if (data.type === 'hash') post({ type: 'hash', file: data.file, hash: hash.hex() }, []);
  else files.delete(data.file);
});

function post(answer: FromHasher, given: ArrayBuffer[]): void {
  self.postMessage(answer, given);
}
