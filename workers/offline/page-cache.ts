/** The files of the page in the browser's Cache Storage. A file is kept under its path and its hash, so versions share what is the same. */
import { filesToKeep, type GpuBuild, type PageFile } from '#core/offline/page-files.ts';
import type { OfflineFailure } from '#core/protocol/offline.ts';
import { sha256 } from '../store/sha256.ts';
import { ISOLATION } from './isolation.ts';

/** A file could not be kept. */
export class KeepError extends Error {
  constructor(
    readonly failure: OfflineFailure,
    path: string,
    options?: ErrorOptions,
  ) {
    super(`${path} was not kept for use without a network: ${failure}`, options);
  }
}

/** What was true of the server's transfer and is not of the kept bytes. */
const OF_THE_TRANSFER = ['Content-Encoding', 'Transfer-Encoding', 'Content-Range', 'Connection', 'Keep-Alive', 'Vary'];

export class PageCache {
  readonly #scope: string;
  readonly #files: readonly PageFile[];
  readonly #cache: Promise<Cache>;

  /** @param scope address of the folder of index.html, with "/" at its end */
  constructor(scope: string, files: readonly PageFile[]) {
    this.#scope = scope;
    this.#files = files;
    // The pages of several folders of a host share the host's storage.
    this.#cache = caches.open(`page ${scope}`);
  }

  /** The kept file, with its headers; undefined if it is not kept. */
  async match(file: PageFile): Promise<Response | undefined> {
    return (await this.#cache).match(this.#key(file));
  }

  /** A file of any version, by its path alone. */
  async matchPath(path: string): Promise<Response | undefined> {
    return (await this.#cache).match(new URL(path, this.#scope).href, { ignoreSearch: true });
  }

  /** The files that are not kept, of those of a browser that loads `gpuBuild`; the smallest first. */
  async missing(gpuBuild: GpuBuild | undefined): Promise<PageFile[]> {
    const kept = new Set((await (await this.#cache).keys()).map(({ url }) => url));
    return filesToKeep(this.#files, gpuBuild)
      .filter((file) => !kept.has(this.#key(file)))
      .sort((a, b) => a.bytes - b.bytes);
  }

  /** Fetches a file and keeps it. @throws KeepError */
  async keep(file: PageFile): Promise<void> {
    // What the page has just fetched is in the HTTP cache; a file that keeps its name when it changes is asked for again.
    for (const cache of ['no-cache', 'reload'] as const) {
      let response: Response;
      let bytes: ArrayBuffer;
      try {
        response = await fetch(new URL(file.path, this.#scope), { cache });
        bytes = await response.arrayBuffer();
      } catch (cause) {
        throw new KeepError('network', file.path, { cause });
      }
      if (response.status >= 500) throw new KeepError('network', file.path);
      if (response.ok && (await this.put(file, response.headers, bytes))) return;
    }
    throw new KeepError('other-version', file.path);
  }

  /**
   * Keeps bytes that have arrived.
   * @returns false if they are not those of the file
   * @throws KeepError storage
   */
  async put(file: PageFile, headers: Headers, bytes: ArrayBuffer): Promise<boolean> {
    if (bytes.byteLength !== file.bytes || (await sha256(new Uint8Array(bytes))) !== file.sha256) return false;
    // Without an address of its own, so that a module finds the one that it was asked for in `import.meta.url`.
    const response = new Response(bytes, { headers: keptHeaders(headers, file) });
    try {
      await (await this.#cache).put(this.#key(file), response);
    } catch (cause) {
      throw new KeepError('storage', file.path, { cause });
    }
    return true;
  }

  /** What an update must keep before it is offered: undefined until a version of the page was kept whole. */
  async whole(): Promise<{ gpuBuild: GpuBuild | undefined } | undefined> {
    const note = await (await this.#cache).match(this.#note);
    const build = await note?.text();
    return build === undefined ? undefined : { gpuBuild: build === 'jspi' || build === 'asyncify' ? build : undefined };
  }

  async setWhole(gpuBuild: GpuBuild | undefined): Promise<void> {
    await (await this.#cache).put(this.#note, new Response(gpuBuild ?? 'none'));
  }

  /** Removes the files of other versions. */
  async prune(): Promise<void> {
    const cache = await this.#cache;
    const ours = new Set([this.#note, ...this.#files.map((file) => this.#key(file))]);
    for (const request of await cache.keys()) if (!ours.has(request.url)) await cache.delete(request);
  }

  #key({ path, sha256 }: PageFile): string {
    return `${new URL(path, this.#scope).href}?sha256=${sha256}`;
  }

  /** No file has this address. */
  get #note(): string {
    return `${this.#scope}?kept-whole`;
  }
}

/** The server's headers, with those that belong to the bytes as they are kept. */
function keptHeaders(server: Headers, file: PageFile): Headers {
  const headers = new Headers(server);
  for (const name of OF_THE_TRANSFER) headers.delete(name);
  headers.set('Content-Length', String(file.bytes));
  headers.set('ETag', `"${file.sha256}"`);
  headers.set('Accept-Ranges', 'bytes');
  for (const [name, value] of Object.entries(ISOLATION)) headers.set(name, value);
  return headers;
}
