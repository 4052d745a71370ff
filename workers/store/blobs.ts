/**
 * The bytes of files in OPFS, each under an id that says what they are, so that packages share them. Beside each lie the SHA-256 of
 * its chunks, 32 bytes a chunk, in their order; zeros stand for a chunk that is not there.
 */
import { hashOfChunk } from './chunk-hashes.ts';
import { bytesOfHex, hexOf, sha256 } from './sha256.ts';
import { GrowingBlob } from './growing-blob.ts';
import type { WholeHash } from './whole-hash.ts';
import { fileIn, openForWriting, removeFile, renameFile, storeFolder, writeAt } from './opfs.ts';

const HASH_BYTES = 32;
/** Chunks of which each is in memory while it is hashed. */
const CHECKS_AT_ONCE = 3;
const HASHES = '.hashes';

export interface StoredBlob {
  file: File;
  /** Undefined for a chunk that is not there. Those of an unfinished file are what was written, not what is on disk. */
  hashes: readonly (string | undefined)[];
}

export class BlobStore {
  readonly #folder: FileSystemDirectoryHandle;

  private constructor(folder: FileSystemDirectoryHandle) {
    this.#folder = folder;
  }

  /** Undefined where the browser has no OPFS, or refuses it (private window). */
  static async open(): Promise<BlobStore | undefined> {
    const folder = await storeFolder('blobs');
    return folder && new BlobStore(folder);
  }

