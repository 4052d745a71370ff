import { fileURLToPath } from 'node:url';
import { expect, test, type Page } from '@playwright/test';
import { filesToKeep, totalBytes } from '#core/offline/page-files.ts';
import { pageFiles } from '../../scripts/page-files.ts';
import { scriptsAtOnce, weigh } from '../../scripts/page-weight.ts';
import { openPage, tryAgain } from './page.ts';

const dist = fileURLToPath(new URL('../../dist', import.meta.url));

/** In bytes, gzipped. */
const MAX_SCRIPTS = 180_000;
/** With the chat, whose first view demonstrates the model. A lab that shares code with the page makes it a script of its own: some 900 bytes for the exam, 2,000 for the training lab, 900 for the reasons of the exam in two languages. */
const MAX_CHAT = 200_000;

/** In bytes: what is kept in the background after the first model is open, by the build for WebGPU that the browser takes. */
const MAX_KEPT = { jspi: 70_000_000, asyncify: 80_000_000, none: 53_000_000 };

/** Paths of what the page and its workers ask for, from now on. */
function watchRequests(page: Page): string[] {
  const paths: string[] = [];
  page.context().on('request', (request) => paths.push(new URL(request.url()).pathname));
  return paths;
}

/** Nothing lies where the built-in model should be. */
async function withoutModel(page: Page): Promise<void> {
  await page.route('**/models/**', (route) => route.fulfill({ status: 404 }));
}

test('the scripts that index.html loads at once are small', async () => {
  const weights = await Promise.all((await scriptsAtOnce(dist)).map((file) => weigh(dist, file)));
  expect(weights.reduce((sum, { gzip }) => sum + gzip, 0)).toBeLessThanOrEqual(MAX_SCRIPTS);
});

test('what is kept for use without a network has limits: all of it, what is kept first, and the list', async () => {
  const files = await pageFiles(dist);
  for (const build of ['jspi', 'asyncify', undefined] as const)
    expect(totalBytes(filesToKeep(files, build))).toBeLessThanOrEqual(MAX_KEPT[build ?? 'none']);
  expect(totalBytes(files.filter(({ shell }) => shell))).toBeLessThanOrEqual(800_000);
  expect((await weigh(dist, 'service-worker.js')).gzip).toBeLessThanOrEqual(25_000);
});

test('the chat, open and without a model, has loaded no other lab, no dialog, no English and no wasm', async ({
  page,
}) => {
  const paths = watchRequests(page);
  await withoutModel(page);
  await page.goto('/#/chat');
  await expect(page.getByRole('alert')).toContainText('패키지에 파일이 빠져 있습니다');
  await page.waitForLoadState('networkidle');
  const scripts = paths.filter((path) => path.endsWith('.js'));
  expect(scripts.filter((path) => /\/open-chat-/.test(path))).toHaveLength(1);
  expect(scripts.filter((path) => /\/open-(?!chat-)|messages-(?!chat-ko-)|Dialogs-|plot/.test(path))).toEqual([]);
  expect(paths.filter((path) => path.endsWith('.wasm'))).toEqual([]);
  // Workers have threads of their own.
  const ours = [...new Set(scripts)].filter((path) => !/worker|\/ort/.test(path.replace('worker-client', '')));
  const weights = await Promise.all(ours.map((path) => weigh(dist, path.slice(1))));
  expect(weights.reduce((sum, { gzip }) => sum + gzip, 0)).toBeLessThanOrEqual(MAX_CHAT);
});

test('the runtime’s wasm is fetched when a model opens', async ({ page }) => {
  const paths = watchRequests(page);
  await openPage(page);
  await expect.poll(() => paths.filter((path) => path.endsWith('.wasm')).length, { timeout: 60_000 }).toBe(1);
});

test('a lab that is the address comes without the chat', async ({ page }) => {
  const paths = watchRequests(page);
  await withoutModel(page);
  await page.goto('/#/quant');
  await expect(page.getByRole('heading', { level: 1, name: '비트를 줄이면 무엇이 사라질까' })).toBeVisible();
  expect(paths.filter((path) => /\/open-quant-.*\.js$/.test(path))).toHaveLength(1);
  expect(paths.filter((path) => /\/open-(?!quant-)/.test(path))).toEqual([]);
});

test('a lab whose script does not come says so, tries again, and then offers a reload', async ({ page }) => {
  await withoutModel(page);
  await page.goto('/');
  await page.route('**/assets/open-lora-*.js', (route) => route.abort());
  await page.getByRole('link', { name: 'LoRA' }).click();
  const alert = page.locator('#lora').getByRole('alert').filter({ hasText: '‘LoRA’ 화면을 불러오지 못했습니다' });
  await expect(alert).toBeVisible();
  const reload = alert.getByRole('button', { name: '페이지 새로 고침' });
  await expect(reload).toBeHidden();
  await alert.getByRole('button', { name: '다시 시도' }).click();
  await expect(reload).toBeVisible();
  await page.unroute('**/assets/open-lora-*.js');
  const lora = page.getByRole('heading', { level: 1, name: '가중치는 그대로, 답은 다르게' });
  await tryAgain(alert, lora);
  await expect(lora).toBeVisible();
  await expect(alert).toBeHidden();
});

for (const missing of ['open-quant-*.css', 'messages-quant-ko-*.js']) {
  test(`a lab is not shown without its ${missing}, and comes at the next try`, async ({ page }) => {
    await withoutModel(page);
    await page.goto('/');
    await page.route(`**/assets/${missing}`, (route) => route.abort());
    await page.getByRole('link', { name: '양자화' }).click();
    const alert = page.locator('#quant').getByRole('alert').filter({ hasText: '‘양자화’ 화면을 불러오지 못했습니다' });
    await expect(alert).toBeVisible();
    await page.unroute(`**/assets/${missing}`);
    const quant = page.getByRole('heading', { level: 1, name: '비트를 줄이면 무엇이 사라질까' });
    await tryAgain(alert, quant);
    await expect(quant).toBeVisible();
    // From the lab's own style sheet.
    await expect(page.locator('#quant .split')).toHaveCSS('display', 'grid');
  });
}

test('a dialog and a language that do not come say so and come at the next try', async ({ page }) => {
  await withoutModel(page);
  await page.goto('/');
  const dialogs = '**/assets/Dialogs-*.js';
  await page.route(dialogs, (route) => route.abort());
  await page.getByRole('button', { name: '고지와 약관' }).click();
  const failed = page.getByRole('alert').filter({ hasText: '창을 불러오지 못했습니다' });
  await expect(failed).toBeVisible();
  await page.unroute(dialogs);
  const dialog = page.getByRole('dialog', { name: '고지와 약관' });
  const notices = page.getByRole('button', { name: '고지와 약관' });
  if ((await tryAgain(failed, dialog)) === 'reloaded') await notices.click();
  await expect(dialog).toBeVisible();
  await page.keyboard.press('Escape');

  const english = '**/assets/messages-*-en-*.js';
  await page.route(english, (route) => route.abort());
  const toEnglish = page.getByRole('radio', { name: 'EN' });
  await toEnglish.click();
  const language = page.getByRole('alert').filter({ hasText: '고른 언어의 문구를 불러오지 못했습니다' });
  await expect(language).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('lang', 'ko');
  await page.unroute(english);
  const inEnglish = page.locator('html[lang=en]');
  if ((await tryAgain(language, inEnglish)) === 'reloaded') await toEnglish.click();
  await expect(inEnglish).toBeVisible();
  await expect(language).toBeHidden();
});
