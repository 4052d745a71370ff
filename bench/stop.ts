/**
 * How long Stop takes to end an answer whose prompt is still being computed: the built page with a long question, and Stop pressed at
 * another moment of the prefill in each round, on a page that was just opened, so that the first chunks are among them:
 *
 *     npm run build && npx tsx bench/stop.ts [--rounds N] [--characters N] [--page DIR] [--package DIR] [--provider webgpu] [--image] [--gpu]
 */
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { chromium, type Browser, type Page } from 'playwright';
import { digitsOf } from '#core/run-card/digits.ts';
import { chromiumFlags, ensureChromium } from '../scripts/chromium.ts';
import { machine } from './machine.ts';
import { randomPackage } from './package.ts';
import { built, quantile, serveSite } from './site.ts';

const flags = new Command('stop')
  .option('--rounds <n>', 'answers that are stopped', Number, 8)
  .option('--characters <n>', 'length of the question; each character is one token', Number, 3500)
  .option('--page <folder>', 'another build of the page than dist/', built)
  .option('--package <folder>', 'a package in place of the tiny one of random weights')
  .addOption(new Option('--provider <name>', 'as in the settings').choices(['webgpu', 'wasm']).default('wasm'))
  .option('--image', 'with a drawn phantom, whose encoding is stopped too', false)
  .option('--gpu', "on the machine's GPU", false)
  .parse()
  .opts<{
    rounds: number;
    characters: number;
    page: string;
    package?: string;
    provider: string;
    image: boolean;
    gpu: boolean;
  }>();

/** Opens the page afresh, and sends the question. Resolves when it is sent. */
async function ask(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(300_000);
  await page.addInitScript(
    (provider) => localStorage.setItem('settings', JSON.stringify({ provider, contextLength: 4096 })),
    flags.provider,
  );
  await page.goto(`${url}?lang=en`);
  if (flags.image) await page.getByRole('button', { name: 'Draw a phantom' }).click();
  await page.getByRole('textbox', { name: 'Question' }).fill(digitsOf(flags.characters));
  await page.waitForFunction(
    () => {
      const button = document.querySelector<HTMLButtonElement>('button[type=submit]:enabled');
      if (!button) return false;
      performance.mark('asked');
      button.click();
      return true;
    },
    null,
    { polling: 'raf' },
  );
  return page;
}

/** Milliseconds from the question to the first text of the answer. */
async function wholePrefill(browser: Browser, url: string): Promise<number> {
  const page = await ask(browser, url);
  const answered = await page.waitForFunction(
    () => {
      const article = Array.from(document.querySelectorAll('article')).at(-1);
      const started = article?.querySelector('.markdown')?.textContent ?? '';
      if (started === '' && !article?.querySelector('footer')) return false;
      return performance.now() - (performance.getEntriesByName('asked')[0]?.startTime ?? NaN);
    },
    null,
    { polling: 'raf' },
  );
  const took = Number(await answered.jsonValue());
  await page.close();
  return took;
}

/** Presses Stop `delay` milliseconds after the question. @returns milliseconds until the answer has ended, and if it had text */
async function stopAfter(browser: Browser, url: string, delay: number): Promise<{ took: number; hasText: boolean }> {
  const page = await ask(browser, url);
  const end = await page.evaluate(async (milliseconds) => {
    const asked = performance.getEntriesByName('asked')[0]?.startTime ?? NaN;
    await new Promise((resolve) => setTimeout(resolve, asked + milliseconds - performance.now()));
    const start = performance.now();
    document.querySelector<HTMLButtonElement>('button[aria-label=Stop]')?.click();
    while (!Array.from(document.querySelectorAll('article')).at(-1)?.querySelector('footer'))
      await new Promise((resolve) => requestAnimationFrame(resolve));
    const took = performance.now() - start;
    const text = Array.from(document.querySelectorAll('article')).at(-1)?.querySelector('.markdown')?.textContent ?? '';
    return { took, hasText: text !== '' };
  }, delay);
  await page.close();
  return end;
}

const site = await serveSite(resolve(flags.page), flags.package ? resolve(flags.package) : await randomPackage('tiny'));
const browser = await chromium.launch({ executablePath: ensureChromium(), args: [...chromiumFlags(flags.gpu)] });
try {
  console.log([...(await machine()), `Chromium ${browser.version()}, provider: ${flags.provider}`].join('\n'));
  const whole = await wholePrefill(browser, site.url);
  console.log(`The whole prefill of ${flags.characters} characters takes ${whole.toFixed(0)} ms.\n`);
  console.log('| pressed after, ms | ended after, ms |\n| --: | --: |');
  const times: number[] = [];
  for (let round = 0; round < flags.rounds; round++) {
    const delay = (whole * (round + 0.5)) / flags.rounds;
    const { took, hasText } = await stopAfter(browser, site.url, delay);
    console.log(`| ${delay.toFixed(0)} | ${took.toFixed(0)}${hasText ? ' (the answer had begun)' : ''} |`);
    if (!hasText) times.push(took);
  }
  const over = times.filter((time) => time > 200).length;
  console.log(
    `\nIn prefill: median ${quantile(times, 0.5).toFixed(0)} ms, most ${quantile(times, 1).toFixed(0)}, over 200 ms: ${over} of ${times.length}`,
  );
} finally {
  await browser.close();
  await site.close();
}
