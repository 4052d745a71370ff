/**
 * What a long text without spaces costs in the tokenizer lab: the longest task of the page's main thread, and the work of the
 * tokenizer worker, when it is pasted and when a syllable is typed into it. Run by `bench/keystroke.ts`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright';

/** The last is just below the limit, so that a syllable can be typed. */
const lengths = [1_000, 10_000, 50_000, 100_000, 199_990];
const keystrokes = 5;
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
  dur?: number;
  /** Processor time of the thread: wall-clock time would include other work on the machine. */
  tdur?: number;
  args?: { name?: string };
}

/** Milliseconds of processor time. */
interface Cost {
  longestTask: number;
  mainThread: number;
  worker: number;
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

/** Rows of a Markdown table. @param input selector of the text area */
export async function longTextRows(browser: Browser, page: Page, input: string): Promise<string[]> {
  const rows = [
    '| characters | pasted: longest task | all tasks | worker | typed: longest task | all tasks | worker |',
  ];
  rows.push('| --- | --: | --: | --: | --: | --: | --: |');
  for (const length of lengths) {
    await page.locator(input).fill('');
    await sleep(1500);
    await page.locator(input).focus();
    const text = textWithoutSpaces(length);
    const pasted = await traced(browser, page, () => page.keyboard.insertText(text));
    await page.locator(input).evaluate((element, at) => {
      if (element instanceof HTMLTextAreaElement) element.setSelectionRange(at, at);
    }, length >> 1);
    await sleep(1000);
    const typed: Cost[] = [];
    for (let key = 0; key < keystrokes; key++) {
      typed.push(await traced(browser, page, () => page.keyboard.insertText('가')));
    }
    const [median] = typed.toSorted((a, b) => a.longestTask - b.longestTask).slice(keystrokes >> 1);
    const cells = [pasted, median ?? pasted].flatMap(({ longestTask, mainThread, worker }) => [
      longestTask,
      mainThread,
      worker,
    ]);
    rows.push(`| ${length.toLocaleString('en')} | ${cells.map((cell) => cell.toFixed(0)).join(' | ')} |`);
  }
  return rows;
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
  // The page's renderer is the one that has a worker; others have no tasks to speak of.
  const cost: Cost = { longestTask: 0, mainThread: 0, worker: 0 };
  for (const { name, pid, tid, tdur = 0 } of traceEvents) {
    if (name !== 'RunTask') continue;
    const thread = threads.get(`${pid}/${tid}`) ?? '';
    const milliseconds = tdur / 1000;
    if (thread === 'CrRendererMain') {
      cost.longestTask = Math.max(cost.longestTask, milliseconds);
      cost.mainThread += milliseconds;
    } else if (thread.startsWith('DedicatedWorker')) cost.worker += milliseconds;
  }
  return cost;
}

/** Waits until nothing has been busy for a while: three idle periods in a row. */
async function quiet(page: Page): Promise<void> {
  await sleep(700);
  for (let round = 0; round < 3; round++) {
    await page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          requestIdleCallback(() => resolve());
        }),
    );
    await sleep(250);
  }
}
