/** Builds the bench page and serves it, with the package at `/package/`. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, normalize, sep } from 'node:path';
import { build, preview, type InlineConfig, type Plugin } from 'vite';
import { cache } from './package.ts';

export interface Served {
  url: string;
  close(): Promise<void>;
}

/** Serves a build, not the dev server: this measures the shipped code, and nothing reloads during a run. */
export async function serve(packageFolder: string): Promise<Served> {
  const config: InlineConfig = {
    configFile: false,
    root: new URL('page', import.meta.url).pathname,
    logLevel: 'error',
    plugins: [packageFiles(packageFolder)],
    worker: { format: 'es' },
    build: {
      target: 'es2023',
      assetsInlineLimit: 0,
      outDir: join(cache, 'page'),
      emptyOutDir: true,
      chunkSizeWarningLimit: Infinity,
    },
    preview: { host: '127.0.0.1', port: 0 },
  };
  await build(config);
  const server = await preview(config);
  const url = server.resolvedUrls?.local[0];
  if (url === undefined) throw new Error('the preview server has no address');
  return { url, close: () => server.close() };
}

function packageFiles(folder: string): Plugin {
  return {
    name: 'package-files',
    configurePreviewServer({ middlewares }) {
      middlewares.use('/package', (request, response) => {
        const path = normalize(decodeURIComponent(request.url?.split('?')[0] ?? '/'));
        const file = join(folder, path);
        const missing = () => response.writeHead(404).end();
        if (path.split(sep).includes('..')) return missing();
        stat(file)
          .then((found) => {
            if (!found.isFile()) return missing();
            response.writeHead(200, { 'Content-Length': found.size, 'Content-Type': 'application/octet-stream' });
            if (request.method === 'HEAD') return response.end();
            return createReadStream(file).pipe(response);
          })
          .catch(missing);
      });
    },
  };
}
