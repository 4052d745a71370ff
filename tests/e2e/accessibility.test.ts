/**
 * axe finds nothing in any view or dialog, in both languages and themes; nothing is cut off at 320 × 256 CSS pixels, which is
 * a window of 1280 × 1024 at 400 % (WCAG 1.4.10). What only a tool can see: whether a text makes sense is not tested here.
 */
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import type { LabName } from '../../src/platform/place.svelte.ts';
import { answers, modelReady, openPage, patience } from './page.ts';
import { test } from './test.ts';

test.setTimeout(300_000);

type Language = 'ko' | 'en';
const desktop = { width: 1280, height: 800 };
const zoomed = { width: 320, height: 256 };

async function choose(page: Page, language: Language): Promise<void> {
  await page
    .getByRole('banner')
    .getByRole('radio', { name: language === 'ko' ? '한국어' : 'EN' })
    .click();
  await expect(page.locator('html')).toHaveAttribute('lang', language);
}

/** What axe finds, a line each; empty when there is nothing. */
async function violations(page: Page): Promise<string[]> {
  // What is out of sight and not drawn is no content to axe.
  await page.addStyleTag({ content: '* { content-visibility: visible !important }' });
  // The legacy mode reads this document only, which has no frames; the other opens a second page for every look.
  const found = await new AxeBuilder({ page })
    .options({ resultTypes: ['violations'] })
    .setLegacyMode()
    .analyze();
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary ?? ''}`),
  );
}

/** Elements that stick out sideways, other than inside a region of their own that scrolls or clips. */
async function sticksOut(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const isContained = (element: Element): boolean => {
      const parent = element.parentElement;
      if (!parent || parent.tagName === 'MAIN') return false;
      const { overflowX, clipPath } = getComputedStyle(parent);
      return overflowX !== 'visible' || clipPath !== 'none' || isContained(parent);
    };
    return [...document.querySelectorAll('body *')].flatMap((element) => {
      const { left, right, width, height } = element.getBoundingClientRect();
      const sticks = width > 1 && height > 1 && (right > innerWidth + 1 || left < -1);
      return sticks && !isContained(element) ? [`${element.tagName} ${element.className}: ${left} … ${right}`] : [];
    });
  });
}

/** Looks at what is shown, in Korean on light and in English on dark, and in a small window. */
async function inspect(page: Page, what: string): Promise<void> {
  for (const [language, colorScheme] of [
    ['ko', 'light'],
    ['en', 'dark'],
  ] as const) {
    await choose(page, language);
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    expect(await violations(page), `${what}, ${language}, ${colorScheme}`).toEqual([]);
    await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1);
    await page.setViewportSize(zoomed);
    expect(await sticksOut(page), `${what}, ${language}, 320 px`).toEqual([]);
    await page.setViewportSize(desktop);
  }
  await choose(page, 'ko');
}

/** A dialog hides the page from the pointer, so its language is chosen before it opens. */
async function inspectDialog(page: Page, name: Record<Language, string>): Promise<void> {
  for (const [language, colorScheme] of [
    ['ko', 'light'],
    ['en', 'dark'],
  ] as const) {
    await choose(page, language);
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.getByRole('button', { name: name[language] }).first().click();
    const dialog = page.getByRole('dialog');
    await expect(dialog).toBeVisible();
    expect(await violations(page), `${name[language]}, ${colorScheme}`).toEqual([]);
    await page.setViewportSize(zoomed);
    expect(await sticksOut(page), `${name[language]}, 320 px`).toEqual([]);
    // Its last control can be reached, not only what fits below the title.
    const last = dialog.getByRole('button').last();
    await last.scrollIntoViewIfNeeded();
    await expect(last).toBeInViewport({ ratio: 1 });
    await page.setViewportSize(desktop);
    await page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
  }
  await choose(page, 'ko');
}

test('the chat and the dialogs', async ({ page }) => {
  await page.setViewportSize(desktop);
  await openPage(page, '/', 'teaching-brief');
  await modelReady(page);
  await inspect(page, 'welcome');
  await inspectDialog(page, { ko: '모델 바꾸기', en: 'Change model' });
  await inspectDialog(page, { ko: '설정', en: 'Settings' });
  await inspectDialog(page, { ko: '고지와 약관', en: 'Notices and terms' });
  await page.getByRole('main').getByRole('button', { name: '새 팬텀을 그려 물어봅니다' }).first().click();
  await expect(answers(page).getByRole('button', { name: '다시 답하기' })).toBeVisible(patience);
  await inspect(page, 'conversation');
  await inspectDialog(page, { ko: '새 대화', en: 'New conversation' });
  await page.setViewportSize(zoomed);
  await page.getByRole('navigation', { name: '모델과 지표' }).getByRole('button').first().click();
  await expect(page.getByRole('dialog')).toBeVisible();
  expect(await violations(page), 'figures').toEqual([]);
  expect(await sticksOut(page), 'figures').toEqual([]);
});

test('the labs', async ({ page }) => {
  await page.setViewportSize(desktop);
  await openPage(page, '/', 'teaching-brief');
  await modelReady(page);
  const loaded: readonly (readonly [LabName, string])[] = [
    ['tokenizer', 'tr[data-tokenizer="ko-20480"] [data-figure="tokens"]'],
    ['lora', '[data-step]'],
    ['train', '#train-large'],
    ['quant', '#quant-whole'],
    ['exam', '#exam-published'],
    ['bench', '#bench-words'],
    ['plan', '#plan-quoted'],
  ];
  for (const [lab, shown] of loaded) {
    await page.evaluate((hash) => (location.hash = hash), `#/${lab}`);
    await expect(page.locator(shown)).toBeVisible(patience);
    await inspect(page, lab);
    await expect(page).not.toHaveTitle(/^MedGemma/);
  }
});
