/** A folder of files on disk: a checkpoint, an adapter, a model package. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { parseJsonFile } from '#core/gemma3/checkpoint.ts';
import { isInnerPath } from '#core/inner-path.ts';
import type { Json } from '#core/json.ts';
import { refuseOther } from '#core/files/other-file.ts';
import type { FolderWanted } from '#core/files/kinds.ts';
import { FailureError } from '#core/failure.ts';
import type { ExportFolder } from '#core/export/checkpoint.ts';
import { printable } from '#core/printable.ts';
import type { PackageReader, ReadOptions } from '../../workers/store/reader.ts';
import { CommandError, onFile, systemCode } from './errors.ts';
import { FileSource } from './file-source.ts';
import { explainMissing, explainNoFolder, headOf } from './given-folder.ts';

/** Node reads no more at once. */
const MAX_READ_BYTES = 2 ** 31 - 1;

export interface FolderReaderOptions {
  /** For the message when the folder is something else. */
  wanted: FolderWanted;
  /** Whether files in subfolders are listed. */
  recursive?: boolean;
}

/** File names are relative to the folder, with "/". */
export class FolderReader implements PackageReader, ExportFolder {
  /** Last part of the path. */
  readonly name: string;

  private constructor(
    /** Path as given. */
    readonly folder: string,
    private readonly files: ReadonlySet<string>,
  ) {
    this.name = basename(resolve(folder));
  }

  /** @throws CommandError where there is no such folder, saying what stands there instead and what to do */
  static async open(folder: string, { wanted, recursive = false }: FolderReaderOptions): Promise<FolderReader> {
    const entries = await readdir(folder, { recursive }).catch(async (cause: unknown) => {
      const code = systemCode(cause);
      if (code === 'ENOENT' || code === 'ENOTDIR')
        throw new CommandError(await explainNoFolder(wanted, folder), { cause });
      throw cause;
    });
    return new FolderReader(folder, new Set(entries.map((entry) => entry.split(sep).join('/'))));
  }

  /** @throws CommandError where a file is missing, saying what the folder holds instead */
  async require(wanted: FolderWanted, ...files: readonly string[]): Promise<void> {
    for (const file of files)
      // A link that leads nowhere is listed too.
      if (!(await isFile(this.path(file)))) throw new CommandError(await explainMissing(wanted, this.folder, file));
  }

  explainMissing(wanted: FolderWanted, file: string): Promise<string> {
    return explainMissing(wanted, this.folder, file);
  }

  /** A file in a subfolder is looked for on disk where only the folder itself was listed. */
  async has(file: string): Promise<boolean> {
    return this.files.has(file) || (file.includes('/') && isInnerPath(file) && (await isFile(this.path(file))));
  }

  list(): readonly string[] {
    return [...this.files].sort();
  }

  /** Path of a file on disk. */
  path(file: string): string {
    return join(this.folder, file);
  }

  open(file: string): Promise<FileSource> {
    return FileSource.open(this.path(file), file);
  }

  /** @throws CommandError where the file is missing */
  async bytes(file: string): Promise<Buffer<ArrayBuffer>> {
    if (!(await this.has(file))) throw new CommandError(`${file} is missing in ${this.folder}`);
    return this.#read(file);
  }

  /**
   * @param most largest size in bytes
   * @throws CommandError where the file is missing or larger, CheckpointError where it is no JSON object, OtherFileError where it is known what it is
   */
  async json(file: string, most = Infinity): Promise<Json> {
    if (!(await this.has(file))) throw new CommandError(`${file} is missing in ${this.folder}`);
    const path = this.path(file);
    const { size } = await this.#regular(file);
    if (size > most) {
      refuseOther(await headOf(path), file, 'json');
      throw new CommandError(`${path} has ${size} bytes; no more than ${most} are read of such a file`);
    }
    return parseJsonFile(file, await this.#read(file));
  }

  /** @throws FailureError file-missing, too-large, as the page's readers do; CommandError for what is no regular file */
  async blob(file: string, { limit = MAX_READ_BYTES }: ReadOptions = {}): Promise<Blob> {
    if (!(await this.has(file))) throw new FailureError('file-missing', { file });
    const { size } = await this.#regular(file);
    const most = Math.min(limit, MAX_READ_BYTES);
    if (size > most) throw new FailureError('too-large', { file, bytes: size, limit: most });
    return new Blob([await this.#read(file)]);
  }

  async #read(file: string): Promise<Buffer<ArrayBuffer>> {
    await this.#regular(file);
    const path = this.path(file);
    return onFile(path, readFile(path));
  }

  /** A pipe would never end, and a device has no size. A folder is the system's to refuse, by its name. */
  async #regular(file: string): Promise<{ size: number }> {
    const path = this.path(file);
    const found = await onFile(path, stat(path));
    if (!found.isFile() && !found.isDirectory())
      throw new CommandError(`${printable(path)} is a pipe or a device, not a file; put the file in its place`);
    return found;
  }
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
