/** Writes dist/service-worker.js when everything else stands there: it holds the list of the files and their hashes. */
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'vite';
import { pageFiles, SERVICE_WORKER } from './page-files.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

export function offline(): Plugin {
  let dist = '';
  return {
    name: 'offline',
    apply: 'build',
    configResolved: (config) => {
      // An absolute folder is possible.
      dist = resolve(config.root, config.build.outDir);
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
