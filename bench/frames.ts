/**
 * What the page's main thread does while a long answer streams: the built page with the engine and a package of random weights,
 * whose sampled answers are long and full of marks. Prints the tasks of the main thread by their processor time, from a trace, and
 * the time between frames:
 *
 *     npm run build && npx tsx bench/frames.ts [--tokens N] [--package DIR]
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { chromium } from 'playwright';
import { preview } from 'vite';
import { DEFAULT_PACKAGE } from '#core/protocol/default-package.ts';
import { chromiumFlags, ensureChromium } from '../scripts/chromium.ts';
import { machine } from './machine.ts';
import { randomPackage } from './package.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const flags = new Command('frames')
  .option('--tokens <n>', 'length of the answer', Number, 2000)
  .option('--package <folder>', 'a package in place of the random one')
  .parse()
  .opts<{ tokens: number; package?: string }>();

/** An event of Chromium's trace; times in microseconds. */
interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  /** Processor time of the thread: wall-clock time would include other work on the machine. */
  tdur?: number;
  args?: { name?: string };
}

/** The built page with the package in place of the built-in one, made of links. */
async function siteFolder(folder: string): Promise<string> {
  const dist = join(root, 'dist');
  if (!existsSync(join(dist, 'index.html'))) throw new Error('dist/ has no built page: run `npm run build` first.');
  const site = await mkdtemp(join(tmpdir(), 'medgemma-ko-lab-site-'));
  for (const name of await readdir(dist)) if (name !== 'models') await symlink(join(dist, name), join(site, name));
  await mkdir(join(site, 'models'));
  await symlink(folder, join(site, 'models', DEFAULT_PACKAGE.folder));
  return site;
}

function quantile(sorted: readonly number[], part: number): string {
  return (sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN).toFixed(1);
}

const site = await siteFolder(flags.package ? resolve(flags.package) : await randomPackage('tiny'));
const server = await preview({ root, logLevel: 'error', build: { outDir: site }, preview: { port: 0 } });
const browser = await chromium.launch({ executablePath: ensureChromium(), args: [...chromiumFlags(false)] });
try {
  console.log([...(await machine()), `Chromium ${browser.version()}`].join('\n'));
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(300_000);
  const settings = {
    provider: 'wasm',
    temperature: 1,
    topK: 0,
    topP: 1,
    randomSeed: false,
    maxNewTokens: flags.tokens,
  };
  await page.addInitScript((kept) => localStorage.setItem('settings', JSON.stringify(kept)), settings);
  await page.goto(`${server.resolvedUrls?.local[0] ?? ''}?lang=en`);
  await page.getByRole('textbox', { name: 'Question' }).fill('Write a long report.');
  await page.locator('button[type=submit]:enabled').waitFor();
  await browser.startTracing(page, { categories: ['disabled-by-default-devtools.timeline', '__metadata'] });
  // As text: tsx wraps named functions in a helper that the page does not have.
  await page.evaluate(`
    const next = (before) =>
      requestAnimationFrame((now) => {
        performance.measure('frame', { start: before, end: now });
        next(now);
      });
    next(performance.now());
  `);
  await page.locator('button[type=submit]:enabled').click();
  await page.locator('article footer').last().waitFor();
  const gaps = await page.evaluate(() => performance.getEntriesByName('frame').map(({ duration }) => duration));
  const characters = (await page.locator('article .markdown').last().innerText()).length;
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const mains = new Set(
    traceEvents
      .filter(({ name, ph, args }) => ph === 'M' && name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid}/${tid}`),
  );
  const ofMain = traceEvents.filter(({ pid, tid }) => mains.has(`${pid}/${tid}`));
  const tasks = ofMain
    .filter(({ name, tdur }) => name === 'RunTask' && tdur !== undefined)
    .map(({ tdur = 0 }) => tdur / 1000);
  const sorted = tasks.toSorted((a, b) => a - b);
  const frames = gaps.toSorted((a, b) => a - b);
  console.log(`\nAn answer of ${flags.tokens} tokens, ${characters} characters\n`);
  console.log(
    '| | number | 50 % | 99 % | most | over 16 ms | over 50 ms |\n| --- | --: | --: | --: | --: | --: | --: |',
  );
  const row = (name: string, values: readonly number[]) => {
    const over = (limit: number) => values.filter((value) => value > limit).length;
    const cells = [
      values.length,
      quantile(values, 0.5),
      quantile(values, 0.99),
      quantile(values, 1),
      over(16.7),
      over(50),
    ];
    console.log(`| ${name} | ${cells.join(' | ')} |`);
  };
  row('tasks of the main thread, ms of processor time', sorted);
  row('time between frames, ms', frames);
  // What takes the time: the longest parts of tasks by name.
  const parts = new Map<string, { sum: number; most: number }>();
  for (const { name, tdur = 0 } of ofMain) {
    if (tdur === 0 || name === 'RunTask') continue;
    const part = parts.get(name) ?? { sum: 0, most: 0 };
    parts.set(name, { sum: part.sum + tdur / 1000, most: Math.max(part.most, tdur / 1000) });
  }
  console.log('\n| part of tasks | all, ms | longest, ms |\n| --- | --: | --: |');
  for (const [name, { sum, most }] of [...parts].toSorted(([, a], [, b]) => b.sum - a.sum).slice(0, 10))
    console.log(`| ${name} | ${sum.toFixed(0)} | ${most.toFixed(1)} |`);
} finally {
  await browser.close();
  await server.close();
  await rm(site, { recursive: true, force: true });
}
