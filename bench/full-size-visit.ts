/**
 * The whole way of a package of full size through the built page: its verdict before the download, the download into the browser's file system
 * with a connection cut and the page loaded anew at random bytes, verification, deletion, and
 * what is left afterwards. The package is opened with `--open` alone; else the built-in model is, on the CPU. Prints a table and the bars, and fails when one is not met.
 *
 *     npm run rehearse -- --shape medgemma-4b --keep --out DIR && npm run build && npx tsx bench/full-size-visit.ts --package DIR/package
 */
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { openBrowser } from './browser.ts';
import { CuttingServer } from './cutting-server.ts';
import { pictureOfFailure } from './failure-picture.ts';
import { machine } from './machine.ts';
import { PageHeaps } from './page-heaps.ts';
import { ProcessMemory } from './process-memory.ts';
import { built } from './site.ts';
import { bytesInStorage, VisitPage } from './visit-page.ts';

const flags = new Command('full-size-visit')
  .requiredOption('--package <folder>', 'model package, with manifest')
  .option(
    '--open',
    'open it from the store on WebGPU before it is deleted: on the software adapter that takes minutes',
    false,
  )
  .option('--minutes <count>', 'patience for each step', Number, 20)
  .parse()
  .opts<{ package: string; open: boolean; minutes: number }>();

/** Of JavaScript heaps and what they own, while a package is loaded into the store. */
const HEAP_BYTES = 200e6;
/** What an interruption may cost: the unfinished chunks of all connections, and what was on its way. */
const AGAIN_BYTES = 100e6;
/** Of the storage: page files that the service worker keeps meanwhile are counted apart. */
const LEFT_BYTES = 1e6;

const folder = resolve(flags.package);
const size = await largeBytes(folder);
for (const line of await machine()) console.log(line);
console.log(`${folder.split('/').slice(-2).join('/')}: ${megabytes(size)} MB in large files\n`);

const server = await CuttingServer.start(built, folder);
// A small file: the page itself is opened when the samplers run.
const browser = await openBrowser(`${server.url}package/config.json`, 'no');
const heaps = new PageHeaps(await browser.context.newCDPSession(browser.page));
const memory = new ProcessMemory(browser.profile);
// Wide enough for the panel of the model beside the chat.
await browser.page.setViewportSize({ width: 1440, height: 900 });
const visit = new VisitPage(browser.page, server.url, { provider: 'wasm' }, flags.minutes * 60_000);
const bars: { name: string; atMost: string; measured: string; isMet: boolean }[] = [];

/** Does a step and prints its row; `heap` are the most bytes at once. */
async function step<Value>(name: string, work: () => Promise<Value>, bytes?: number) {
  heaps.take();
  memory.take();
  const begin = performance.now();
  const value = await work();
  const seconds = (performance.now() - begin) / 1000;
  const heap = heaps.take();
  const resident = memory.take();
  const cells = [
    name,
    seconds.toFixed(1),
    bytes === undefined ? '' : (bytes / 1e6 / seconds).toFixed(0),
    `${megabytes(heap.used)} + ${megabytes(heap.backing)}`,
    ...['renderer', 'gpu-process', 'network', 'browser'].map((type) => megabytes(resident.get(type) ?? 0)),
  ];
  console.log(`| ${cells.join(' | ')} |`);
  return { value, heap: heap.used + heap.backing };
}

try {
  console.log(
    '| step | s | MB/s | heaps of page and workers, MB | renderer, MB | GPU process, MB | network, MB | browser, MB |',
  );
  console.log('| --- | --: | --: | --: | --: | --: | --: | --: |');
  await step('built-in model open', () => visit.open());
  const before = { storage: await bytesInStorage(browser.page), heap: heaps.now, memory: await memory.now() };
  const { value: verdict } = await step('verdict, before the download', () => visit.verdict());
  const { value: refused } = await step('refused on the CPU', () => visit.refusedOnCpu());
  const [first = 0, second = 0] = [randomByte(0.1, 0.45), randomByte(0.55, 0.9)].map((part) => Math.floor(part * size));
  server.interrupt({ at: first, how: () => server.cut() }, { at: second, how: () => visit.reload() });
  const { heap: loading } = await step('download, cut and loaded anew', () => visit.fetchRest(), size);
  const { value: verified } = await step('verify', () => visit.verify(), size);
  const stored = await bytesInStorage(browser.page);
  const opened = flags.open ? (await step('opened on WebGPU', () => visit.openOnGpu())).value : undefined;
  // A package that is open cannot be deleted.
  if (flags.open) await step('built-in model open again', () => visit.open());
  await step('deleted', () => visit.remove());
  const after = { storage: await bytesInStorage(browser.page), heap: heaps.now, memory: await memory.now() };

  console.log(`\nverdict: ${verdict}`);
  console.log(`on the CPU: ${refused}`);
  console.log(
    `cut at byte ${first}, page loaded anew at byte ${second} of ${size}; ${server.sentBytes} bytes were sent`,
  );
  console.log(`verified: ${verified}`);
  if (opened !== undefined) console.log(`opened: ${opened}`);
  console.log(`in the file system: ${before.storage.files} bytes, then ${stored.files}, then ${after.storage.files}`);
  console.log(`of the quota (file system): ${before.storage.quota}, then ${stored.quota}, then ${after.storage.quota}`);
  console.log(
    `heaps: ${megabytes(before.heap.used + before.heap.backing)} MB in ${before.heap.workers} workers, then ${megabytes(after.heap.used + after.heap.backing)} MB in ${after.heap.workers}`,
  );
  for (const [type, bytes] of before.memory)
    console.log(`${type}: ${megabytes(bytes)} MB, then ${megabytes(after.memory.get(type) ?? 0)} MB`);
  bar('heaps while it loads, MB', HEAP_BYTES, loading);
  bar('fetched twice, MB', AGAIN_BYTES, server.sentBytes - size);
  bar('left in the file system, MB', LEFT_BYTES, after.storage.files - before.storage.files);
  bar('left of the quota, MB', LEFT_BYTES, after.storage.quota - before.storage.quota);
  if (!verified.includes('as it should be')) throw new Error(`not verified: ${verified}`);
  console.log('\n| bar | at most | measured | |\n| --- | --: | --: | --- |');
  for (const { name, atMost, measured, isMet } of bars) {
    console.log(`| ${name} | ${atMost} | ${measured} | ${isMet ? 'met' : 'not met'} |`);
    if (!isMet) process.exitCode = 1;
  }
} catch (error) {
  await pictureOfFailure(browser.page, 'full-size-visit');
  throw error;
} finally {
  heaps.stop();
  memory.stop();
  await browser.close();
  await server.close();
}

function bar(name: string, atMost: number, measured: number): void {
  bars.push({ name, atMost: megabytes(atMost), measured: megabytes(measured), isMet: measured <= atMost });
}

function randomByte(from: number, to: number): number {
  return from + Math.random() * (to - from);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

/** Files that the server counts, those with the same bytes once: hard links are second names. */
async function largeBytes(root: string): Promise<number> {
  const seen = new Map<number, number>();
  for (const name of await readdir(root, { recursive: true })) {
    const found = await stat(join(root, name));
    if (found.isFile() && found.size >= 32 * 2 ** 20) seen.set(found.ino, found.size);
  }
  return [...seen.values()].reduce((sum, one) => sum + one, 0);
}
