/**
 * Measures main-thread time per keystroke in the tokenizer lab of the built page, with three tokenizers and a long text:
 *
 *     npm run build && npx tsx bench/keystroke.ts [--long-only]
 *
 * Then the longest tasks of pasting and typing Korean without spaces, which `--long-only` measures alone, beside a text area
 * of the same font in an empty page.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type CDPSession, type Locator, type Page } from 'playwright';
import { preview } from 'vite';
import { chromiumFlags, ensureChromium } from '../scripts/chromium.ts';
import { longTextTable } from './long-text.ts';
import { machine } from './machine.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const lengths = [1_000, 10_000, 50_000];
const keystrokes = 60;
const warmUp = 100;
const keys = ['가', '슴', ' ', '통', '증', 'a', '.', '1'];
/** Milliseconds; longer than the page works after a keystroke. */
const pause = 250;

/** Metrics of CDP's Performance.getMetrics, in seconds since the page was created. */
const METRICS = ['TaskDuration', 'ScriptDuration', 'RecalcStyleDuration', 'LayoutDuration'] as const;
type Spent = Record<(typeof METRICS)[number], number>;

/** All sentences differ, so that the word cache alone cannot encode any of them. */
function longText(length: number): string {
  const lines: string[] = [];
  for (let day = 1, size = 0; size < length; day++) {
    const line =
      `입원 ${day}일째, 환자의 체온은 ${36 + (day % 30) / 10}도였고 혈압은 ${110 + (day % 40)}에 ${70 + (day % 25)}였습니다. ` +
      `오전에 흉부 X선 사진을 다시 찍었으며 폐렴 소견은 ${day % 3 === 0 ? '줄어들었습니다' : '남아 있었습니다'}. ` +
      `On day ${day} the patient walked ${day * 7} metres without oxygen.\n`;
    lines.push(line);
    size += line.length;
  }
  return lines.join('').slice(0, length);
}

async function spent(session: CDPSession): Promise<Spent> {
  const { metrics } = await session.send('Performance.getMetrics');
  const value = (name: string) => (metrics.find((metric) => metric.name === name)?.value ?? 0) * 1000;
  return {
    TaskDuration: value('TaskDuration'),
    ScriptDuration: value('ScriptDuration'),
    RecalcStyleDuration: value('RecalcStyleDuration'),
    LayoutDuration: value('LayoutDuration'),
  };
}

/** Main-thread milliseconds of everything that `act` triggers. */
async function costOf(page: Page, session: CDPSession, act: () => Promise<void>): Promise<Spent> {
  const before = await spent(session);
  await act();
  await page.waitForTimeout(pause);
  const after = await spent(session);
  const difference = { ...after };
  for (const name of METRICS) difference[name] = after[name] - before[name];
  return difference;
}

async function typed(page: Page, session: CDPSession, length: number): Promise<Spent[]> {
  const input = page.locator('#tokenizer-input');
  await input.fill(longText(length));
  await page.waitForTimeout(2000);
  await placeCaret(input);
  await page.locator('#tokenizer').evaluate((element) => {
    element.scrollTo(0, 0);
  });
  return await type(page, session);
}

/** The same typing in an otherwise empty page: the browser's own cost, a lower bound. */
async function typeInEmptyPage(page: Page, session: CDPSession, length: number): Promise<Spent[]> {
  await page.goto('about:blank');
  await page.setContent('<textarea style="width: 500px; height: 180px; font-size: 17px"></textarea>');
  const input = page.locator('textarea');
  await input.fill(longText(length));
  await placeCaret(input);
  return await type(page, session);
}

/** A page of nothing but a text area, with the style sheets and fonts of the built page. */
async function openEmptyPage(page: Page, lab: string): Promise<void> {
  const sheets = readFileSync(join(root, 'dist/index.html'), 'utf8').match(/<link rel="stylesheet"[^>]*>/g) ?? [];
  const area = '<textarea style="width: 500px; height: 180px; font: 17px var(--font-long-text)">환자</textarea>';
  await page.route('**/empty.html', (route) =>
    route.fulfill({ contentType: 'text/html', body: `<!doctype html><html lang="ko">${sheets.join('')}${area}` }),
  );
  await page.goto(new URL('empty.html', lab).href);
  const font = await page.locator('textarea').evaluate(async (element) => {
    const { fontFamily } = getComputedStyle(element);
    await document.fonts.load(`17px ${fontFamily}`, '환자');
    return fontFamily;
  });
  if (!font.includes('Korean in One Face')) throw new Error(`The empty page has another font than the lab: ${font}`);
}

