/**
 * The files of a package that is being made, in the browser's storage. What is noted is always whole weights, so that a broken-off job
 * goes on at the next one.
 */
import { CHUNK_BYTES, type FileHashes } from '#core/export/manifest.ts';
import { bytesOf } from '#core/export/plan.ts';
import type { PackageWriter } from '#core/export/write.ts';
import type { Making } from '#core/protocol/making.ts';
import { contentId, type BlobStore } from '../store/blobs.ts';
import type { GrowingBlob } from '../store/growing-blob.ts';
import type { PackageFolder } from '../store/records.ts';
import { HashThread } from '../store/whole-hash.ts';

/** Bytes between two notes: what a crash costs at most, besides the weight that is being written. */
const NOTE_BYTES = 16 * 2 ** 20;

/** A slow network takes long for so many bytes. */
const NOTE_MILLISECONDS = 5000;

/** A file that is whole, but not yet noted. */
interface Finished {
  path: string;
  grown: string;
  entry: FileHashes;
}

interface Growing {
  path: string;
  blob: GrowingBlob;
  bytes: number;
  sha256: Promise<string>;
}

export class MakingFolder implements PackageWriter<GrowingBlob> {
  readonly #id: string;
  readonly #blobs: BlobStore;
  readonly #folder: PackageFolder;
  readonly #signal: AbortSignal;
  readonly #hashing = new HashThread();
  #making: Making;
  #current: { path: string; blob: GrowingBlob } | undefined;
  #finished: Finished[] = [];
  /** What stood there after the last whole weight. */
  #boundary: { finished: Finished[]; growing: Growing | undefined };
  /** performance.now() of the last note. */
  #noted = performance.now();

  constructor(id: string, making: Making, store: { blobs: BlobStore; folder: PackageFolder; signal: AbortSignal }) {
    this.#id = id;
    this.#making = making;
    this.#blobs = store.blobs;
    this.#folder = store.folder;
    this.#signal = store.signal;
    this.#boundary = { finished: [], growing: undefined };
  }

  get making(): Making {
    return this.#making;
  }

  /** What a crash left between a note and what it says. */
  async recover(): Promise<void> {
    for (const { path, blob, entry } of this.#making.finished)
      await this.#adopt(path, this.#grownId(path), blob, entry);
  }

  isFinished(path: string): boolean {
    return (
      this.#making.finished.some((file) => file.path === path) || this.#finished.some((file) => file.path === path)
    );
  }

  async createFile(path: string): Promise<GrowingBlob> {
    const id = this.#grownId(path);
    // Noted before it is written: what no package refers to is removed.
    await this.#refer(path, id, 0, false);
    const blob = await this.#blobs.grow(id, this.#hashing.file());
    this.#current = { path, blob };
    const { growing } = this.#making;
    const begun = growing?.path === path ? growing : undefined;
    if (await blob.resume(begun?.bytes ?? 0, begun?.sha256, this.#signal)) return blob;
    // A crash took the end of the file: it is written again from its beginning.
    blob.close();
    const fresh = await this.#blobs.grow(id, this.#hashing.file());
    this.#current = { path, blob: fresh };
    await fresh.resume(0, undefined, this.#signal);
    return fresh;
  }

  async finishFile(path: string, file: GrowingBlob): Promise<void> {
    const entry = await file.finish();
    this.#current = undefined;
    this.#finished.push({ path, grown: this.#grownId(path), entry });
  }

  async weightWritten(): Promise<void> {
    const sha256 = this.#current?.blob.hash();
    sha256?.catch(() => undefined); // Reported by the note.
    this.#boundary = {
      finished: this.#finished,
      growing: this.#current && sha256 && { ...this.#current, bytes: this.#current.blob.size, sha256 },
    };
    this.#finished = [];
    const fresh = (this.#boundary.growing?.bytes ?? 0) - (this.#making.growing?.bytes ?? 0);
    const isDue = performance.now() - this.#noted >= NOTE_MILLISECONDS;
    if (this.#boundary.finished.length > 0 || fresh >= NOTE_BYTES || isDue) await this.#note();
  }

  async linkFile(path: string, existing: string): Promise<void> {
    if (this.isFinished(path)) return;
    await this.weightWritten();
    const same = this.#making.finished.find((file) => file.path === existing);
    if (!same) throw new Error(`${existing} is not finished, so ${path} cannot be the same file`);
    await this.#keep({ ...this.#making, finished: [...this.#making.finished, { ...same, path }] });
  }

  async writeFile(path: string, content: Uint8Array | string): Promise<void> {
    const file = await this.createFile(path);
    await file.append(bytesOf(content));
    await this.finishFile(path, file);
    await this.weightWritten();
  }

  /** Notes the last whole weight and closes what is open. */
  async suspend(): Promise<void> {
    try {
      await this.#note();
    } finally {
      this.#current?.blob.close();
      this.#current = undefined;
      this.#hashing.end();
    }
  }

  async #note(): Promise<void> {
    const { finished, growing } = this.#boundary;
    const added = await Promise.all(
      finished.map(async ({ path, entry }) => ({ path, entry, blob: await contentId(contentOf(entry)) })),
    );
    if (growing && growing.path === this.#current?.path) growing.blob.flush();
    await this.#keep({
      ...this.#making,
      finished: [...this.#making.finished, ...added],
      growing: growing && {
        path: growing.path,
        blob: this.#grownId(growing.path),
        bytes: growing.bytes,
        sha256: await growing.sha256,
      },
    });
    this.#boundary = { finished: [], growing };
    this.#noted = performance.now();
    // After the note: a crash in between is made good by `recover`.
    for (const { path, blob, entry } of added) await this.#adopt(path, this.#grownId(path), blob, entry);
  }

  async #adopt(path: string, grown: string, blob: string, entry: FileHashes): Promise<void> {
    await this.#refer(path, blob, entry.size, true);
    await this.#blobs.adopt(grown, blob, contentOf(entry));
  }

  #refer(path: string, blob: string, size: number, complete: boolean): Promise<void> {
    return this.#folder.setFile({ path, blob, size, chunkSize: CHUNK_BYTES, complete });
  }

  async #keep(making: Making): Promise<void> {
    this.#making = making;
    await this.#folder.setMaking(making);
  }

  #grownId(path: string): string {
    return `making-${this.#id.slice(0, 32)}-${path.replaceAll(/[^\w.]/gu, '-')}`;
  }
}

function contentOf({ size, chunks }: FileHashes) {
  return { size, chunkSize: CHUNK_BYTES, hashes: chunks };
}
