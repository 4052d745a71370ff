import { expect, test, type Locator, type Page } from '@playwright/test';
import { openPage, patience } from './page.ts';

/**
 * The page was opened with a connection, which is gone before a lab is looked at for the first time: nothing of the lab's is
 * here. It says so in plain words, offers to try again, spins for ever nowhere, and works once the connection is back.
 */
async function goOffline(page: Page): Promise<void> {
  await openPage(page, '/#/chat');
  await expect(page.getByRole('main').first()).toBeVisible(patience);
  await page.context().setOffline(true);
}

async function visit(page: Page, lab: string): Promise<Locator> {
  await page.evaluate((name) => {
    location.hash = `#/${name}`;
  }, lab);
  // By its text: the lab itself, or what stands for it while its code cannot be fetched.
  return page.getByRole('alert').filter({ visible: true }).first();
}

const retry = (page: Page) =>
  page.getByRole('alert').filter({ visible: true }).getByRole('button', { name: /다시/ }).first();

/** Presses what is offered, as often as another part of the lab is still to be fetched, until it is there. */
async function retryUntil(page: Page, there: Locator): Promise<void> {
  await expect(async () => {
    if (await retry(page).isVisible()) await retry(page).click();
    await expect(there).toBeVisible({ timeout: 5_000 });
  }).toPass(patience);
}

const labs: readonly (readonly [string, (page: Page) => Locator])[] = [
  ['tokenizer', (page) => page.locator('tr[data-tokenizer="base"] [data-figure="tokens"]')],
  ['lora', (page) => page.locator('#lora').getByRole('button', { name: '걸기' }).first()],
  ['quant', (page) => page.getByTestId('inspection')],
];

for (const [lab, there] of labs) {
  test(`${lab}: without a connection says so, and works when it is back`, async ({ page }) => {
    await goOffline(page);
    const alert = await visit(page, lab);
    await expect(alert).toContainText(/연결/, { timeout: 30_000 });
    await expect(retry(page)).toBeVisible();
    await expect(page.getByRole('progressbar').filter({ visible: true })).toHaveCount(0, { timeout: 10_000 });
    await expect(there(page)).toBeHidden();

    // Pressed while there is still none: the same words again.
    await retry(page).click();
    await expect(alert).toContainText(/연결/, { timeout: 30_000 });

    await page.context().setOffline(false);
    await retryUntil(page, there(page));
    await expect(page.getByRole('alert').filter({ visible: true })).toHaveCount(0);
  });
}
