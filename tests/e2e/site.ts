/**
 * Serves the built page, as `npx vite preview`, with one difference: a browser whose cookie names a package of
 * packages.setup.ts gets that one where the page asks for its built-in model. Interception by Playwright would do the same, but it
 * turns off the browser's HTTP cache and with it the cache of compiled WebAssembly.
 *
 *     tsx tests/e2e/site.ts PORT
 */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { preview, type Plugin } from 'vite';
import { BUILT_IN_ADDRESS, isPackageName, PACKAGE_COOKIE, packageFolder } from './packages.ts';

const standIns: Plugin = {
  name: 'stand-in-packages',
  configurePreviewServer({ middlewares }) {
    middlewares.use((request, response, next) => {
      const { pathname } = new URL(request.url ?? '/', 'http://localhost');
      const name = new RegExp(`(?:^|; )${PACKAGE_COOKIE}=([\\w-]+)`).exec(request.headers.cookie ?? '')?.[1];
      if (name === undefined || !pathname.startsWith(BUILT_IN_ADDRESS)) return next();
      const file = isPackageName(name) && join(packageFolder(name), pathname.slice(BUILT_IN_ADDRESS.length));
      response.setHeader('Cache-Control', 'no-store');
      if (!file || !existsSync(file)) return void response.writeHead(404).end();
      response.writeHead(200, { 'Content-Length': statSync(file).size });
      if (request.method === 'HEAD') return void response.end();
      createReadStream(file).pipe(response);
    });
  },
};

await preview({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  plugins: [standIns],
  preview: { port: Number(process.argv[2]), strictPort: true },
});
