/** What visitors see before they do anything, what a kiosk shows them, and what is asked before MedGemma is fetched. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { DEFAULT_PACKAGE } from '#core/protocol/default-package.ts';
import { packageFolder, servePackage } from './packages.ts';
import { answers, modelReady, openPage, patience, prompt } from './page.ts';
import { test } from './test.ts';

const demonstration = (page: Page) => page.getByRole('region', { name: '시연' });
const verdict = (page: Page) => demonstration(page).locator('[data-verdict]');

test('a recorded answer plays until the model is open; then it answers by itself, until somebody touches the page', async ({
  page,
}) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/models/**', async (route) => {
    await held;
    await route.fallback();
  });
  const complaints = await openPage(page, '/', 'built-in');
  await expect(demonstration(page)).toContainText('미리 기록한 답');
  await expect(demonstration(page).getByRole('img')).toBeVisible();
  await expect(verdict(page)).toHaveText('맞음', patience);
  release();
  await expect(demonstration(page)).toContainText('지금 이 기기에서 실행 중', patience);
  await expect(page.getByRole('banner')).toContainText('교육용 모델 실행 중 · MedGemma 아님');
  await expect(verdict(page)).toHaveText(/맞음|틀림/, patience);
  await expect(demonstration(page)).toContainText(/토큰\s*\d+/);
  // The page opened the model by itself: a screen reader hears that it is open, and nothing of the demonstration.
  await expect(page.getByRole('log').locator('p')).toHaveCount(1);

  await page.keyboard.press('Shift');
  await expect(demonstration(page).getByRole('button', { name: '시연 보기' })).toBeVisible();
  await demonstration(page).getByRole('button', { name: '이 그림에 직접 물어보기' }).click();
  await expect(prompt(page)).toBeFocused();
  await expect(page.getByRole('list', { name: '첨부한 이미지' }).getByRole('img')).toHaveCount(1);
  await prompt(page).fill('병변이 몇 개 있습니까?');
  await prompt(page).press('Enter');
  await expect(answers(page).locator('[data-verdict]')).toHaveCount(1, patience);
  await expect(page.getByText(/^1개 중 [01]개 맞음$/)).toBeVisible();
  expect(complaints).toEqual([]);
});

test('before the scripts have come the page says what it is, and its name stays where it was', async ({ page }) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/assets/*.js', async (route) => {
    await held;
    await route.continue();
  });
  await page.goto('/', { waitUntil: 'commit' });
  const name = page.getByText('MedGemma 한국어 랩', { exact: true });
  await expect(page.getByText('이 브라우저에서 모델을 실행합니다.')).toBeVisible();
  const before = await name.boundingBox();
  release();
  await expect(page.getByRole('banner')).toBeVisible(patience);
  await expect(page.locator('.first-paint')).toHaveCount(0);
  const after = await page.getByRole('banner').getByText('MedGemma 한국어 랩', { exact: true }).boundingBox();
  const moved = Math.abs((after?.y ?? 99) - (before?.y ?? 0));
  // The line with the model that runs comes below it.
  expect(moved).toBeLessThan(24);
});

test('with reduced motion nothing plays by itself; axe finds nothing in what stands there, and a small screen holds it', async ({
  page,
}) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await openPage(page, '/', 'built-in');
  await modelReady(page);
  await expect(demonstration(page)).toContainText('미리 기록한 답');
  await expect(verdict(page)).toHaveText('맞음');
  await expect(demonstration(page).getByRole('button', { name: '시연 보기' })).toBeVisible();
  // The legacy mode reads this document only, which has no frames.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  await page.getByRole('radio', { name: 'EN' }).click();
  await page.setViewportSize({ width: 320, height: 640 });
  const ask = page.getByRole('button', { name: 'Ask about this image yourself' });
  await expect(ask).toBeVisible();
  const box = await ask.boundingBox();
  expect((box?.x ?? 0) + (box?.width ?? 320)).toBeLessThan(320);
});

test('a kiosk has no ways out but a key, and begins again when it is left alone', async ({ page }) => {
  await page.clock.install();
  await openPage(page, '/?kiosk=60', 'teaching-brief');
  await expect(prompt(page)).toBeVisible(patience);
  await expect(page.getByRole('navigation')).toHaveCount(0);
  for (const name of ['설정', '이미지 첨부', '모델 바꾸기'])
    await expect(page.getByRole('button', { name })).toHaveCount(0);
  const pages = page.context().pages();
  await page.getByRole('link', { name: /developers\.google\.com/ }).click();
  await expect(page).toHaveURL(/\?kiosk=60/);
  expect(page.context().pages()).toEqual(pages);
  // What the browser would do with a file that is dropped, and with its own keys.
  const isRefused = (event: string, init: object) =>
    page.evaluate(
      ([name, given]) => {
        const Kind = name === 'keydown' ? KeyboardEvent : DragEvent;
        return !document.body.dispatchEvent(new Kind(name, { ...given, bubbles: true, cancelable: true }));
      },
      [event, init] as const,
    );
  expect(await isRefused('dragover', {})).toBe(true);
  expect(await isRefused('drop', {})).toBe(true);
  expect(await isRefused('keydown', { code: 'KeyP', ctrlKey: true })).toBe(true);

  await page.getByRole('radio', { name: 'EN' }).click();
  await prompt(page).fill('left behind');
  await page.clock.runFor(52_000);
  await expect(page.getByRole('status')).toContainText(/begins again in \d+ seconds/);
  await page.clock.runFor(10_000);
  await expect(prompt(page)).toHaveValue('');
  await expect(page.locator('html')).toHaveAttribute('lang', 'ko');

  await page.keyboard.press('Control+Alt+Shift+KeyK');
  await expect(page.getByRole('navigation', { name: '랩 고르기' })).toBeVisible();
  await expect(page).not.toHaveURL(/kiosk/);
});

test('MedGemma is not fetched before its terms are accepted, which is asked once', async ({ page }) => {
  await servePackage(page, 'random');
  const manifest: unknown = JSON.parse(await readFile(join(packageFolder('random'), 'manifest.json'), 'utf8'));
  if (typeof manifest !== 'object' || manifest === null || !('source' in manifest)) throw new Error('no manifest');
  const json = { ...manifest, name: 'medgemma-4b-it-q4', source: { ...Object(manifest.source), randomWeights: false } };
  await page.route(`**/models/${DEFAULT_PACKAGE.folder}/manifest.json`, (route) => route.fulfill({ json }));
  const graphs: string[] = [];
  page.context().on('request', (request) => {
    if (request.url().includes('/onnx/')) graphs.push(request.url());
  });
  await page.goto('/');
  const terms = page.getByRole('dialog', { name: 'MedGemma를 열기 전에' });
  await expect(terms).toContainText('보건 당국의 허가', patience);
  await expect(terms).toContainText('약 용량');
  await expect(terms.getByRole('link')).toHaveAttribute('href', /health-ai-developer-foundations\/terms$/);
  await terms.getByRole('button', { name: '열지 않기' }).click();
  await expect(page.getByRole('alert')).toContainText('먼저 이용 약관에 동의해야 합니다: medgemma-4b-it-q4');
  expect(graphs).toEqual([]);

  await page.getByRole('button', { name: '약관 보기' }).click();
  await terms.getByRole('button', { name: '읽었고 동의합니다' }).click();
  await modelReady(page);
  await expect(page.getByRole('banner')).toContainText('medgemma-4b-it-q4 실행 중');
  await page.reload();
  await modelReady(page);
  await expect(terms).toBeHidden();
  // What breaks first is one press away.
  await page.getByRole('button', { name: '가장 먼저 틀리는 것' }).click();
  await expect(page.getByRole('dialog', { name: '가장 먼저 틀리는 것' })).toContainText('4비트보다 낮은 양자화');
});
