/** What a manifest says of the files of its package, as the store needs it. */
import { FailureError } from '#core/failure.ts';
import { parseJson } from '#core/files/parse-json.ts';
import { firstNames, MANIFEST, parseFileTable, type FileTable } from '#core/protocol/manifest.ts';
import { contentId } from './blobs.ts';

export interface NamedContent {
  /** Of the bytes in the store. */
  id: string;
  content: { size: number; chunkSize: number; hashes: readonly string[] };
}

export class StoredManifest {
  readonly blob: Blob;
  readonly #table: FileTable;
  /** Of files with the same bytes only the first is downloaded and kept. */
  readonly #firstNames: ReadonlyMap<string, string>;

  /** @throws FailureError file-broken */
  constructor(text: string) {
    this.#table = parseFileTable(parseJson(text, MANIFEST));
    this.#firstNames = firstNames(this.#table.files);
    this.blob = new Blob([text]);
  }

  /** Paths of all files, the manifest among them, sorted. */
  list(): readonly string[] {
    return [MANIFEST, ...this.#table.files.keys()].sort();
  }

  has(path: string): boolean {
    return this.#table.files.has(path);
  }

  firstName(path: string): string | undefined {
    return this.#firstNames.get(path);
  }

  /** @throws FailureError file-missing */
  async content(path: string): Promise<NamedContent> {
    const entry = this.#table.files.get(path);
    if (!entry) throw new FailureError('file-missing', { file: path });
    const content = { size: entry.size, chunkSize: this.#table.chunkSize, hashes: entry.chunks };
    return { id: await contentId(content), content };
  }

  /** The files, those with the same bytes once. */
  distinct(): Promise<({ path: string } & NamedContent)[]> {
    const paths = [...new Set(this.#firstNames.values())];
    return Promise.all(paths.map(async (path) => ({ path, ...(await this.content(path)) })));
  }
}
