/** A repository of huggingface.co as a page meets it: its API, a token, terms, and weights by ranges, which can be held back. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page, Route } from '@playwright/test';

const COMMIT = 'c0ffee'.padEnd(40, '0');
const SMALL = /\.json$/u;

export class HubRoutes {
  readonly #folder: string;
  readonly #repository: string;
  readonly #token: string;
  /** Changes the ETag of the weights. */
  version = 'a';
  /** Bytes of weights that were sent. */
  sentBytes = 0;
  /** Weights beyond so many bytes are not answered, until `release`. */
  #limit = Infinity;
  #held: (() => void)[] = [];

  private constructor(folder: string, repository: string, token: string) {
    this.#folder = folder;
    this.#repository = repository;
    this.#token = token;
  }

  /** @param folder of a checkpoint with one file of weights */
  static async serve(page: Page, folder: string, repository: string, token: string): Promise<HubRoutes> {
    const hub = new HubRoutes(folder, repository, token);
    await page.route('https://huggingface.co/**', (route) => hub.#answer(route));
    return hub;
  }

  holdAfter(bytes: number): void {
    this.#limit = this.sentBytes + bytes;
  }

  /** Requests that were held are cut: nobody waits for them any more. */
  release(): void {
    this.#limit = Infinity;
    for (const cut of this.#held.splice(0)) cut();
  }

  async #answer(route: Route): Promise<void> {
    const request = route.request();
    const { pathname } = new URL(request.url());
    const file = pathname.split('/').at(-1) ?? '';
    const files = readdirSync(this.#folder);
    if (pathname.startsWith(`/api/models/${this.#repository}/revision/`))
      return route.fulfill({ json: { sha: COMMIT, siblings: files.map((rfilename) => ({ rfilename })) } });
    if (!pathname.startsWith(`/${this.#repository}/resolve/${COMMIT}/`) || !files.includes(file))
      return route.fulfill({ status: 404 });
    if (request.headers()['authorization'] !== `Bearer ${this.#token}`) return route.fulfill({ status: 401 });
    const bytes = readFileSync(join(this.#folder, file));
    if (SMALL.test(file)) return route.fulfill({ body: bytes });
    const headers = { ETag: `"${this.version}"`, 'Accept-Ranges': 'bytes', 'Access-Control-Expose-Headers': '*' };
    if (request.method() === 'HEAD')
      return route.fulfill({ headers: { ...headers, 'Content-Length': String(bytes.length) } });
    const [, from, to] = /^bytes=(\d+)-(\d+)$/u.exec(request.headers()['range'] ?? '') ?? [];
    const body = bytes.subarray(Number(from ?? 0), to === undefined ? undefined : Number(to) + 1);
    if (this.sentBytes + body.length > this.#limit) {
      this.#held.push(() => void route.abort().catch(() => undefined));
      return;
    }
    this.sentBytes += body.length;
    await route.fulfill({
      ...{ status: 206, body },
      headers: { ...headers, 'Content-Range': `bytes ${from}-${to}/${bytes.length}` },
    });
  }
}