async function placeCaret(input: Locator): Promise<void> {
  await input.evaluate((element) => {
    if (!(element instanceof HTMLTextAreaElement)) return;
    // The caret goes into the first sentence, so that the text and its segmentation are both visible.
    const at = element.value.indexOf('혈압은') + 1;
    element.setSelectionRange(at, at);
    element.focus({ preventScroll: true });
    element.scrollTo(0, 0);
  });
}

async function type(page: Page, session: CDPSession): Promise<Spent[]> {
  await page.waitForTimeout(1000);
  const costs: Spent[] = [];
  for (let key = 0; key < keystrokes; key++) {
    costs.push(await costOf(page, session, () => page.keyboard.insertText(keys[key % keys.length] ?? 'a')));
  }
  return costs;
}

function quantile(values: readonly number[], part: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN).toFixed(1);
}

if (!existsSync(join(root, 'dist/index.html'))) throw new Error('dist/ has no built page: run `npm run build` first.');
const server = await preview({ root, logLevel: 'error', preview: { port: 0 } });
const browser = await chromium.launch({ executablePath: ensureChromium(), args: [...chromiumFlags(false)] });
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  // Keeps the engine from loading its package during the measurement.
  await page.route('**/models/**', (route) => route.abort());
  await page.goto(`${server.resolvedUrls?.local[0] ?? ''}#/tokenizer`);
  await page.locator('tr[data-tokenizer="ko-20480"] [data-figure="tokens"]').waitFor({ timeout: 60_000 });
  const session = await page.context().newCDPSession(page);
  // CPU time of the thread: wall-clock time would include other work on the machine.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  console.log([...(await machine()), `Chromium ${browser.version()}`].join('\n'));
  if (!process.argv.includes('--long-only')) await keystrokeTable(page, session);
  const empty = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await openEmptyPage(empty, page.url());
  console.log('\nKorean without spaces: median (most) of the processor time\n');
  const [lab, floor] = [
    { page, input: '#tokenizer-input' },
    { page: empty, input: 'textarea' },
  ];
  await longTextTable(browser, lab, floor);
} finally {
  await browser.close();
  await server.close();
}

async function keystrokeTable(page: Page, session: CDPSession): Promise<void> {
  const idle: Spent[] = [];
  for (let round = 0; round < 20; round++) idle.push(await costOf(page, session, () => Promise.resolve()));
  const row = (name: string, costs: readonly Spent[]) => {
    const tasks = costs.map((cost) => cost.TaskDuration);
    const median = (metric: (typeof METRICS)[number]) =>
      quantile(
        costs.map((cost) => cost[metric]),
        0.5,
      );
    const spread = `${quantile(tasks, 0.5)} | ${quantile(tasks, 0.95)} | ${quantile(tasks, 1)}`;
    return `| ${name} | ${spread} | ${median('ScriptDuration')} | ${median('RecalcStyleDuration')} | ${median('LayoutDuration')} |`;
  };
  console.log('\n| characters | median | 95 % | most | script | style | layout |');
  console.log('| --- | --: | --: | --: | --: | --: | --: |');
  console.log(row('none typed', idle));
  // Measured first: the browser has not compiled hot code yet, so the first keystrokes are the slowest.
  console.log(row('10,000, the first keystrokes of a visit', await typed(page, session, 10_000)));
  for (let key = 0; key < warmUp; key++) {
    await page.keyboard.insertText(keys[key % keys.length] ?? 'a');
    await page.waitForTimeout(60);
  }
  for (const length of lengths) console.log(row(length.toLocaleString('en'), await typed(page, session, length)));
  console.log(row('10,000, a text area in an empty page', await typeInEmptyPage(page, session, 10_000)));
  await page.goto(`${server.resolvedUrls?.local[0] ?? ''}#/tokenizer`);
  await page.locator('tr[data-tokenizer="ko-20480"] [data-figure="tokens"]').waitFor({ timeout: 60_000 });
}
