/** The training lab with the teaching model: an adapter is trained, stopped, continued after a reload, compared, saved and opened again. */
import { readFile } from 'node:fs/promises';
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Locator, type Page } from '@playwright/test';
import { card, side, tokenTexts } from './lora-page.ts';
import { openPage, patience } from './page.ts';
import { test } from './test.ts';

test.setTimeout(420_000);

/** For steps of a training on a machine that does other things too. */
const training = { timeout: 240_000 };

const run = (page: Page): Locator => page.getByTestId('train-run');
const milestones = (page: Page): Locator => page.locator('[data-milestone]');
const share = async (page: Page) => Number(await page.getByTestId('train-held-out').getAttribute('data-share'));

async function downloads(page: Page, button: string, count: number): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const all = new Promise<void>((resolve) => {
    page.on('download', (file) => {
      void (async () => {
        files.set(file.suggestedFilename(), await readFile(await file.path()));
        if (files.size === count) resolve();
      })();
    });
  });
  await page.getByRole('button', { name: button, exact: true }).click();
  await all;
  return files;
}

test('a recipe from a link trains, survives a reload, and gives the same answer in the LoRA lab, from there and from its files', async ({
  page,
}) => {
  const complaints = await openPage(page, '/#/train?task=polite&lang=ko&rate=0.01&steps=18', 'built-in');
  await expect(page.getByRole('radio', { name: /답하고 인사하기/ })).toBeChecked();
  // What the model answers before it is trained stands beside the wished answer.
  await expect(page.getByTestId('train-base-answer')).toContainText('두 개', patience);
  await page.getByRole('button', { name: '학습 시작' }).click(patience);
  await expect(milestones(page)).toHaveCount(3, training);
  await run(page).getByRole('button', { name: '멈추기' }).click();
  await expect(run(page)).toHaveAttribute('data-state', 'stopped', patience);
  const stopped = await run(page).getAttribute('data-step');
  const before = await milestones(page).allInnerTexts();
  expect(Number(stopped)).toBeLessThan(18);

  await page.reload();
  await expect(run(page)).toHaveAttribute('data-state', 'stopped', patience);
  await expect(run(page)).toHaveAttribute('data-step', stopped ?? '');
  expect((await milestones(page).allInnerTexts()).map((text) => text.split('\n')[0])).toEqual(
    before.map((text) => text.split('\n')[0]),
  );
  const first = await share(page);
  await run(page).getByRole('button', { name: '이어서 학습' }).click(patience);
  await expect(run(page)).toHaveAttribute('data-state', 'done', training);
  await expect(milestones(page).first()).toHaveAttribute('data-right', 'false');
  await expect(milestones(page).last()).toHaveAttribute('data-right', 'true');
  expect(await share(page)).toBeGreaterThan(Math.max(0.3, first / 2));
  const answer = (await milestones(page).last().locator('q').innerText()).trim();

  // The same seed and recipe: what is counted stands in the cost now, and the inside has grown.
  await expect(page.getByTestId('train-cost').locator('[data-figure="time"]')).toContainText('약');
  await expect(page.locator('#train-inside').getByRole('option')).toHaveCount(18);

  // axe, over a run and what is inside of it.
  const found = await new AxeBuilder({ page })
    .options({ resultTypes: ['violations'] })
    .setLegacyMode()
    .analyze();
  expect(
    found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`),
  ).toEqual([]);

  const files = await downloads(page, '파일로 받기', 3);
  expect(JSON.parse(String(files.get('adapter_config.json')))).toMatchObject({ r: 8, peft_type: 'LORA' });
  expect(String(files.get('README.md'))).toContain('polite');

  await page.getByRole('button', { name: 'LoRA 랩에서 비교하기' }).click();
  await expect(card(page, 'polite-r8')).toHaveAttribute('data-state', 'ready', patience);
  await expect(side(page, 'adapted').locator('[data-verdict="right"]')).toBeVisible(patience);
  await expect(side(page, 'base').locator('[data-verdict="wrong"]')).toBeVisible(patience);
  const compared = await tokenTexts(page, 'adapted');
  expect(compared.join('').replaceAll('␣', ' ')).toContain(answer);

  // A page that knows nothing of it opens the saved files.
  const phantom = await page.locator('#lora figure img').getAttribute('alt');
  const number = /\d+-\d+/.exec(phantom ?? '')?.[0] ?? '';
  const question = await page.getByRole('textbox', { name: '질문' }).inputValue();
  await page.goto('/');
  await page.goto(`/#/lora?${new URLSearchParams({ q: question, p: number }).toString()}`);
  await page.getByTestId('adapter-files').setInputFiles(
    ['adapter_config.json', 'adapter_model.safetensors'].map((name) => ({
      ...{ name, mimeType: 'application/octet-stream' },
      buffer: files.get(name) ?? Buffer.alloc(0),
    })),
  );
  await expect(card(page)).toHaveAttribute('data-state', 'ready', patience);
  await page.getByRole('button', { name: '두 번 답하기' }).click();
  await expect(side(page, 'adapted').locator('[data-verdict]')).toBeVisible(patience);
  expect(await tokenTexts(page, 'adapted')).toEqual(compared);
  expect(complaints).toEqual([]);
});

test('fewer than five rows of one’s own are refused, five are parted, and a table is read', async ({ page }) => {
  await openPage(page, '/#/train', 'built-in');
  await page.getByRole('radio', { name: /직접 쓴 표/ }).click();
  for (let row = 1; row <= 4; row++) {
    await page.getByRole('textbox', { name: `${row}행의 질문` }).fill(`질문 ${row}`);
    await page.getByRole('textbox', { name: `${row}행의 바라는 답` }).fill(`답 ${row}`);
  }
  const problems = page.getByTestId('own-problems');
  await expect(problems).toContainText('4행');
  const begin = page.getByRole('button', { name: '학습 시작' });
  await expect(page.getByTestId('train-obstacle')).toContainText('표를 먼저 고치세요', patience);
  await expect(begin).toBeDisabled();
  await page.getByRole('textbox', { name: '5행의 질문' }).fill('질문 1');
  await page.getByRole('textbox', { name: '5행의 바라는 답' }).fill('다른 답');
  await page.keyboard.press('Tab');
  await expect(problems).toContainText('5행은 1행과 질문과 그림이 같은데');
  await page.getByRole('textbox', { name: '5행의 질문' }).fill('질문 5');
  await page.keyboard.press('Tab');
  await expect(problems).toBeHidden();
  await expect(begin).toBeEnabled();
  await expect(page.getByTestId('own-rows').getByText('따로 둠')).toHaveCount(1);

  // Kept on the device.
  await page.reload();
  await page.getByRole('radio', { name: /직접 쓴 표/ }).click();
  await expect(page.getByRole('textbox', { name: '5행의 바라는 답' })).toHaveValue('다른 답');
  await page.getByTestId('own-files').setInputFiles({
    ...{ name: 'rows.csv', mimeType: 'text/csv' },
    buffer: Buffer.from('question,answer,image\n여섯째,답 6,\n일곱째,답 7,none.png\n'),
  });
  await expect(page.getByTestId('own-rows').getByRole('listitem')).toHaveCount(6);
  await expect(page.getByText('3행의 그림 none.png')).toBeVisible();

  // Rows that were copied in a spreadsheet, which gives a picture of them too; rows that were removed come back.
  await page.getByRole('textbox', { name: '1행의 질문' }).evaluate((cell) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', '일곱째\t답 7\r\n여덟째\t답 8\r\n');
    clipboardData.items.add(new File(['picture'], 'cells.png', { type: 'image/png' }));
    cell.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  });
  await expect(page.getByRole('textbox', { name: '8행의 바라는 답' })).toHaveValue('답 8');
  await page.getByRole('button', { name: '모두 지우기' }).click();
  await page.getByRole('button', { name: '지운 행 되살리기' }).click();
  await expect(page.getByTestId('own-rows').getByRole('listitem')).toHaveCount(8);
});
