/** A package that is made in memory: Blobs, which the browser may keep on disk, and their hashes for the manifest. */
import type { GrowingFile, GrowingFolder } from '#core/onnx/external-writer.ts';
import type { PackageFile } from '#core/protocol/engine.ts';
import type { ManifestFile } from '#core/protocol/manifest.ts';
import { readWithRetry } from '../engine/runtime/retrying-blob.ts';
import { sha256 } from '../store/sha256.ts';

/** Length of one hashed chunk in bytes. */
export const CHUNK_BYTES = 8 * 2 ** 20;

export class MemoryFile implements GrowingFile {
  readonly #parts: Blob[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  append(bytes: Uint8Array): Promise<void> {
    this.#parts.push(new Blob([new Uint8Array(bytes)]));
    this.#size += bytes.byteLength;
    return Promise.resolve();
  }

  blob(): Blob {
    return new Blob(this.#parts);
  }
}

export class MemoryFolder implements GrowingFolder<MemoryFile> {
  readonly files: PackageFile[] = [];
  /** For the manifest. */
  readonly entries: Record<string, ManifestFile> = {};

  createFile(): Promise<MemoryFile> {
    return Promise.resolve(new MemoryFile());
  }

  finishFile(path: string, file: MemoryFile): Promise<void> {
    return this.add(path, file.blob());
  }

  linkFile(path: string, existing: string): Promise<void> {
    const entry = this.entries[existing];
    const file = this.files.find((each) => each.path === existing);
    if (!entry || !file) throw new TypeError(`${existing} is not written, so ${path} cannot be the same file`);
    this.entries[path] = entry;
    this.files.push({ path, blob: file.blob });
    return Promise.resolve();
  }

  async writeFile(path: string, content: Uint8Array | string): Promise<void> {
    await this.add(path, new Blob([typeof content === 'string' ? content : new Uint8Array(content)]));
  }

  async add(path: string, blob: Blob): Promise<void> {
    const chunks: string[] = [];
    for (let start = 0; start < blob.size; start += CHUNK_BYTES) {
      chunks.push(await sha256(await bytesOf(blob.slice(start, start + CHUNK_BYTES))));
    }
    const [only] = chunks;
    const whole = chunks.length === 1 && only !== undefined ? only : await sha256(await bytesOf(blob));
    this.entries[path] = { size: blob.size, sha256: whole, chunks };
    this.files.push({ path, blob });
  }
}

export async function bytesOf(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readWithRetry(blob));
}
