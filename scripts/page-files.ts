/** The files of the built page and what a browser keeps of them. Run by itself, second half of `npm run page-weight`, it prints their sizes. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filesToKeep, totalBytes, type PageFile } from '../core/offline/page-files.ts';
import { scriptsAtOnce, stylesAtOnce } from './page-weight.ts';

export const SERVICE_WORKER = 'service-worker.js';
/** models/README.md is for people who look into the folder; the page does not ask for it. */
const NOT_OF_THE_PAGE = new Set([SERVICE_WORKER, 'models/README.md']);

/** Every file of the built page but the service worker, sorted by path. */
export async function pageFiles(dist: string): Promise<PageFile[]> {
  const entries = await readdir(dist, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dist, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !NOT_OF_THE_PAGE.has(path))
    .sort();
  const shell = new Set(['index.html', ...(await scriptsAtOnce(dist)), ...(await stylesAtOnce(dist))]);
  return Promise.all(
    paths.map(async (path) => {
      const contents = await readFile(join(dist, path));
      const sha256 = createHash('sha256').update(contents).digest('hex');
      return { path, bytes: contents.length, sha256, shell: shell.has(path) };
    }),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = await pageFiles(fileURLToPath(new URL('../dist', import.meta.url)));
  const line = (kept: readonly PageFile[], what: string) =>
    console.log(`${(totalBytes(kept) / 1e6).toFixed(1).padStart(7)} MB in ${kept.length} files  ${what}`);
  line(
    files.filter(({ shell }) => shell),
    'kept when the service worker is installed',
  );
  line(filesToKeep(files, 'jspi'), 'kept in all by a browser with WebGPU and JSPI');
  line(filesToKeep(files, 'asyncify'), 'with WebGPU, without JSPI');
  line(filesToKeep(files, undefined), 'without WebGPU');
}
