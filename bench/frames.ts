/**
 * What the page's main thread does while a long answer streams: the built page with the engine and packages of random weights, whose
 * sampled answers are long Markdown (one of many blocks, one that is a single list). Prints the tasks of the main thread by their
 * processor time, from a trace, and the time between frames:
 *
 *     npm run build && npx tsx bench/frames.ts [--tokens N] [--page DIR] [--package DIR]
 */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { chromium, type Browser } from 'playwright';
import { chromiumFlags, ensureChromium } from '../scripts/chromium.ts';
import { machine } from './machine.ts';
import { markdownPackage } from './markdown-package.ts';
import { built, quantile, serveSite } from './site.ts';

const flags = new Command('frames')
  .option('--tokens <n>', 'length of the answer', Number, 1500)
  .option('--page <folder>', 'another build of the page than dist/', built)
  .option('--package <folder>', 'a package in place of the two of random weights')
  .parse()
  .opts<{ tokens: number; page: string; package?: string }>();

/** A shorter answer is no long one. */
const LEAST_CHARACTERS = 3000;

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

const settings = { provider: 'wasm', temperature: 1, topK: 0, topP: 1, randomSeed: false, maxNewTokens: flags.tokens };

/** Streams one answer. */
async function measure(browser: Browser, folder: string): Promise<void> {
  const site = await serveSite(resolve(flags.page), folder);
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  try {
    page.setDefaultTimeout(300_000);
    await page.addInitScript((kept) => localStorage.setItem('settings', JSON.stringify(kept)), settings);
    await page.goto(`${site.url}?lang=en`);
    await page.getByRole('textbox', { name: 'Question' }).fill('Write a long report.');
    await page.locator('button[type=submit]:enabled').waitFor();
    await browser.startTracing(page, {
      categories: ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'v8', '__metadata'],
    });
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
    const answer = await page.evaluate(() => {
      const markdown = Array.from(document.querySelectorAll('article .markdown')).at(-1);
      return { characters: markdown?.textContent.length ?? 0, blocks: markdown?.childElementCount ?? 0 };
    });
    const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
    if (answer.characters < LEAST_CHARACTERS && !flags.package)
      throw new Error(`the answer has ${answer.characters} characters only`);
    console.log(
      `\nAn answer of ${flags.tokens} tokens at most: ${answer.characters} characters in ${answer.blocks} blocks\n`,
    );
    print(traceEvents, gaps);
  } finally {
    await page.close();
    await site.close();
  }
}

function print(traceEvents: readonly TraceEvent[], gaps: readonly number[]): void {
  const mains = new Set(
    traceEvents
      .filter(({ name, ph, args }) => ph === 'M' && name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid}/${tid}`),
  );
  const ofMain = traceEvents.filter(({ pid, tid }) => mains.has(`${pid}/${tid}`));
  const tasks = ofMain
    .filter(({ name, tdur }) => name === 'RunTask' && tdur !== undefined)
    .map(({ tdur = 0 }) => tdur / 1000);
  console.log(
    '| | number | 50 % | 99 % | most | over 16 ms | over 50 ms |\n| --- | --: | --: | --: | --: | --: | --: |',
  );
  const row = (name: string, values: readonly number[]) => {
    const over = (limit: number) => values.filter((value) => value > limit).length;
    const cells = [
      values.length,
      ...[0.5, 0.99, 1].map((part) => quantile(values, part).toFixed(1)),
      over(16.7),
      over(50),
    ];
    console.log(`| ${name} | ${cells.join(' | ')} |`);
  };
  row('tasks of the main thread, ms of processor time', tasks);
  row('time between frames, ms', gaps);
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
}

const browser = await chromium.launch({ executablePath: ensureChromium(), args: [...chromiumFlags(false)] });
try {
  console.log([...(await machine()), `Chromium ${browser.version()}`].join('\n'));
  if (flags.package) await measure(browser, resolve(flags.package));
  else for (const kind of ['mixed', 'list'] as const) await measure(browser, await markdownPackage(kind));
} finally {
  await browser.close();
}
