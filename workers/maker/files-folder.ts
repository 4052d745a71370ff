/** A checkpoint or an adapter whose files were picked or dropped, or are small and on a server. */
import type { ExportFolder, OpenFile } from '#core/export/checkpoint.ts';
import { explainMissingAmong } from '#core/files/folder-kind.ts';
import type { FolderWanted } from '#core/files/kinds.ts';
import { FailureError } from '#core/failure.ts';
import { parseJsonFile } from '#core/gemma3/checkpoint.ts';
import type { Json } from '#core/json.ts';
import type { PackageSource } from '#core/protocol/engine.ts';
import { blobSource } from '../engine/runtime/blob-source.ts';
import { openPackage } from '../store/package.ts';
import type { PackageReader } from '../store/reader.ts';

export class FilesFolder implements ExportFolder {
  readonly folder: string;
  readonly name: string;
  readonly #reader: PackageReader;
  readonly #versions: Record<string, string> = {};

  private constructor(reader: PackageReader) {
    this.#reader = reader;
    this.folder = reader.name;
    this.name = reader.name.split('/').filter(Boolean).at(-1) ?? reader.name;
  }

  static async open(source: PackageSource): Promise<FilesFolder> {
    return new FilesFolder(await openPackage(source));
  }

  /** Size and date of each file of weights that was opened. */
  get versions(): Record<string, string> {
    return this.#versions;
  }

  has(file: string): Promise<boolean> {
    return this.#reader.has(file);
  }

  async json(file: string, most = Infinity): Promise<Json> {
    const blob = await this.#reader.blob(file);
    if (blob.size > most) throw new FailureError('too-large', { file, bytes: blob.size, limit: most });
    return parseJsonFile(file, await bytesOf(file, blob));
  }

  async bytes(file: string): Promise<Uint8Array<ArrayBuffer>> {
    return bytesOf(file, await this.#reader.blob(file));
  }

  async open(file: string): Promise<OpenFile> {
    const blob = await this.#reader.blob(file);
    this.#versions[file] = `${blob instanceof File ? blob.lastModified : ''} ${blob.size}`;
    const source = blobSource(file, blob);
    return {
      name: file,
      size: blob.size,
      read: (offset, length) => source.read(offset, length),
      close: () => Promise.resolve(),
    };
  }

  explainMissing(wanted: FolderWanted, file: string): Promise<string> {
    const { head, list } = { head: this.#reader.head, list: this.#reader.list() ?? [] };
    return explainMissingAmong(wanted, this.folder, file, list, head ?? (() => Promise.resolve(new Uint8Array())));
  }
}

/** A stick that was pulled out, or a file that was changed meanwhile, cannot be read. */
async function bytesOf(file: string, blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (cause) {
    throw new FailureError('file-broken', { file, reason: String(cause) }, { cause });
  }
}
