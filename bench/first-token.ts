/**
 * Measures a first visit: a fresh profile opens the built page, draws a phantom and sends a question as soon as the page
 * allows it. Prints each step from the navigation to the first token. With `--again` each profile visits twice, in two runs of
 * the browser, the first of which lasts until the page is kept for use without a network, and the second visit is measured; `--no-image` asks without a phantom; `--against DIR` visits another build in turns
 * and prints the ratio:
 *
 *     npm run build && npx tsx bench/first-token.ts [--rounds N] [--again] [--no-image] [--against DIR] [--package DIR] [--provider wasm] [--gpu]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { chromium, type Browser, type Page } from 'playwright';
import { DEFAULT_PACKAGE } from '#core/protocol/default-package.ts';
import { chromiumFlags, ensureChromium } from '../scripts/chromium.ts';
import { machine } from './machine.ts';
import { built, quantile, serveSite, type Site } from './site.ts';

const flags = new Command('first-token')
  .option('--rounds <n>', 'visits, each in a fresh profile', Number, 3)
  .option('--against <folder>', 'another build of the page, visited in turns with dist/')
  .option('--package <folder>', 'a package in place of the built-in one')
  .addOption(new Option('--provider <name>', 'as in the settings').choices(['auto', 'webgpu', 'wasm']).default('auto'))
  .option('--gpu', "on the machine's GPU", false)
  .option('--again', 'measure the second visit of each profile', false)
  .option('--no-image', 'ask without an image')
  .parse()
  .opts<{
    rounds: number;
    against?: string;
    package?: string;
    provider: string;
    gpu: boolean;
    again: boolean;
    image: boolean;
  }>();

interface Step {
  name: string;
  /** Milliseconds since the navigation. */
  start: number;
  end: number;
}

interface Visit {
  steps: Step[];
  /** Milliseconds from the navigation to the first visible token. */
  firstToken: number;
  /** CPU seconds by process type. */
  processor: Map<string, number>;
}

async function visit(url: string): Promise<Visit> {
  const profile = await mkdtemp(join(tmpdir(), 'medgemma-ko-lab-profile-'));
  try {
    const first = await visitWith(profile, url);
    return flags.again ? await visitWith(profile, url) : first;
  } finally {
    await rm(profile, { recursive: true, force: true });
  }
}

async function visitWith(profile: string, url: string): Promise<Visit> {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: ensureChromium(),
    args: [...chromiumFlags(flags.gpu)],
    viewport: { width: 1440, height: 900 },
  });
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    // The machine may be busy with other work.
    page.setDefaultTimeout(120_000);
    page.setDefaultNavigationTimeout(120_000);
    await page.addInitScript(
      (provider) => localStorage.setItem('settings', JSON.stringify({ provider })),
      flags.provider,
    );
    // Excludes the browser's own start from the measurement.
    await page.goto('about:blank');
    const before = await processorTime(context.browser());
    await page.goto(`${url}?lang=en`);
    await page.evaluate(watchForText);
    // As a visitor would: draws a phantom, writes, and sends as soon as the button is enabled.
    if (flags.image) await page.getByRole('button', { name: 'Draw a phantom' }).click();
    await page.getByRole('textbox', { name: 'Question' }).fill('How many lesions are there?');
    await page.waitForFunction(sendIfEnabled, null, { polling: 'raf' });
    await page.waitForFunction(() => performance.getEntriesByName('first token').length > 0, null, {
      polling: 50,
    });
    const processor = difference(before, await processorTime(context.browser()));
    const measured = await read(page);
    // The second visit is one of a page that is kept whole, with what the first one has left: the self-test of a model runs once.
    if (flags.again) await page.waitForFunction(isKept, null, { polling: 500, timeout: 300_000 });
    await page.waitForTimeout(2000);
    return { ...measured, processor };
  } finally {
    await context.close();
  }
}

/** Runs in the page: sets performance marks at the click on Send and at the first text of an answer. */
function watchForText(): void {
  const seen = new MutationObserver(() => {
    // A conversation of an earlier visit stands there before the question.
    if (performance.getEntriesByName('asked').length === 0) return;
    const article = Array.from(document.querySelectorAll('article')).at(-1);
    const text = article?.querySelector('.markdown')?.textContent.trim() ?? '';
    if (text === '' && !article?.querySelector('footer')) return;
    performance.mark('first token');
    seen.disconnect();
  });
  seen.observe(document.body, { subtree: true, childList: true, characterData: true });
  document.addEventListener('submit', () => performance.mark('asked'), { capture: true, once: true });
}

/** Runs in the page: whether the service worker has noted that every file is kept (workers/offline/page-cache.ts). A build without one has nothing to wait for. */
async function isKept(): Promise<boolean> {
  if (!(await navigator.serviceWorker.getRegistration())) return performance.now() > 20_000;
  for (const name of await caches.keys())
    if ((await (await caches.open(name)).keys()).some(({ url }) => url.endsWith('?kept-whole'))) return true;
  return false;
}

