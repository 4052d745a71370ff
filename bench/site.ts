/** The built page with a package of one's choice in place of the built-in one, for measurements of the page itself. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { preview } from 'vite';
import { DEFAULT_PACKAGE } from '#core/protocol/default-package.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Where `npm run build` writes. */
export const built = join(root, 'dist');

export interface Site {
  url: string;
  close(): Promise<void>;
}

/**
 * Serves a built page, made of links.
 * @param dist folder of the built page
 * @param folder of the package; undefined for the built-in one
 */
export async function serveSite(dist: string, folder?: string): Promise<Site> {
  if (!existsSync(join(dist, 'index.html'))) throw new Error(`${dist} has no built page: run \`npm run build\` first.`);
  const target = folder ?? join(dist, 'models', DEFAULT_PACKAGE.folder);
  if (!existsSync(join(target, 'manifest.json'))) throw new Error(`${target} is not a model package`);
  const site = await mkdtemp(join(tmpdir(), 'medgemma-ko-lab-site-'));
  for (const name of await readdir(dist)) if (name !== 'models') await symlink(join(dist, name), join(site, name));
  await mkdir(join(site, 'models'));
  await symlink(target, join(site, 'models', DEFAULT_PACKAGE.folder));
  const server = await preview({ root, logLevel: 'error', build: { outDir: site }, preview: { port: 0 } });
  const url = server.resolvedUrls?.local[0];
  if (url === undefined) throw new Error('the preview server has no address');
  return {
    url,
    async close() {
      await server.close();
      await rm(site, { recursive: true, force: true });
    },
  };
}

/** The value below which `part` of them are: 0.5 gives the median. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN;
}