  /** The file, complete or not; undefined if there is none. */
  async read(id: string): Promise<StoredBlob | undefined> {
    const file = await fileIn(this.#folder, id);
    const hashes = await fileIn(this.#folder, id + HASHES);
    return file && hashes && { file, hashes: hashesOf(new Uint8Array(await hashes.arrayBuffer())) };
  }

  /** Created when missing. @throws DOMException NoModificationAllowedError when another tab writes it */
  async write(id: string): Promise<BlobWriter> {
    const bytes = await openForWriting(this.#folder, id);
    try {
      return new BlobWriter(bytes, await openForWriting(this.#folder, id + HASHES));
    } catch (error) {
      bytes.close();
      throw error;
    }
  }

  /** @throws DOMException NoModificationAllowedError when a tab writes it */
  async remove(id: string): Promise<void> {
    await removeFile(this.#folder, id);
    await removeFile(this.#folder, id + HASHES);
  }

  /** A file that grows under an id of its own until `adopt` gives it that of its content. Created when missing. */
  async grow(id: string, whole: WholeHash): Promise<GrowingBlob> {
    return new GrowingBlob(await openForWriting(this.#folder, id), whole);
  }

  /**
   * Gives a file that was written by `grow` the id of its content. What is there under that id already stays if it is whole. A second
   * call, after a crash in the first, does what is left to do.
   */
  async adopt(grown: string, id: string, content: BlobContent & { hashes: readonly string[] }): Promise<void> {
    if (completeFile(await this.read(id), content)) return this.remove(grown);
    const hashes = await openForWriting(this.#folder, id + HASHES);
    try {
      hashes.truncate(0);
      writeAt(hashes, bytesOfHex(content.hashes.join('')), 0);
      hashes.flush();
    } finally {
      hashes.close();
    }
    await renameFile(this.#folder, grown, id);
  }

  async ids(): Promise<string[]> {
    const ids: string[] = [];
    for await (const name of this.#folder.keys()) if (!name.endsWith(HASHES)) ids.push(name);
    return ids;
  }
}

/** A file that is being written; every method throws DOMException QuotaExceededError when the disk is full. */
export class BlobWriter {
  readonly #bytes: FileSystemSyncAccessHandle;
  readonly #journal: FileSystemSyncAccessHandle;
  readonly #hashes: (string | undefined)[];
  #isOpen = true;

  constructor(bytes: FileSystemSyncAccessHandle, journal: FileSystemSyncAccessHandle) {
    this.#bytes = bytes;
    this.#journal = journal;
    const stored = new Uint8Array(journal.getSize());
    journal.read(stored, { at: 0 });
    this.#hashes = hashesOf(stored);
  }

  hash(index: number): string | undefined {
    return this.#hashes[index];
  }

  read(offset: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, this.#bytes.read(bytes, { at: offset }));
  }

  write(index: number, offset: number, bytes: Uint8Array<ArrayBuffer>, hash: string): void {
    writeAt(this.#bytes, bytes, offset);
    writeAt(this.#journal, bytesOfHex(hash), index * HASH_BYTES);
    this.#hashes[index] = hash;
  }

  /** Notes that the chunk is not there. */
  forget(index: number): void {
    writeAt(this.#journal, new Uint8Array(HASH_BYTES), index * HASH_BYTES);
    this.#hashes[index] = undefined;
  }

  /**
   * Forgets chunks that are not on disk as they were written, or not as they are to be: a crash can lose the end of what was
   * written. What is left is as `expected`, or as it was written where nothing is expected.
   */
  async verify(
    { size, chunkSize, hashes }: BlobContent,
    signal: AbortSignal | undefined,
    onChunk: (bytes: number) => void = () => undefined,
  ): Promise<number[]> {
    const bad: number[] = [];
    const count = Math.ceil(size / chunkSize);
    const checks: { index: number; length: number; isRight: Promise<boolean> }[] = [];
    const spare: Uint8Array<ArrayBuffer>[] = [];
    const finishOne = async () => {
      const check = checks.shift();
      if (!check) return;
      const isRight = await check.isRight;
      signal?.throwIfAborted();
      if (!isRight) {
        bad.push(check.index);
        this.forget(check.index);
      }
      onChunk(check.length);
    };
    for (let index = 0; index < count; index++) {
      const hash = this.#hashes[index];
      if (hash === undefined) continue;
      if (checks.length === CHECKS_AT_ONCE) await finishOne();
      const length = Math.min(chunkSize, size - index * chunkSize);
      const isExpected = hash === (hashes?.[index] ?? hash);
      const isRight = isExpected ? this.#isOnDisk(index * chunkSize, length, hash, spare) : Promise.resolve(false);
      // Awaited later, unless the signal ends this first.
      isRight.catch(() => undefined);
      checks.push({ index, length, isRight });
    }
    while (checks.length > 0) await finishOne();
    // Longer where another file was under the id: cannot be, but would spoil the length.
    if (this.#bytes.getSize() > size) this.#bytes.truncate(size);
    if (this.#hashes.length > count) {
      this.#hashes.length = count;
      this.#journal.truncate(count * HASH_BYTES);
    }
    return bad;
  }

  /** @param spare buffers for more chunks; this one's is there when its promise resolves */
  async #isOnDisk(offset: number, length: number, hash: string, spare: Uint8Array<ArrayBuffer>[]): Promise<boolean> {
    const last = spare.pop();
    const buffer = last && last.length >= length ? last : new Uint8Array(length);
    const bytes = buffer.subarray(0, length);
    if (this.#bytes.read(bytes, { at: offset }) !== length) return false;
    const isRight = (await hashOfChunk(bytes)) === hash;
    spare.push(buffer);
    return isRight;
  }

  /** Closes the file; written bytes are kept. A second call does nothing. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      this.#bytes.flush();
      this.#journal.flush();
    } finally {
      this.#bytes.close();
      this.#journal.close();
    }
  }
}

/** What a file is to be. */
export interface BlobContent {
  size: number;
  chunkSize: number;
  /** Undefined where nobody says it: then every chunk that arrives is taken. */
  hashes: readonly string[] | undefined;
}

/** The bytes if all of them are there, and as they are to be. */
export function completeFile(stored: StoredBlob | undefined, content: BlobContent): File | undefined {
  if (stored?.file.size !== content.size) return undefined;
  const count = Math.ceil(content.size / content.chunkSize);
  for (let index = 0; index < count; index++) {
    const hash = stored.hashes[index];
    if (hash === undefined || hash !== (content.hashes?.[index] ?? hash)) return undefined;
  }
  return stored.file;
}

/** Bytes of the chunks that are there. */
export function bytesAtHand(
  stored: StoredBlob | undefined,
  { size, chunkSize }: Pick<BlobContent, 'size' | 'chunkSize'>,
): number {
  const known = (stored?.hashes ?? []).map((hash, index) =>
    hash === undefined ? 0 : Math.max(0, Math.min(chunkSize, size - index * chunkSize)),
  );
  return known.reduce((sum, bytes) => sum + bytes, 0);
}

function hashesOf(stored: Uint8Array): (string | undefined)[] {
  return Array.from({ length: Math.floor(stored.length / HASH_BYTES) }, (_, index) => {
    const hash = stored.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
    return hash.every((byte) => byte === 0) ? undefined : hexOf(hash);
  });
}

/**
 * Id of a file that a manifest describes: of its chunks' hashes, which are checked one by one. The hash of the whole file would let
 * a manifest give wrong bytes the name of another package's file.
 */
export function contentId({ size, chunkSize, hashes }: BlobContent & { hashes: readonly string[] }): Promise<string> {
  return sha256(new TextEncoder().encode(`${size} ${chunkSize} ${hashes.join(' ')}`));
}
