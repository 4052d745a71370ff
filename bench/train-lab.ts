/**
 * How long a class waits in the training lab: the built page with the teaching model, a task with its own settings, on the CPU. From the press of "start" to the
 * first changed answer to the fixed question, to 90 % of the unseen phantoms, and to the end:
 *
 *     npm run build && npx tsx bench/train-lab.ts [--task patient-side] [--lang ko] [--seed N]
 */
import { Command } from 'commander';
import { openBrowser } from './browser.ts';
import { machine } from './machine.ts';
import { built, serveSite } from './site.ts';
import { workerTime } from './worker-time.ts';

const flags = new Command('train-lab')
  .option('--task <name>', 'of the lab', 'patient-side')
  .option('--lang <code>', 'of questions and answers', 'ko')
  .option('--seed <number>', 'of data, order and adapter', Number, 0)
  .option('--steps <number>', 'in place of those that the task was measured with', Number)
  .parse()
  .opts<{ task: string; lang: string; seed: number; steps?: number }>();

interface Seen {
  step: number;
  answer: string;
  isRight: boolean;
  /** Of the unseen phantoms, 0 … 1. */
  share: number;
}

const patience = { timeout: 900_000 };
const site = await serveSite(built);
const browser = await openBrowser(`${site.url}manifest.webmanifest`, 'no');
const { page, profile } = browser;
try {
  const recipe = new URLSearchParams({ task: flags.task, lang: flags.lang, seed: String(flags.seed) });
  if (flags.steps !== undefined) recipe.set('steps', String(flags.steps));
  console.log([...(await machine()), `Chromium ${browser.version}, CPU provider, ${recipe.toString()}`].join('\n'));
  await page.addInitScript(() => localStorage.setItem('settings', JSON.stringify({ provider: 'wasm' })));
  await page.goto(`${site.url}?lang=en#/train?${recipe.toString()}`);
  const start = page.getByRole('button', { name: 'Start training' });
  await start.click({ ...patience });
  const begin = performance.now();
  const processorBefore = await workerTime(profile);
  const run = page.getByTestId('train-run');
  const rows: (Seen & { seconds: number; processor: number })[] = [];
  console.log('\n| after step | s | processor, s | unseen phantoms | fixed answer |\n| --: | --: | --: | --: | --- |');
  for (;;) {
    await page
      .locator('[data-milestone]')
      .nth(rows.length)
      .or(page.locator('[data-testid=train-run]:not([data-state=preparing]):not([data-state=training])'))
      .first()
      .waitFor(patience);
    const seen = await milestones();
    for (const each of seen.slice(rows.length)) {
      const row = {
        ...each,
        seconds: (performance.now() - begin) / 1000,
        // The worker is ended with the last step, and what it computed is not counted any more.
        processor: Math.max(rows.at(-1)?.processor ?? 0, ((await workerTime(profile)) - processorBefore) / 1000),
      };
      rows.push(row);
      console.log(
        `| ${row.step} | ${row.seconds.toFixed(0)} | ${row.processor.toFixed(0)} | ${(100 * row.share).toFixed(0)} % | ${row.isRight ? 'right' : 'wrong'}: ${row.answer} |`,
      );
    }
    if (seen.length > rows.length) continue;
    const state = await run.getAttribute('data-state');
    if (state !== 'preparing' && state !== 'training') break;
  }
  const first = rows[0];
  const turned = rows.find(({ answer }) => answer !== first?.answer);
  const learnt = rows.find(({ share }) => share >= 0.9);
  const text = (row: (typeof rows)[number] | undefined) =>
    row ? `${row.seconds.toFixed(0)} s (step ${row.step}, ${row.processor.toFixed(0)} s of processor time)` : 'never';
  console.log(
    `\nfirst changed answer: ${text(turned)}\n90 % of unseen phantoms: ${text(learnt)}\nend: ${text(rows.at(-1))}`,
  );
} finally {
  await browser.close();
  await site.close();
}

/** As the table of the lab shows them. */
async function milestones(): Promise<Seen[]> {
  return page.locator('[data-milestone]').evaluateAll((all) =>
    all.map((row) => {
      const [exact = NaN, rows = NaN] = (row.querySelector('.figures')?.firstChild?.textContent ?? '')
        .split('/')
        .map(Number);
      return {
        step: Number(row.getAttribute('data-milestone')),
        answer: row.querySelector('q')?.textContent?.trim() ?? '',
        isRight: row.getAttribute('data-right') === 'true',
        share: exact / rows,
      };
    }),
  );
}
