/** A folder of files on disk: a checkpoint, an adapter, a model package. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { parseJsonFile } from '#core/gemma3/checkpoint.ts';
import type { SmallFilesFolder } from '#core/gemma3/package-files.ts';
import type { Json } from '#core/json.ts';
import { FailureError } from '#core/failure.ts';
import type { PackageReader } from '../../workers/store/reader.ts';
import { CommandError, onFile, systemCode } from './errors.ts';
import { FileSource } from './file-source.ts';

export interface FolderReaderOptions {
  /** Next step for the message when the folder does not exist. */
  hint: string;
  /** Whether files in subfolders are listed. */
  recursive?: boolean;
}

/** File names are relative to the folder, with "/". */
export class FolderReader implements PackageReader, SmallFilesFolder {
  /** Last part of the path. */
  readonly name: string;

  private constructor(
    /** Path as given. */
    readonly folder: string,
    private readonly files: ReadonlySet<string>,
  ) {
    this.name = basename(resolve(folder));
  }

  /** @throws CommandError where there is no such folder */
  static async open(folder: string, { hint, recursive = false }: FolderReaderOptions): Promise<FolderReader> {
    const entries = await readdir(folder, { recursive }).catch((cause: unknown) => {
      const code = systemCode(cause);
      if (code === 'ENOENT') throw new CommandError(`${folder} does not exist; ${hint}`, { cause });
      if (code === 'ENOTDIR') throw new CommandError(`${folder} is a file, not a folder; ${hint}`, { cause });
      throw cause;
    });
    return new FolderReader(folder, new Set(entries.map((entry) => entry.split(sep).join('/'))));
  }

  async has(file: string): Promise<boolean> {
    return this.files.has(file);
  }

  list(): readonly string[] {
    return [...this.files].sort();
  }

  /** Path of a file on disk. */
  path(file: string): string {
    return join(this.folder, file);
  }

  open(file: string): Promise<FileSource> {
    return FileSource.open(this.path(file));
  }

  /** @throws CommandError where the file is missing */
  async bytes(file: string): Promise<Buffer<ArrayBuffer>> {
    if (!this.files.has(file)) throw new CommandError(`${file} is missing in ${this.folder}`);
    return this.#read(file);
  }

  /** @throws CommandError where the file is missing, CheckpointError where it is no JSON object */
  async json(file: string): Promise<Json> {
    return parseJsonFile(file, (await this.bytes(file)).toString('utf8'));
  }

  /** @throws FailureError file-missing, as the page's readers do */
  async blob(file: string): Promise<Blob> {
    if (!this.files.has(file)) throw new FailureError('file-missing', { file });
    return new Blob([await this.#read(file)]);
  }

  #read(file: string): Promise<Buffer<ArrayBuffer>> {
    const path = this.path(file);
    return onFile(path, readFile(path));
  }
}
