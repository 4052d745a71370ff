/** Files as radiology and phones make them: read right, or refused by their name, when they are attached. */
import { readFileSync } from 'node:fs';
import { expect, type Page } from '@playwright/test';
import { dicomFile } from '../reference/dicom-cases.ts';
import { answers, dropFiles, modelReady, openPage, patience, prompt, send, stop } from './page.ts';
import { test } from './test.ts';

const file = (name: string) => ({ name, bytes: readFileSync(`tests/fixtures/cases/images/${name}`) });
const attached = (page: Page) => page.getByRole('list', { name: '첨부한 이미지' }).getByRole('img');
const dialog = (page: Page) => page.getByRole('dialog', { name: 'DICOM 영상' });
const picture = (page: Page) =>
  dialog(page)
    .locator('canvas')
    .evaluate((canvas) => (canvas instanceof HTMLCanvasElement ? canvas.toDataURL() : ''));

test('of one drop, what can be read is kept and the rest is named with the next step', async ({ page }) => {
  await openPage(page);
  await dropFiles(page, [
    ...['corrupt.jpg', 'empty.png', 'photo.heic', 'plain.tiff', 'logo.svg', 'scan.dcm'].map(file),
    { name: 'words.tsv', bytes: Buffer.from('word\t낱말\n') },
    ...['chart-transparent-white.png', 'grey16-12bit.png', 'anim.gif', 'png-without-extension'].map(file),
  ]);
  const refused = page.getByRole('alert').filter({ hasText: 'HEIC' });
  await expect(refused.getByRole('listitem')).toHaveCount(7, patience);
  for (const [name, words] of [
    ['corrupt.jpg', '파일이 중간에 끊겼습니다'],
    ['empty.png', '빈 파일입니다'],
    ['photo.heic', '높은 호환성'],
    ['plain.tiff', 'PNG로 저장'],
    ['logo.svg', 'PNG로 내보내거나'],
    ['words.tsv', '토크나이저 랩'],
    ['scan.dcm', 'its transfer syntax is missing'],
  ] as const) {
    await expect(refused.getByRole('listitem').filter({ hasText: name })).toContainText(words);
  }
  await expect(attached(page)).toHaveCount(4);
  await expect(page.getByText('12비트만 쓰고 있어')).toBeVisible();
  await expect(page.getByText('모델은 첫 장면만 봅니다')).toBeVisible();
  await expect(page.getByText('투명도를 뺀 색')).toBeVisible();
});

test('a CT slice: its window is chosen, and what is shown is sent', async ({ page }) => {
  const complaints = await openPage(page);
  await modelReady(page);
  // Without extension and type, as a CD from the hospital has it.
  await dropFiles(page, [{ name: 'IM000001', bytes: Buffer.from(dicomFile('CT with three windows')) }]);
  const window = dialog(page).getByRole('combobox', { name: /윈도/ });
  await expect(window).toContainText('SOFT', patience);
  const soft = await picture(page);
  await window.click();
  await page.getByRole('option', { name: /LUNG/ }).click();
  await expect(dialog(page).getByRole('spinbutton', { name: '중심' })).toHaveValue('-600');
  const lung = await picture(page);
  expect(lung).not.toBe(soft);
  await dialog(page).getByRole('spinbutton', { name: '폭' }).fill('200');
  await dialog(page).getByRole('spinbutton', { name: '폭' }).press('Enter');
  await expect(window).toContainText('직접 조절');
  await expect.poll(() => picture(page)).not.toBe(lung);
  await dialog(page).getByRole('button', { name: '영상 넣기' }).click();
  await expect(attached(page)).toHaveCount(1);
  await prompt(page).fill('무엇이 보이나요?');
  await send(page).click();
  await stop(page).click(patience);
  await expect(answers(page)).toHaveCount(1);
  expect(complaints).toEqual([]);
});

test('a series of slices, with its cost in tokens', async ({ page }) => {
  await openPage(page);
  await modelReady(page);
  const slices = [2, 1, 4, 3].map((number) => ({
    name: `slice-${number}.dcm`,
    bytes: Buffer.from(dicomFile(`slice ${number}`)),
  }));
  await dropFiles(page, [...slices, { name: 'named.dcm', bytes: Buffer.from(dicomFile('identifying')) }]);
  // The fifth has the same SeriesInstanceUID.
  await expect(dialog(page).getByText('전체 5장')).toBeVisible(patience);
  await expect(dialog(page).getByText(/5장 가운데 고르게 5장을 골라/)).toBeVisible();
  await dialog(page).getByRole('button', { name: '5장 넣기' }).click();
  await expect(attached(page)).toHaveCount(5);
  await expect(page.getByText(/이미지 5장 · 약 [\d,]+토큰/)).toBeVisible();
  await page.getByRole('button', { name: '모두 빼기' }).click();
  await expect(attached(page)).toHaveCount(0);
});
