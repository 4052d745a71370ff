/** The exam lab with the teaching model: questions from files, a reload in the middle, results for others, and the same answers in Node. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, type Locator, type Page } from '@playwright/test';
import { DEFAULT_PACKAGE } from '#core/protocol/default-package.ts';
import { openPage, patience } from './page.ts';
import { test } from './test.ts';

test.setTimeout(400_000);

const data = 'tests/fixtures/exam/doctor-test';
const run = (page: Page): Locator => page.getByTestId('exam-run');
const answered = async (page: Page) => Number(await run(page).getAttribute('data-answered'));

async function downloaded(page: Page, button: string | RegExp): Promise<{ name: string; text: string }> {
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: button }).click();
  const file = await download;
  return { name: file.suggestedFilename(), text: await readFile(await file.path(), 'utf8') };
}

/** What the answers of both have in common. */
interface Answer {
  doc_id: number;
  filtered: string;
  text: string;
}

async function answersInNode(): Promise<Answer[]> {
  const folder = `public/models/${DEFAULT_PACKAGE.folder}`;
  const args = ['tsx', 'cli/exam/main.ts', '--package', folder, '--data', `${data}.parquet`, '--json'];
  const { stdout } = await promisify(execFile)('npx', args, { maxBuffer: 2 ** 26 });
  const { answers }: { answers: { docId: number; chosen: string | null; text: string }[] } = JSON.parse(stdout);
  return answers.map(({ docId, chosen, text }) => ({ doc_id: docId, filtered: chosen ?? '', text }));
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

  await page.getByRole('button', { name: '20문제 풀기 시작' }).click(patience);
  await expect.poll(() => answered(page), { timeout: 300_000, intervals: [100] }).toBeGreaterThanOrEqual(7);
  await page.reload();
  await expect(run(page)).toHaveAttribute('data-state', 'paused', patience);
  const kept = await answered(page);
  expect(kept).toBeGreaterThanOrEqual(7);
  expect(kept).toBeLessThan(20);
  await expect(sets).toHaveCount(2);
  await page.getByRole('button', { name: '이어서 풀기' }).click(patience);
  await expect(run(page)).toHaveAttribute('data-state', 'done', { timeout: 300_000 });

  const results = await downloaded(page, 'lm-eval 결과(JSON)');
  expect(results.name).toMatch(/^results_.+\.json$/);
  const samples = await downloaded(page, /^lm-eval 답안/);
  expect(samples.name).toMatch(/^samples_kormedmcqa_doctor_.+\.jsonl$/);
  const lines: { doc_id: number; filtered_resps: string[]; resps: string[][]; exact_match: number }[] = samples.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const right = lines.filter(({ exact_match }) => exact_match === 1).length;
  expect(JSON.parse(results.text).results.kormedmcqa_doctor['exact_match,extract_answer']).toBe(right / 20);
  await expect(page.locator('[data-group="exam doctor"]')).toContainText(`${right} / 20`);
  const inPage = lines.map(({ doc_id, filtered_resps, resps }) => ({
    ...{ doc_id, filtered: filtered_resps[0] ?? '', text: resps[0]?.[0] ?? '' },
  }));
  expect(inPage).toEqual(await answersInNode());
  expect(complaints).toEqual([]);
});

test('the page’s own questions work at once; the same again is no difference', async ({ page }) => {
  await openPage(page, '/#/exam', 'built-in');
  await page.getByRole('radio', { name: '글자 확률' }).click();
  await page.getByRole('radio', { name: '예시 5개', exact: true }).click();
  await page.getByRole('button', { name: '10문제 풀기 시작' }).click(patience);
  await expect(run(page)).toHaveAttribute('data-state', 'done', { timeout: 200_000 });
  await page.getByRole('button', { name: '지금 모델로 같은 문제 풀기' }).click();
  await expect(page.getByRole('combobox', { name: /^풀이/ })).toBeVisible();
  await expect(run(page)).toHaveAttribute('data-state', 'done', { timeout: 200_000 });
  for (const [name, place] of [
    ['첫째', 1],
    ['둘째', 2],
  ] as const) {
    await page.getByRole('button', { name: new RegExp(`^${name}`) }).click();
    await page.getByRole('option').nth(place).click();
  }
  await expect(page.getByTestId('exam-compared')).toHaveAttribute('data-verdict', 'noise');
  await expect(page.getByText('두 풀이의 설정이 같습니다.')).toBeVisible();
});
