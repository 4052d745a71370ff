/** A stick that is pulled out while its package is loaded, and while it answers; then it is plugged in again. */
import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, type Page } from '@playwright/test';
import { packageFolder } from './packages.ts';
import { answers, modelReady, patience, prompt, send, stop } from './page.ts';

test.setTimeout(240_000);
const told = (page: Page) => page.getByRole('alert').filter({ hasText: '파일을 더 이상 읽을 수 없습니다' });

test('in the load and in an answer: plain words, and plugged in again it goes on with the conversation', async ({
  page,
}) => {
  const parent = await mkdtemp(join(tmpdir(), 'stick-'));
  const [stick, away] = [join(parent, 'stick'), join(parent, 'away')];
  await cp(packageFolder('random'), stick, { recursive: true });
  const pullOut = () => rename(stick, away);
  // The same files with the same times: what was picked is readable again.
  const plugIn = () => rename(away, stick);
  try {
    await page.addInitScript(() => {
      Reflect.deleteProperty(window, 'showDirectoryPicker');
      localStorage.setItem('settings', '{"maxNewTokens":8192}');
    });
    await page.route('**/models/**', (route) => route.fulfill({ status: 404 }));
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    let isHeld = false;
    // The runtime comes after what is small in the package, and before its weights.
    await page.route('**/*.wasm', async (route) => {
      isHeld = true;
      await released;
      await route.continue();
    });
    await page.goto('/');
    await page.getByRole('button', { name: '모델 열기' }).first().click(patience);
    await page.getByTestId('folder-input').setInputFiles(stick);
    await expect.poll(() => isHeld, patience).toBe(true);
    await pullOut();
    release();
    await expect(told(page)).toBeVisible(patience);
    await expect(told(page)).toContainText('도로 꽂은 뒤 다시 시도하세요');
    await plugIn();
    await told(page).getByRole('button', { name: '모델 다시 열기' }).click();
    await modelReady(page);

    await prompt(page).fill('뽑아도 이어질 질문');
    await prompt(page).press('Enter');
    await expect(answers(page).locator('.markdown')).not.toBeEmpty(patience);
    await pullOut();
    const length = async () => (await answers(page).last().innerText()).length;
    const before = await length();
    // What is loaded needs no stick.
    await expect.poll(length, patience).toBeGreaterThan(before);
    await stop(page).click();
    await expect(send(page)).toBeVisible(patience);
    // A worker that breaks off reads the files again.
    await page.workers()[0]?.evaluate(() => {
      setTimeout(() => {
        throw new Error('crashed for the test');
      });
    });
    await expect(told(page)).toBeVisible(patience);
    await plugIn();
    await told(page).getByRole('button', { name: '모델 다시 열기' }).click();
    await modelReady(page);
    await prompt(page).fill('그다음 질문');
    await prompt(page).press('Enter');
    await expect(page.getByRole('article', { name: '나', exact: true })).toHaveText([
      '뽑아도 이어질 질문',
      '그다음 질문',
    ]);
    await expect(answers(page).last().locator('.markdown')).not.toBeEmpty(patience);
    await stop(page).click();
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
});
