/** Writes dist/service-worker.js when everything else stands there: it holds the list of the files and their hashes. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'vite';
import type { PageFile } from '../core/offline/page-files.ts';
import { scriptsAtOnce, stylesAtOnce } from './page-weight.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const SERVICE_WORKER = 'service-worker.js';
/** For people who look into the folder; the page does not ask for it. */
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

export function offline(): Plugin {
  let dist = '';
  return {
    name: 'offline',
    apply: 'build',
    configResolved: (config) => {
      dist = join(config.root, config.build.outDir);
    },
    writeBundle: {
      order: 'post',
      sequential: true,
      handler: async () => {
        await build({
          root,
          configFile: false,
          publicDir: false,
          logLevel: 'warn',
          define: { PAGE_FILES: JSON.stringify(await pageFiles(dist)) },
          build: {
            target: 'es2023',
            outDir: dist,
            emptyOutDir: false,
            // A classic script: not every browser registers a module.
            rolldownOptions: {
              input: join(root, 'workers/service.worker.ts'),
              output: { format: 'iife', entryFileNames: SERVICE_WORKER },
            },
          },
        });
      },
    },
  };
}
