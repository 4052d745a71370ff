import { expect, test, type Locator, type Page } from '@playwright/test';
import { modelReady, openPage, patience } from './page.ts';

/**
 * The page was opened with a connection, which is gone before a lab is looked at for the first time: nothing of the lab's is
 * here. It says so in plain words, offers to try again, spins for ever nowhere, and works once the connection is back.
 */
async function goOffline(page: Page): Promise<void> {
  await openPage(page, '/#/chat');
  await modelReady(page);
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

/** Offered after a second try: some versions of Chromium remember that a script did not come. */
const reload = (page: Page) =>
  page.getByRole('alert').filter({ visible: true }).getByRole('button', { name: '페이지 새로 고침' }).first();

const progress = (page: Page) =>
  page.getByRole('main').filter({ visible: true }).getByRole('progressbar').filter({ visible: true });

/** Presses what is offered, as often as another part of the lab is still to be fetched, until it is there. */
async function retryUntil(page: Page, there: Locator): Promise<void> {
  await expect(async () => {
    if (await reload(page).isVisible()) await reload(page).click();
    else if (await retry(page).isVisible()) await retry(page).click();
    await expect(there).toBeVisible({ timeout: 5_000 });
  }).toPass(patience);
  await expect(page.getByRole('alert').filter({ visible: true })).toHaveCount(0);
}

/** What a lab fetches for itself, and what is seen once it has it. */
const labs: readonly (readonly [string, RegExp, (page: Page) => Locator])[] = [
  [
    'tokenizer',
    /\/tokenizer\/gemma3\.vocabulary$/,
    (page) => page.locator('tr[data-tokenizer="base"] [data-figure="tokens"]'),
  ],
  [
    'lora',
    /\/models\/results\.json$/,
    (page) => page.locator('#lora').getByLabel('함께 배포된 어댑터', { exact: true }),
  ],
  ['train', /\/models\/teaching-ko-q4\/config\.json$/, (page) => page.locator('[data-figure="parameters"]')],
  ['quant', /\/models\/teaching-ko-fp16\/model\.safetensors$/, (page) => page.getByTestId('inspection')],
];

for (const [lab, files, there] of labs) {
  test(`${lab}: without a connection says so, and works when it is back`, async ({ page }) => {
    await goOffline(page);
    const alert = await visit(page, lab);
    await expectFailure(page, alert, there(page));
    await page.context().setOffline(false);
    await retryUntil(page, there(page));
  });

  test(`${lab}: with its code but without its files says so, and works when they come`, async ({ page }) => {
    await openPage(page, '/#/chat');
    await modelReady(page);
    await page.route(files, (route) => route.abort('internetdisconnected'));
    const alert = await visit(page, lab);
    await expectFailure(page, alert, there(page));
    await page.unroute(files);
    await retryUntil(page, there(page));
  });
}

test('the runtime that did not come is asked for again', async ({ page }) => {
  const scripts = /\/ort\.[\w.-]+\.js$/;
  await page.route(scripts, (route) => route.abort('internetdisconnected'));
  await openPage(page, '/#/chat');
  await expect(page.getByRole('alert').filter({ visible: true }).first()).toContainText('연결', patience);
  await page.unroute(scripts);
  await retry(page).click();
  await modelReady(page);
});

async function expectFailure(page: Page, alert: Locator, there: Locator): Promise<void> {
  await expect(alert).toContainText(/연결|받지 못했습니다/, { timeout: 30_000 });
  await expect(retry(page)).toBeVisible();
  await expect(progress(page)).toHaveCount(0, { timeout: 30_000 });
  await expect(there).toBeHidden();
  // Pressed while nothing has changed: the same words again.
  await retry(page).click();
  await expect(alert).toContainText(/연결|받지 못했습니다/, { timeout: 30_000 });
  await expect(there).toBeHidden();
}
