import { expect } from '@playwright/test';
import { answers, modelReady, openPage, patience, prompt } from './page.ts';
import { test } from './test.ts';

/** Pages of a PDF, after its page tree. */
const pagesOf = (pdf: Buffer) => Number(/\/Type \/Pages\s*\/Count (\d+)/.exec(pdf.toString('latin1'))?.[1]);

test('a conversation prints as a whole, on white, with the model and the date, without what can only be pressed', async ({
  page,
}) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await openPage(page, '/', 'teaching-brief');
  await modelReady(page);
  const long = Array.from({ length: 60 }, (_, line) => `${line + 1}번째 줄`).join('\n');
  for (const [at, text] of [long, '두 번째 질문', '마지막 질문'].entries()) {
    await prompt(page).fill(text);
    await prompt(page).press('Enter');
    await expect(answers(page).nth(at).getByRole('button', { name: '다시 답하기' })).toBeVisible(patience);
  }
  // Only the end is in view: what is above it and what follows must be on paper too.
  await expect(page.getByText('1번째 줄', { exact: false }).first()).not.toBeInViewport();
  const shown = page.getByText('마지막 질문', { exact: true });

  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  expect(height).toBeGreaterThan(1300);
  await expect(shown).toBeVisible();
  await expect(page.getByText(/^모델: .+ · \d{4}년/)).toBeVisible();
  await expect(prompt(page)).toBeHidden();
  await expect(page.getByRole('button')).toHaveCount(0);
  expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(255, 255, 255)');

  await page.emulateMedia({ media: null });
  expect(pagesOf(await page.pdf({ format: 'A4' }))).toBeGreaterThan(1);
  // Afterwards the screen has its colours again.
  await expect(page.locator('html')).not.toHaveAttribute('data-theme', /./);
});

test('without JavaScript the page says what it needs, in both languages', async ({ browser, baseURL }) => {
  const page = await browser.newPage({ javaScriptEnabled: false });
  await page.goto(baseURL ?? '/');
  // By selector: Playwright's text search passes over what is in a noscript.
  const said = page.locator('noscript p');
  await expect(said).toHaveCount(2);
  await expect(said.first()).toBeVisible();
  await expect(said.first()).toContainText('JavaScript를 켜고');
  await expect(said.last()).toContainText('switch JavaScript on');
  await expect(page.locator('.late')).toBeHidden();
  await page.close();
});

test('where the page does not start, it says so after a while', async ({ page }) => {
  await page.route('**/assets/*.js', (route) => route.abort());
  await page.goto('/');
  await expect(page.getByText('브라우저가 오래됐거나')).toBeVisible({ timeout: 30_000 });
});
