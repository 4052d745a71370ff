/** Writes the files of a package and hashes them for the manifest. */
import { copyFile, link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ManifestFile } from '#core/protocol/manifest.ts';
import { onFile, systemCode } from '../shared/errors.ts';
import { HashedFile } from '../shared/hashed-file.ts';
import { OutputFolder } from '../shared/output-folder.ts';

/** What `link` fails with on file systems without hard links (FAT, exFAT, network shares) and at their limit. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV', 'EINVAL']);

export class PackageFolder {
  /** Complete files, for the manifest. */
  readonly files: Record<string, ManifestFile> = {};
  private readonly unfinished = new Set<HashedFile>();

  private constructor(
    private readonly folder: OutputFolder,
    private readonly note: (text: string) => void,
  ) {}

  /** @throws CommandError as OutputFolder.create */
  static async create(out: string, bytes: number, note: (text: string) => void): Promise<PackageFolder> {
    const folder = await OutputFolder.create(out, { bytes, command: 'export', note });
    try {
      await mkdir(join(folder.partial, 'onnx'));
    } catch (error) {
      await folder.discard();
      throw error;
    }
    return new PackageFolder(folder, note);
  }

  /** Where the files are until `commit`. */
  get path(): string {
    return this.folder.partial;
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

  /** A hard link; where the file system has none, a copy, which is noted. */
  async linkFile(path: string, existing: string): Promise<void> {
    const entry = this.files[existing];
    if (!entry) throw new Error(`${existing} is not finished, so ${path} cannot be the same file`);
    const [from, to] = [join(this.folder.partial, existing), join(this.folder.partial, path)];
    try {
      await link(from, to);
    } catch (error) {
      if (!NO_LINKS.has(systemCode(error) ?? '')) throw error;
      await onFile(to, copyFile(from, to));
      this.note(
        `the file system has no hard links: ${path} is a copy of ${existing} and takes ${(entry.size / 1e6).toFixed(1)} MB more on the disk`,
      );
    }
    this.files[path] = entry;
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
