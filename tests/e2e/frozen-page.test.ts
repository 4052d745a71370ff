/** Work that never ends: Stop ends it, the worker is replaced, and the model answers again without a reload of the page. */
import { existsSync } from 'node:fs';
import { expect, type Page } from '@playwright/test';
import { DEFAULT_PACKAGE } from '#core/protocol/default-package.ts';
import { card, openLora } from './lora-page.ts';
import { answers, modelReady, openPage, patience, prompt, send, stop } from './page.ts';
import { test } from './test.ts';

test.setTimeout(300_000);

/** Stop has to end things within two seconds; the rest is for a machine that does other things too. */
const stopped = { timeout: 10_000 };
const reopened = '응답이 없는 작업을 끝내고 모델을 다시 열었습니다. 대화는 그대로입니다.';
const hasTeachingModel = existsSync(`public/models/${DEFAULT_PACKAGE.folder}/manifest.json`);

test('a chat template that loops for ever is refused within its limits, the conversation stays, the model answers again', async ({
  page,
}) => {
  await openPage(page, '/', 'hanging-template');
  await modelReady(page);
  await prompt(page).fill('hang');
  await send(page).click();
  await expect(page.getByText('the template does not come to an end').first()).toBeVisible(patience);
  await expect(page.getByText('hang', { exact: true })).toBeVisible();
  await expectAnswer(page, 'hello');
});

test('a worker that never returns: Stop ends it, the conversation stays, the model answers again', async ({ page }) => {
  // Every part of a template, a tokenizer and a graph has limits: the worker itself is made to hang.
  await page.route('**/assets/engine.worker-*.js', async (route) => {
    const response = await route.fetch();
    const hang = `addEventListener('message', ({ data }) => { if (JSON.stringify(data)?.includes('"hang"')) for (;;); });`;
    await route.fulfill({ response, body: `${hang}\n${await response.text()}` });
  });
  await openPage(page, '/', 'random');
  await modelReady(page);
  await prompt(page).fill('hang');
  await send(page).click();
  await expect(stop(page)).toBeVisible();
  // Long enough for the message to arrive.
  await page.waitForTimeout(1000);
  await stop(page).click();
  const begin = Date.now();
  await expect(send(page)).toBeVisible(stopped);
  console.log(`the worker that hung ended ${Date.now() - begin} ms after Stop`);
  const notice = page.getByRole('alert').filter({ hasText: reopened });
  await expect(notice).toBeVisible(patience);
  await expect(page.getByText('hang', { exact: true })).toBeVisible();
  await notice.getByRole('button', { name: '닫기' }).click();
  await expect(notice).toBeHidden();
  await expectAnswer(page, 'hello');
});

async function expectAnswer(page: Page, question: string): Promise<void> {
  await prompt(page).fill(question);
  await send(page).click(patience);
  await expect.poll(async () => (await answers(page).last().innerText()).length, patience).toBeGreaterThan(24);
  await stop(page).click();
  await expect(send(page)).toBeVisible(patience);
}

test('an adapter whose pattern takes for ever is refused, stands, or is stopped; the model answers again', async ({
  page,
}) => {
  await openLora(page, hasTeachingModel ? 'built-in' : 'random');
  const folder = 'tests/fixtures/adapters/catastrophic-pattern';
  await page
    .getByTestId('adapter-files')
    .setInputFiles([`${folder}/adapter_config.json`, `${folder}/adapter_model.safetensors`]);
  const entry = card(page).last();
  await expect(entry).toBeVisible();
  // Nobody presses Stop while it may end by itself: the button could go away under the pointer.
  const ended = await expect(entry)
    .toHaveAttribute('data-state', /ready|failed/, { timeout: 15_000 })
    .then(
      () => true,
      () => false,
    );
  if (!ended) {
    const begin = Date.now();
    await page
      .getByRole('region', { name: /어댑터/ })
      .getByRole('button', { name: '멈추기' })
      .click();
    await expect(entry).toHaveAttribute('data-state', 'failed', stopped);
    await expect(page.getByRole('progressbar', { name: '가중치 옆에 거는 중입니다' })).toBeHidden(stopped);
    console.log(`the adapter ended ${Date.now() - begin} ms after Stop`);
    await expect(page.getByRole('alert').filter({ hasText: reopened })).toBeVisible(patience);
  }
  await page.goto('/#/chat');
  await prompt(page).fill('안녕하세요');
  await send(page).click(patience);
  await expect.poll(async () => (await answers(page).last().innerText()).length, patience).toBeGreaterThan(8);
});
