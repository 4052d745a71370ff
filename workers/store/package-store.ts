/** Stores downloaded files in the origin-private file system (OPFS). */
import type { Sink } from '#core/fetch/memory-sink.ts';
import { sha256 } from './sha256.ts';

/** A file that is being written; `write` throws DOMException QuotaExceededError. */
export interface DiskSink extends Sink {
  read(offset: number, length: number): Uint8Array<ArrayBuffer>;
  /** Closes the file; written bytes are kept. A second call does nothing. */
  close(): void;
}

/** Files of one package on disk. */
export class PackageStore {
  readonly #folder: FileSystemDirectoryHandle;

  private constructor(folder: FileSystemDirectoryHandle) {
    this.#folder = folder;
  }

  /** The store of the package at `url`; undefined where the browser has no OPFS, or refuses it (private window). */
  static async open(url: string): Promise<PackageStore | undefined> {
    try {
      const root = await navigator.storage.getDirectory();
      const packages = await root.getDirectoryHandle('packages', { create: true });
      return new PackageStore(await packages.getDirectoryHandle(await folderName(url), { create: true }));
    } catch {
      return undefined;
    }
  }

  /** Removes everything that was downloaded from `url`. */
  static async remove(url: string): Promise<void> {
    const root = await navigator.storage.getDirectory();
    const packages = await root.getDirectoryHandle('packages', { create: true });
    await packages.removeEntry(await folderName(url), { recursive: true }).catch(ignoreMissing);
  }

  /** The file, complete or not; undefined when there is none. */
  async file(path: string): Promise<File | undefined> {
    const handle = await this.#folder.getFileHandle(encodeURIComponent(path)).catch(ignoreMissing);
    return handle?.getFile();
  }

  /** Opens for writing, created when missing. @throws DOMException NoModificationAllowedError when another tab has it. */
  async sink(path: string): Promise<DiskSink> {
    const handle = await this.#folder.getFileHandle(encodeURIComponent(path), { create: true });
    return new FileSink(await handle.createSyncAccessHandle());
  }

  /** The note of a file; undefined if it has none. */
  async note(path: string): Promise<string | undefined> {
    return (await this.file(`${path}.note`))?.text();
  }

  async setNote(path: string, text: string): Promise<void> {
    const sink = await this.sink(`${path}.note`);
    try {
      sink.truncate(0);
      sink.write(new TextEncoder().encode(text));
    } finally {
      sink.close();
    }
  }

  async remove(path: string): Promise<void> {
    for (const name of [`${path}.note`, path])
      await this.#folder.removeEntry(encodeURIComponent(name)).catch(ignoreMissing);
  }

  /** True if the browser's quota has room for that many more bytes. */
  async hasRoom(bytes: number): Promise<boolean> {
    const { quota = 0, usage = 0 } = await navigator.storage.estimate();
    return quota - usage >= bytes;
  }
}

/** A hash, because an address can be longer than a file name may be. */
const folderName = (url: string): Promise<string> => sha256(new TextEncoder().encode(url));

function ignoreMissing(error: unknown): undefined {
  if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
  throw error;
}

class FileSink implements DiskSink {
  readonly #handle: FileSystemSyncAccessHandle;
  #length: number;
  #open = true;

  constructor(handle: FileSystemSyncAccessHandle) {
    this.#handle = handle;
    this.#length = handle.getSize();
  }

  get length(): number {
    return this.#length;
  }

  write(bytes: Uint8Array<ArrayBuffer>): void {
    const written = this.#handle.write(bytes, { at: this.#length });
    if (written !== bytes.byteLength)
      throw new DOMException('only a part of the bytes was written', 'QuotaExceededError');
    this.#length += written;
  }

  read(offset: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, this.#handle.read(bytes, { at: offset }));
  }

  truncate(length: number): void {
    this.#handle.truncate(length);
    this.#length = length;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    try {
      this.#handle.flush();
    } finally {
      this.#handle.close();
    }
  }
}