/** Runs in the page at every frame: a locator would look for the button only every 500 ms in the end. */
function sendIfEnabled(): boolean {
  const button = document.querySelector<HTMLButtonElement>('button[type=submit]:enabled');
  button?.click();
  return button !== null;
}

async function read(page: Page): Promise<{ steps: Step[]; firstToken: number }> {
  const pageSide = await page.evaluate(() => {
    const [asked, firstToken] = ['asked', 'first token'].map(
      (name) => performance.getEntriesByName(name)[0]?.startTime,
    );
    const [navigation] = performance.getEntriesByType('navigation');
    const loaded = navigation instanceof PerformanceNavigationTiming ? navigation.domContentLoadedEventEnd : NaN;
    return { origin: performance.timeOrigin, loaded, asked: asked ?? NaN, firstToken: firstToken ?? NaN };
  });
  const { origin, loaded, asked, firstToken } = pageSide;
  const steps: Step[] = [{ name: 'page', start: 0, end: loaded }];
  for (const worker of page.workers()) {
    const inside = await worker.evaluate(() => ({
      origin: performance.timeOrigin,
      steps: performance
        .getEntriesByType('measure')
        .map(({ name, startTime, duration }) => ({ name, start: startTime, end: startTime + duration })),
    }));
    const shift = inside.origin - origin;
    if (inside.steps.length > 0) steps.push({ name: 'worker begins', start: shift, end: shift });
    steps.push(...inside.steps.map(({ name, start, end }) => ({ name, start: start + shift, end: end + shift })));
  }
  steps.push({ name: 'asked → first token', start: asked, end: firstToken });
  return { steps: steps.toSorted((a, b) => a.start - b.start), firstToken };
}

async function processorTime(browser: Browser | null): Promise<Map<string, number>> {
  if (!browser) throw new Error('the context has no browser');
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const times = new Map<string, number>();
  for (const { type, cpuTime } of processInfo) times.set(type, (times.get(type) ?? 0) + cpuTime);
  return times;
}

function difference(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): Map<string, number> {
  return new Map([...after].map(([type, time]) => [type, time - (before.get(type) ?? 0)]));
}

const median = (values: readonly number[]) => quantile(values, 0.5);

interface Build {
  name: string;
  site: Site;
  visits: Visit[];
}

async function serve(dist: string): Promise<Build> {
  return { name: basename(dist), site: await serveSite(dist, flags.package && resolve(flags.package)), visits: [] };
}

function printSteps(visits: readonly Visit[]): void {
  console.log('\nMedians in milliseconds; steps may overlap.\n\n| step | begins | takes |\n| --- | --: | --: |');
  // A step may run several times (stages of the vision encoder): takes the first start and the summed duration.
  for (const name of new Set(visits.flatMap(({ steps }) => steps.map((step) => step.name)))) {
    const own = visits
      .map(({ steps }) => steps.filter((step) => step.name === name))
      .filter(({ length }) => length > 0);
    const begins = median(own.map(([first]) => first?.start ?? NaN));
    const takes = median(own.map((steps) => steps.reduce((sum, { start, end }) => sum + end - start, 0)));
    const times = Math.max(...own.map(({ length }) => length));
    console.log(`| ${name}${times > 1 ? ` (${times} times)` : ''} | ${begins.toFixed(0)} | ${takes.toFixed(0)} |`);
  }
  console.log(`| first token | ${median(visits.map(({ firstToken }) => firstToken)).toFixed(0)} | |`);
}

const builds = [await serve(built)];
if (flags.against) builds.push(await serve(resolve(flags.against)));
try {
  console.log(
    [...(await machine()), `package: ${flags.package ?? DEFAULT_PACKAGE.folder}, provider: ${flags.provider}`].join(
      '\n',
    ),
  );
  for (let round = 1; round <= flags.rounds; round++) {
    for (const { name, site, visits } of builds) {
      const one = await visit(site.url);
      visits.push(one);
      const processor = [...one.processor].map(([type, seconds]) => `${type} ${seconds.toFixed(2)} s`).join(', ');
      const load = (loadavg()[0] ?? NaN).toFixed(1);
      console.log(
        `visit ${round} of ${name}: first token after ${(one.firstToken / 1000).toFixed(2)} s; processor ${processor}; load ${load} on ${cpus().length} cores`,
      );
    }
  }
  for (const { name, visits } of builds) {
    if (flags.against) console.log(`\n${name}:`);
    printSteps(visits);
  }
  const [own, other] = builds.map(({ visits }) => visits.map(({ firstToken }) => firstToken));
  if (own && other) {
    const ratios = own.map((time, round) => time / (other[round] ?? NaN)).toSorted((a, b) => a - b);
    const [least, middle, most] = [ratios[0], median(ratios), ratios.at(-1)].map((ratio) => (ratio ?? NaN).toFixed(2));
    console.log(`\nFirst token, dist / ${flags.against}: ${middle} (${least}–${most})`);
  }
} finally {
  for (const { site } of builds) await site.close();
}
