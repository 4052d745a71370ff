import { expect, type Locator, type Page } from '@playwright/test';
import { openPage, patience, type Provider } from './page.ts';

export const input = (page: Page): Locator => page.getByRole('textbox', { name: /비교할 글|Text to compare/ });
export const row = (page: Page, key: string): Locator => page.locator(`tr[data-tokenizer="${key}"]`);
export const tokens = (page: Page, key: string): Locator => row(page, key).locator('[data-figure="tokens"]');
/** Tokens of the sentence at `unit` through a tokenizer. */
export const cells = (page: Page, key: string, unit = 0): Locator =>
  page.locator('[data-unit]').nth(unit).locator(`[data-lane="${key}"] [role="option"]`);

export const tokenCard = (page: Page): Locator => page.getByRole('status', { name: /가리킨 토큰|Selected token/ });

/** Opens the lab and waits until the tokenizers count that are there from the start. */
export async function openLab(page: Page, address = '/#/tokenizer', provider: Provider = 'auto'): Promise<string[]> {
  const complaints = await openPage(page, address, 'random', provider);
  await expect(tokens(page, 'ko-20480')).toBeVisible(patience);
  return complaints;
}

export async function shownCounts(page: Page): Promise<Record<string, number>> {
  const keys = await page
    .locator('tr[data-tokenizer]')
    .evaluateAll((rows) => rows.map((each) => each.dataset['tokenizer']));
  const counts: Record<string, number> = {};
  for (const key of keys) {
    // Packs that are offered and not loaded have no count.
    if (key === undefined || (await tokens(page, key).count()) === 0) continue;
    counts[key] = Number((await tokens(page, key).innerText()).replaceAll(',', ''));
  }
  return counts;
}

export function textFile(name: string, contents: string | Uint8Array) {
  return { name, mimeType: 'application/octet-stream', buffer: Buffer.from(contents) };
}
