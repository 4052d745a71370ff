/** The memory dialog: where a model's memory went, what was planned, and what can be saved. */
import { readFile } from 'node:fs/promises';
import { expect, type Page } from '@playwright/test';
import { modelReady, openPage, patience, prompt, send, stop, type Provider } from './page.ts';
import { test } from './test.ts';

const full = process.env['TEST_FULL'] === '1';

/** Asks something, stops, and opens the dialog. */
async function openLedger(page: Page, provider: Provider) {
  const complaints = await openPage(page, '/', 'random', provider);
  await modelReady(page);
  await prompt(page).fill('왼쪽 폐');
  await send(page).click();
  await expect(page.getByRole('article', { name: '모델' })).toContainText(/\S/u, patience);
  await stop(page).click();
  await expect(send(page)).toBeVisible(patience);
  await page.getByRole('button', { name: '메모리 흐름' }).click();
  const dialog = page.getByRole('dialog', { name: '메모리 흐름' });
  await expect(dialog.getByRole('img')).toBeVisible();
  return { dialog, complaints };
}

/** What the JSON button saves. */
async function saved(page: Page): Promise<{ samples: { phase?: string; gpu?: object }[]; planned?: object[] }> {
  const started = page.waitForEvent('download');
  await page.getByRole('button', { name: 'JSON으로 저장' }).click();
  return JSON.parse(await readFile(await (await started).path(), 'utf8'));
}

test('on the CPU: what there is, no zeros of a GPU, and the phases', async ({ page }) => {
  const { dialog, complaints } = await openLedger(page, 'auto');
  await expect(dialog).toContainText('GPU 메모리를 쓰지 않습니다');
  await expect(dialog.locator('table')).toHaveCount(0);
  await expect(dialog.locator('[data-memory="stats.heap.wasm"]')).toContainText('MB');
  await expect(dialog.locator('[data-memory="stats.cpu.weights"]')).toContainText('MB');
  // Keys and values of 8 layers with 2 heads of 32, float32: 4,096 bytes.
  await expect(dialog.locator('[data-memory="kv-growth"]')).toContainText('4.1kB');
  await dialog.getByRole('button', { name: '표로 보기' }).click();
  for (const phase of ['열기', '프리필', '디코드']) await expect(dialog.locator('table')).toContainText(phase);
  const { samples, planned } = await saved(page);
  expect(planned).toBeUndefined();
  expect(samples.filter(({ gpu }) => gpu !== undefined)).toEqual([]);
  expect(samples.map(({ phase }) => phase)).toEqual(expect.arrayContaining(['load', 'prefill', 'decode']));
  expect(complaints).toEqual([]);
});

test('on WebGPU: the plan beside the measurement', async ({ page }) => {
  test.skip(!full, 'minutes on a software adapter: npm run test:full');
  test.setTimeout(600_000);
  const { dialog } = await openLedger(page, 'webgpu');
  for (const purpose of ['weights', 'vision', 'kv', 'fixed'])
    await expect(dialog.locator(`[data-memory="${purpose}"] td`).last()).toContainText(/^[+−-]?[01](\.\d+)?%$/u);
  await dialog.locator('[data-memory="kv"] button').click();
  await expect(page.getByRole('dialog', { name: 'KV 캐시' })).toContainText('kv_heads');
  expect((await saved(page)).planned?.length).toBeGreaterThanOrEqual(5);
});
