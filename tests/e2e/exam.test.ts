/** The exam lab with the teaching model: questions from files, a reload in the middle, results for others, and the same answers in Node. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, type Locator, type Page } from '@playwright/test';
import { DEFAULT_PACKAGE } from '#core/protocol/default-package.ts';
import { openPage, patience } from './page.ts';
import { test } from './test.ts';

test.setTimeout(240_000);

const data = 'tests/fixtures/exam/doctor-test';
const run = (page: Page): Locator => page.getByTestId('exam-run');
const answered = async (page: Page) => Number(await run(page).getAttribute('data-answered'));

async function downloaded(page: Page, button: string | RegExp): Promise<{ name: string; text: string }> {
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: button }).click();
  const file = await download;
  return { name: file.suggestedFilename(), text: await readFile(await file.path(), 'utf8') };
}

/** The samples of a run, as the page exports them. */
async function samplesOf(page: Page, task: string): Promise<Sample[]> {
  const { name, text } = await downloaded(page, /^lm-eval 답안/);
  expect(name).toMatch(new RegExp(`^samples_${task}_\\d.+\\.jsonl$`));
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

interface Sample {
  doc_id: number;
  resps: [[string]][];
  filtered_resps: string[];
  exact_match: number;
}

interface NodeAnswer {
  docId: number;
  chosen: string | null;
  text: string;
  logProbabilities: Record<string, number>;
}

async function answersInNode(...options: string[]): Promise<NodeAnswer[]> {
  const folder = `public/models/${DEFAULT_PACKAGE.folder}`;
  const args = ['tsx', 'cli/exam/main.ts', '--package', folder, '--data', `${data}.parquet`, '--json', ...options];
  const { stdout } = await promisify(execFile)('npx', args, { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout).answers;
}

test('twenty questions survive a reload at question 7, their results are exported, and Node answers the same', async ({
  page,
}) => {
  const complaints = await openPage(page, '/#/exam', 'built-in');
  const sets = page.locator('[data-set^="doctor"]');
  await page.getByTestId('exam-files').setInputFiles(`${data}.csv`);
  await expect(sets).toHaveCount(1);
  await page.getByTestId('exam-files').setInputFiles(`${data}.parquet`);
  await expect(sets).toHaveCount(2);

  // In a turn the teaching model ends its answers soon; without one it writes on to the end of the context.
  await page.getByRole('switch', { name: '대화 템플릿에 넣기' }).click();
  const begin = page.getByRole('button', { name: '20문제 풀기 시작' });
  await begin.click(patience);
  const reloaded = page.waitForEvent('load', patience);
  // From within, so that no answer comes between question 7 and the reload.
  await page.evaluate(() => {
    const answered = () => Number(document.querySelector<HTMLElement>('[data-answered]')?.dataset['answered'] ?? 0);
    const reload = () => answered() >= 7 && location.reload();
    new MutationObserver(reload).observe(document.body, { subtree: true, childList: true, attributes: true });
    reload();
  });
  await reloaded;
  await expect(run(page)).toHaveAttribute('data-state', 'paused', patience);
  const kept = await answered(page);
  // The page may be gone before the seventh is in the database: it is asked again.
  expect(kept).toBeGreaterThanOrEqual(6);
  expect(kept).toBeLessThan(20);
  await expect(sets).toHaveCount(2);
  await page.getByRole('button', { name: '이어서 풀기' }).click(patience);
  await expect(run(page)).toHaveAttribute('data-state', 'done', patience);

  const results = await downloaded(page, 'lm-eval 결과(JSON)');
  expect(results.name).toMatch(/^results_.+\.json$/);
  const samples = await samplesOf(page, 'kormedmcqa_doctor');
  const right = samples.filter(({ exact_match }) => exact_match === 1).length;
  expect(JSON.parse(results.text).results.kormedmcqa_doctor['exact_match,extract_answer']).toBe(right / 20);
  await expect(page.locator('[data-group="exam doctor"]')).toContainText(`${right} / 20`);
  const written = await answersInNode('--chat-template');
  expect(samples.map(({ doc_id, resps, filtered_resps }) => [doc_id, resps[0]?.[0], filtered_resps[0]])).toEqual(
    written.map(({ docId, chosen, text }) => [docId, text, chosen ?? '']),
  );

  // The letters: other answers, other numbers, under another name.
  await page.getByRole('radio', { name: '글자 확률' }).click();
  await page
    .getByRole('radio', { name: /^doctor/ })
    .last()
    .click();
  await begin.click(patience);
  await expect(run(page)).toHaveAttribute('data-state', 'running');
  await expect(run(page)).toHaveAttribute('data-state', 'done', patience);
  const byLetters = await samplesOf(page, 'kormedmcqa_doctor_letters');
  const inNode = await answersInNode('--way', 'letters');
  expect(byLetters.map(({ doc_id }) => doc_id)).toEqual(inNode.map(({ docId }) => docId));
  for (const [at, { logProbabilities }] of inNode.entries())
    for (const [place, value] of Object.values(logProbabilities).entries())
      expect(Number(byLetters[at]?.resps[place]?.[0][0])).toBeCloseTo(value, 3);
  expect(complaints).toEqual([]);
});

test('the page’s own questions work at once; the same again is no difference', async ({ page }) => {
  await openPage(page, '/#/exam', 'built-in');
  await page.getByRole('radio', { name: '글자 확률' }).click();
  await page.getByRole('radio', { name: '예시 5개', exact: true }).click();
  await page.getByRole('button', { name: '10문제 풀기 시작' }).click(patience);
  await expect(run(page)).toHaveAttribute('data-state', 'done', { timeout: 90_000 });
  await page.getByRole('button', { name: '지금 모델로 같은 문제 풀기' }).click();
  await expect(page.getByRole('combobox', { name: /^풀이/ })).toBeVisible();
  await expect(run(page)).toHaveAttribute('data-state', 'done', { timeout: 90_000 });
  for (const [name, place] of [
    ['첫째', 1],
    ['둘째', 2],
  ] as const) {
    await page.getByRole('combobox', { name: new RegExp(`^${name}`) }).click();
    await page.getByRole('option').nth(place).click();
  }
  await expect(page.getByTestId('exam-compared')).toHaveAttribute('data-verdict', 'noise');
  await expect(page.getByText('두 풀이의 설정이 같습니다.')).toBeVisible();
});
