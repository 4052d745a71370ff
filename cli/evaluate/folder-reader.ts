/** A model package that lies in a folder, read as the page's engine reads one. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { FailureError } from '#core/failure.ts';
import type { PackageReader } from '../../workers/store/reader.ts';
import { EvaluationError } from './errors.ts';

export class FolderReader implements PackageReader {
  readonly name: string;
  readonly #folder: string;
  readonly #files: ReadonlySet<string>;

  private constructor(folder: string, files: ReadonlySet<string>) {
    this.name = basename(folder);
    this.#folder = folder;
    this.#files = files;
  }

  /** @throws EvaluationError where there is no such folder */
  static async open(folder: string): Promise<FolderReader> {
    const path = resolve(folder);
    const entries = await readdir(path, { recursive: true }).catch((cause: unknown) => {
      throw new EvaluationError(`${folder} is no folder; --package names what "npm run export" wrote`, { cause });
    });
    return new FolderReader(path, new Set(entries.map((entry) => entry.split(sep).join('/'))));
  }

  has(path: string): Promise<boolean> {
    return Promise.resolve(this.#files.has(path));
  }

  list(): readonly string[] {
    return [...this.#files].sort();
  }

  async blob(path: string): Promise<Blob> {
    if (!this.#files.has(path)) throw new FailureError('file-missing', { file: path });
    return new Blob([await readFile(this.path(path))]);
  }

  /** Where the file lies, for the runtime, which opens graphs by path. */
  path(file: string): string {
    return join(this.#folder, file);
  }
}
