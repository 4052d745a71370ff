/**
 * How fast a package comes into the store, what each part of that takes of the processor, and how much of the heap:
 * `tsx bench/download.ts [megabytes] [--rounds 3]`, 2600 megabytes if not given. The package is random bytes, made and served by this process
 * on localhost. SHA-256 and a file written in Node, in the same run, are for comparison. Needs free disk space of twice the size.
 */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { build, preview, type InlineConfig } from 'vite';
import { openBrowser } from './browser.ts';
import { STEPS, type DownloadPage } from './page/download-contract.ts';
import { machine } from './machine.ts';
import { cache } from './package.ts';
import { PageHeaps } from './page-heaps.ts';
import { randomPackage } from './random-package.ts';
import { threadTimes } from './worker-time.ts';

const command = new Command('download')
  .argument('[megabytes]', 'size of the package, 32 or more', Number, 2600)
  .option('--rounds <n>', 'of all steps', Number, 3)
  .parse();
const [megabytes] = command.processedArgs as [number];
const { rounds } = command.opts<{ rounds: number }>();
if (!(megabytes >= 32)) throw new Error('the first argument is the size of the package in megabytes, 32 or more');

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

const CHUNK = 8 * 2 ** 20;
const chunk = Buffer.alloc(CHUNK, 'random');
const count = Math.ceil((megabytes * 1e6) / CHUNK);
/** The same work in Node. */
const inNode = {
  'Node: hash': () => {
    for (let done = 0; done < count; done++) createHash('sha256').update(chunk).digest();
  },
  'Node: write': () => {
    const path = join(cache, 'written');
    const file = openSync(path, 'w');
    for (let done = 0; done < count; done++) writeSync(file, chunk, 0, CHUNK, done * CHUNK);
    fsyncSync(file);
    closeSync(file);
    rmSync(path);
  },
};

console.log((await machine()).join('\n'));
await build(config);
const server = await preview(config);
const url = server.resolvedUrls?.local[0];
if (url === undefined) throw new Error('the preview server has no address');
const browser = await openBrowser(`${url}download.html`, 'no');
const { page, profile } = browser;

/** Prints a row: MB/s, milliseconds of the processor for a MB of all and of each thread, MB of heap. */
async function measure(name: string, work: () => Promise<void> | void): Promise<void> {
  heap.take();
  const own = process.cpuUsage();
  const before = await threadTimes(profile);
  const begin = performance.now();
  await work();
  const milliseconds = performance.now() - begin;
  const { user, system } = process.cpuUsage(own);
  const threads = [...(await threadTimes(profile))]
    .map(([thread, time]) => ({ thread, time: (time - (before.get(thread) ?? 0)) / megabytes }))
    .concat({ thread: 'this process', time: (user + system) / 1000 / megabytes })
    .sort((a, b) => b.time - a.time);
  const { used, backing } = heap.take();
  const cells = [
    name,
    ((megabytes * 1000) / milliseconds).toFixed(0),
    threads.reduce((sum, { time }) => sum + time, 0).toFixed(2),
    threads
      .filter(({ time }) => time >= 0.1)
      .map(({ thread, time }) => `${thread} ${time.toFixed(2)}`)
      .join(', '),
    ((used + backing) / 1e6).toFixed(0),
  ];
  console.log(`| ${cells.join(' | ')} |`);
}

const heap = new PageHeaps(await browser.context.newCDPSession(page));
try {
  await page.evaluate(() => window.downloads.start());
  console.log('| step | MB/s | processor, ms a MB | of which | heap at most, MB |\n| --- | --: | --: | --- | --: |');
  for (let round = 0; round < rounds; round++) {
    for (const [name, work] of Object.entries(inNode)) await measure(name, work);
    for (const step of STEPS)
      await measure(step, () =>
        page.evaluate(([one, size]) => window.downloads.step(one, size), [step, megabytes * 1e6] as const),
      );
    await measure('store: all of it', () => page.evaluate(() => window.downloads.store()));
  }
} finally {
  heap.stop();
  await browser.close();
  await server.close();
}
declare global {
  interface Window {
    downloads: DownloadPage;
  }
}
