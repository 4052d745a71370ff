/**
 * What a long text without spaces costs in the tokenizer lab: the longest task of the page's main thread when it is pasted and when
 * a syllable is typed at its end and in its middle, beside the same in a text area in an empty page. Run by `bench/keystroke.ts`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright';

/** The last is just below the limit, so that syllables can be typed. */
const lengths = [1_000, 10_000, 30_000, 50_000, 100_000, 199_980];
const rounds = 3;
const WORDS =
  '환자는 열이있고 기침을 합니다 우측폐에 결절이 보여 흉부촬영을 다시하고 혈압은 높았으며 통증도 심해져서 약을 드셨습니다'.split(
    ' ',
  );

/** An event of Chromium's trace; times in microseconds. */
interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  /** Processor time of the thread: wall-clock time would include other work on the machine. */
  tdur?: number;
  args?: { name?: string };
}

/** Milliseconds of processor time. */
interface Cost {
  longestTask: number;
  worker: number;
}

const ACTS = ['pasted', 'typed at the end', 'typed in the middle'] as const;
type Costs = Record<(typeof ACTS)[number], Cost[]>;

/** A page with a text area. */
interface Place {
  page: Page;
  input: string;
}

/** Korean without a space, a mark or a line end; the words follow each other at random, the same in every run. */
export function textWithoutSpaces(length: number): string {
  let state = 1;
  let text = '';
  while (text.length < length) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    text += WORDS[(state >>> 16) % WORDS.length] ?? '';
  }
  return text.slice(0, length);
}

/** Prints a Markdown table, row by row. @param floor an empty page whose text area has the same font */
export async function longTextTable(browser: Browser, lab: Place, floor: Place): Promise<void> {
  const columns = ACTS.map((act) => `${act}: text area alone | lab | ratio | worker`);
  console.log(`| characters | ${columns.join(' | ')} |`);
  console.log(`| ---: |${' --: |'.repeat(4 * ACTS.length)}`);
  for (const length of lengths) {
    const ofLab = noCosts();
    const ofFloor = noCosts();
    for (let round = 0; round < rounds; round++) {
      // In turns, so that what else the machine does falls on both.
      await measure(browser, floor, length, ofFloor);
      await measure(browser, lab, length, ofLab);
    }
    const cells = ACTS.map((act) => {
      const [alone, inLab] = [ofFloor[act], ofLab[act]].map((costs) => costs.map((cost) => cost.longestTask));
      const worker = median(ofLab[act].map((cost) => cost.worker)).toFixed(0);
      return `${spread(alone)} | ${spread(inLab)} | ${(median(inLab) / median(alone)).toFixed(1)} | ${worker}`;
    });
    console.log(`| ${length.toLocaleString('en')} | ${cells.join(' | ')} |`);
  }
}

function noCosts(): Costs {
  return { pasted: [], 'typed at the end': [], 'typed in the middle': [] };
}

async function measure(browser: Browser, { page, input }: Place, length: number, costs: Costs): Promise<void> {
  await page.bringToFront();
  const area = page.locator(input);
  await area.fill('');
  await sleep(400);
  await area.focus();
  const text = textWithoutSpaces(length);
  costs.pasted.push(await traced(browser, page, () => page.keyboard.insertText(text)));
  const type = async (at: number) => {
    await area.evaluate((element, place) => {
      if (element instanceof HTMLTextAreaElement) element.setSelectionRange(place, place);
    }, at);
    await sleep(200);
    return await traced(browser, page, () => page.keyboard.insertText('가'));
  };
  costs['typed at the end'].push(await type(length));
  costs['typed in the middle'].push(await type(length >> 1));
  const there = await area.inputValue();
  if (there.length !== length + 2) throw new Error(`The text area has ${there.length} characters, not ${length + 2}.`);
}

function median(values: readonly number[] = []): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

/** Median, and the most in parentheses. */
function spread(values: readonly number[] = []): string {
  return `${median(values).toFixed(0)} (${Math.max(...values).toFixed(0)})`;
}

async function traced(browser: Browser, page: Page, act: () => Promise<void>): Promise<Cost> {
  await browser.startTracing(page, { categories: ['disabled-by-default-devtools.timeline', '__metadata'] });
  await act();
  await quiet(page);
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const threads = new Map<string, string>();
  for (const { name, ph, pid, tid, args } of traceEvents) {
    if (ph === 'M' && name === 'thread_name') threads.set(`${pid}/${tid}`, args?.name ?? '');
  }
  // The other renderers are hidden and have no tasks to speak of.
  const cost: Cost = { longestTask: 0, worker: 0 };
  for (const { name, pid, tid, tdur = 0 } of traceEvents) {
    if (name !== 'RunTask') continue;
    const thread = threads.get(`${pid}/${tid}`) ?? '';
    const milliseconds = tdur / 1000;
    if (thread === 'CrRendererMain') cost.longestTask = Math.max(cost.longestTask, milliseconds);
    else if (thread.startsWith('DedicatedWorker')) cost.worker += milliseconds;
  }
  return cost;
}

/** Waits until nothing has been busy for a while: idle periods in a row. */
async function quiet(page: Page): Promise<void> {
  await sleep(500);
  for (let round = 0; round < 2; round++) {
    await page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          requestIdleCallback(() => resolve());
        }),
    );
    await sleep(150);
  }
}
