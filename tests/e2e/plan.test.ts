import { expect } from '@playwright/test';
import { dropBytes, modelReady, openPage } from './page.ts';
import { test } from './test.ts';

test.setTimeout(120_000);

test('the planner: a link, a formula, a config.json, and what this machine has', async ({ page }) => {
  const complaints = await openPage(page, '/#/plan?model=4b&dtype=q4&context=4096&machine=RTX+4060');
  const verdict = page.locator('[data-fit]');
  await expect(verdict).toHaveAttribute('data-fit', 'fits');
  await expect(verdict).toContainText('RTX 4060');

  // The cache that the engine allocates, and how it comes about: with the keyboard.
  const cache = page.locator('tr[data-purpose="kv"] button');
  await expect(cache).toHaveText('497MB');
  await page.getByRole('button', { name: '링크 복사' }).focus();
  while (!(await cache.evaluate((element) => element === document.activeElement))) await page.keyboard.press('Tab');
  const card = page.getByRole('dialog', { name: 'KV 캐시' });
  await expect(card).toContainText('local_layers · local_rows + global_layers · context');
  await expect(card).toContainText('497,187,840바이트');
  await page.keyboard.press('Escape');
  await expect(card).toBeHidden();

  // A phone has no room for it; what is offered makes it fit.
  await page.goto('/#/plan?model=4b&dtype=q4&context=8192&machine=Phone%2C+8+GB');
  await expect(verdict).toHaveAttribute('data-fit', 'too-large');
  await verdict.getByRole('button', { name: '적용' }).first().click();
  await expect(verdict).not.toHaveAttribute('data-fit', 'too-large');

  const config = { architectures: ['Gemma3ForCausalLM'], num_hidden_layers: 2, hidden_size: 640, head_dim: 32 };
  await dropBytes(page, '#plan', 'config.json', 'application/json', Buffer.from(JSON.stringify(config)));
  await expect(verdict).toContainText('config.json');
  await expect(page.locator('tr[data-purpose="vision"]')).toHaveCount(0);
  await dropBytes(page, '#plan', 'config.json', 'application/json', Buffer.from('{"architectures": ["Llama"]}'));
  await expect(page.getByRole('alert').filter({ hasText: 'Llama' })).toBeVisible();

  // The software adapter is named, and gives what little is asked of it.
  const here = page.getByTestId('preflight');
  await expect(here).toContainText('소프트웨어 GPU');
  await here.getByRole('button', { name: '메모리와 대역폭 재기' }).click();
  await expect(page.getByTestId('probed')).toContainText('여기까지만 시험했습니다', { timeout: 60_000 });
  await expect(page.getByTestId('probed')).toContainText('268MB');
  await expect(verdict).toContainText('이 기기', { timeout: 60_000 });

  // The model dialog says it of the package that it offers.
  await page.goto('/#/chat');
  await modelReady(page);
  await page.getByRole('button', { name: '모델 바꾸기' }).click();
  const offered = page.getByRole('dialog').getByTestId('package-fit').first();
  await expect(offered.locator('[data-fit-part="storage"]')).toContainText('내려받을 크기는');
  await expect(offered.locator('[data-fit-part="memory"]')).toContainText('CPU에서');
  expect(complaints).toEqual([]);
});
