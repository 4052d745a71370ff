import { expect } from '@playwright/test';
import { answers, dropFile, modelReady, openPage, patience, photograph, prompt, send, stop } from './page.ts';
import { test } from './test.ts';

test('a newcomer drops a photograph, asks in Korean, watches the figures, stops, and asks again', async ({ page }) => {
  test.setTimeout(300_000);
  const complaints = await openPage(page, '/', 'random', 'webgpu');
  await expect(page.locator('html')).toHaveAttribute('lang', 'ko');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await modelReady(page);
  await expect(page.getByText('학습되지 않은 무작위 가중치').filter({ visible: true }).first()).toBeVisible();

  await dropFile(page, photograph, 'image/jpeg');
  await expect(page.getByRole('list', { name: '첨부한 이미지' }).getByRole('img')).toHaveCount(1);
  await prompt(page).fill('이 사진에 무엇이 보이나요?');
  await prompt(page).press('Enter');
  await expect(page.getByRole('img', { name: /첨부 이미지/ })).toBeVisible();

  const text = answers(page).first().locator('.markdown');
  await expect(text).not.toBeEmpty(patience);
  const before = await text.innerText();
  await expect.poll(() => text.innerText(), patience).not.toBe(before);
  await expect(answers(page).first()).toContainText('학습되지 않은 무작위 가중치');

  const context = page.getByText(/^[\d,]+ \/ [\d,]+토큰/);
  const usedBefore = await context.innerText();
  await expect.poll(() => context.innerText(), patience).not.toBe(usedBefore);
  for (const figure of ['프리필', '첫 토큰까지', '디코드'])
    await expect(page.locator(`[data-figure="${figure}"]`)).toContainText(/\d/, patience);

  await stop(page).click();
  await expect(answers(page).first()).toContainText('여기서 멈췄습니다.', patience);

  await prompt(page).fill('고맙습니다. 한 번 더 설명해 주세요.');
  await send(page).click();
  await expect(answers(page).nth(1).locator('.markdown')).not.toBeEmpty(patience);
  // The first turn is still in the KV cache.
  await expect(page.getByText(/^캐시에서 [1-9][\d,]*, 새로 계산/)).toBeVisible(patience);
  await stop(page).click();
  await expect(answers(page).nth(1)).toContainText('여기서 멈췄습니다.', patience);
  expect(complaints).toEqual([]);
});
