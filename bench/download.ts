/**
 * How fast a package comes into the store, and how much of the heap it takes: `tsx bench/download.ts [megabytes]`, 2600 if not given.
 * The package is random bytes, made and served by this process on localhost. The same bytes are fetched into the browser's file
 * system without hashing, in the same run, for comparison. Needs free disk space of three times the size.
 */
import { join } from 'node:path';
import { build, preview, type InlineConfig } from 'vite';
import { openBrowser } from './browser.ts';
import type { DownloadPage } from './page/download-contract.ts';
import { WorkerHeap } from './heap.ts';
import { machine } from './machine.ts';
import { cache } from './package.ts';
import { randomPackage } from './random-package.ts';

const ROUNDS = 3;

const megabytes = Number(process.argv[2] ?? 2600);
if (!(megabytes >= 32)) throw new Error('the first argument is the size of the package in megabytes, 32 or more');
console.log((await machine()).join('\n'));
const config: InlineConfig = {
  configFile: false,
  root: new URL('page', import.meta.url).pathname,
  logLevel: 'error',
  plugins: [randomPackage(megabytes * 1e6)],
  worker: { format: 'es' },
  build: {
    target: 'es2023',
    outDir: join(cache, 'download-page'),
    emptyOutDir: true,
    rolldownOptions: { input: new URL('page/download.html', import.meta.url).pathname },
  },
  preview: { host: '127.0.0.1', port: 0 },
};
await build(config);
const server = await preview(config);
const url = server.resolvedUrls?.local[0];
if (url === undefined) throw new Error('the preview server has no address');
const browser = await openBrowser(`${url}download.html`, 'no');
try {
  const heap = await WorkerHeap.watch(await browser.context.newCDPSession(browser.page));
  await browser.page.evaluate(() => window.downloads.start());
  const rate = (milliseconds: number) => ((megabytes * 1000) / milliseconds).toFixed(0);
  for (let round = 1; round <= ROUNDS; round++) {
    const plain = await browser.page.evaluate(() => window.downloads.plain());
    heap.take();
    const stored = await browser.page.evaluate(() => window.downloads.stored());
    const { usedBytes, backingBytes } = heap.take();
    console.log(
      [
        `round ${round}: plain fetch into OPFS ${rate(plain)} MB/s`,
        `store, every chunk hashed ${rate(stored)} MB/s, ${(plain / stored).toFixed(2)} of it`,
        `heap at most ${((usedBytes + backingBytes) / 1e6).toFixed(0)} MB`,
      ].join(' · '),
    );
  }
  for (const [name, speed] of Object.entries(await browser.page.evaluate(() => window.downloads.hashes())))
    console.log(`SHA-256 of 8 MiB pieces, one at a time: ${name} ${speed.toFixed(0)} MB/s`);
  heap.stop();
} finally {
  await browser.close();
  await server.close();
}
declare global {
  interface Window {
    downloads: DownloadPage;
  }
}
