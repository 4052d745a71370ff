/** Writes the files of a package and hashes them for the manifest. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ManifestFile } from '#core/protocol/manifest.ts';
import { HashedFile } from '../shared/hashed-file.ts';
import { OutputFolder } from '../shared/output-folder.ts';

export class PackageFolder {
  /** Complete files, for the manifest. */
  readonly files: Record<string, ManifestFile> = {};
  private readonly unfinished = new Set<HashedFile>();

  private constructor(private readonly folder: OutputFolder) {}

  /** @throws CommandError as OutputFolder.create */
  static async create(out: string, bytes: number, note: (text: string) => void): Promise<PackageFolder> {
    const folder = await OutputFolder.create(out, { bytes, command: 'export', note });
    try {
      await mkdir(join(folder.partial, 'onnx'));
    } catch (error) {
      await folder.discard();
      throw error;
    }
    return new PackageFolder(folder);
  }

  /** A file of the package by its path in it. `finishFile` must follow. */
  async createFile(path: string): Promise<HashedFile> {
    const file = await HashedFile.create(join(this.folder.partial, path));
    this.unfinished.add(file);
    return file;
  }

  async finishFile(path: string, file: HashedFile): Promise<void> {
    this.files[path] = await file.finish();
    this.unfinished.delete(file);
  }

  async writeFile(path: string, content: Uint8Array | string): Promise<void> {
    const file = await this.createFile(path);
    await file.append(typeof content === 'string' ? Buffer.from(content) : content);
    await this.finishFile(path, file);
  }

  /** Writes manifest.json and renames the folder to its final path. */
  async commit(manifest: string): Promise<void> {
    await writeFile(join(this.folder.partial, 'manifest.json'), manifest, { flush: true });
    await this.folder.commit();
  }

  /** Removes everything that was written. */
  async discard(): Promise<void> {
    await Promise.allSettled([...this.unfinished].map((file) => file.close()));
    await this.folder.discard();
  }
}
