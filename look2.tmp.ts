import { chromium, type Page } from '@playwright/test';
import { CHROMIUM_FLAGS, findChromium } from './scripts/chromium.ts';
const path = findChromium();
const browser = await chromium.launch({ ...(path ? { executablePath: path } : {}), args: [...CHROMIUM_FLAGS] });
const t0 = Date.now(); const log = (...a: unknown[]) => console.log(((Date.now() - t0) / 1000).toFixed(1), ...a);
const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
const page = await context.newPage();
page.on('pageerror', (e) => log('PAGEERROR', e.message));
page.on('console', (m) => { if (m.type() === 'error') log(m.type(), m.text().slice(0, 300)); });
const full = async (name: string, width: number) => {
  await page.setViewportSize({ width, height: 900 });
  const h = await page.locator('#train').evaluate((n) => n.scrollHeight);
  await page.setViewportSize({ width, height: Math.min(h + 140, 9000) });
  await page.waitForTimeout(700);
  await page.screenshot({ path: `/tmp/look/${name}.png` });
  await page.setViewportSize({ width: 1440, height: 900 });
};
const wait = async (end: RegExp, seconds: number) => {
  const until = Date.now() + seconds * 1000;
  while (Date.now() < until) {
    const s = await page.getByTestId('train-run').getAttribute('data-state').catch(() => '');
    if (end.test(s ?? '')) return log(s);
    await page.waitForTimeout(1000);
  }
  log('timeout');
};
await page.goto('http://localhost:47399/#/train');
await page.locator('[data-figure="parameters"]').waitFor({ timeout: 120000 });
await page.waitForTimeout(3000);
for (const [w, h, lang] of [[390, 844, 'ko'], [1000, 800, 'ko'], [1000, 800, 'en'], [1440, 900, 'en'], [390, 844, 'en']] as const) {
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.getByRole('radio', { name: lang === 'ko' ? '한국어' : 'EN', exact: true }).first().click();
  await page.setViewportSize({ width: w, height: h });
  await page.emulateMedia({ colorScheme: lang === 'en' ? 'dark' : 'light' });
  await page.waitForTimeout(500);
  const nav = await page.locator('nav').first().evaluate((n) => [n.scrollWidth, n.clientWidth, [...n.children].map((c) => Math.round(c.getBoundingClientRect().right))]);
  log('nav', w, lang, JSON.stringify(nav));
  await page.screenshot({ path: `/tmp/look/top-${w}-${lang}.png` });
}
await full('en-390', 390);
await page.getByRole('radio', { name: '한국어' }).click();
await page.emulateMedia({ colorScheme: 'light' });
log('guide 1');
await page.getByRole('button', { name: '학습 전 답 재기' }).click();
await wait(/stopped|done|diverged/, 120);
log('after', await page.locator('.after').textContent());
await page.getByRole('button', { name: '4단계: 망가뜨려 보기' }).click();
await page.getByRole('button', { name: '학습률 100배로 학습하기' }).click();
await page.waitForTimeout(3000);
await wait(/stopped|done|diverged/, 200);
await page.waitForTimeout(1000);
log('after', await page.locator('.after').textContent());
await full('broken', 1440);
await page.getByRole('radio', { name: /직접 쓴 표/ }).click();
const rows = [['대한민국의 수도는 어디입니까?', '서울입니다.'], ['병변은 몇 개입니까?', '하나입니다.'], ['안녕하십니까?', '감사합니다.'], ['무엇을 할 수 있습니까?', '병변은 두 개 있습니다.'], ['어디에 있습니까?', '오른쪽 위에 있습니다.']];
for (const [at, [q, a]] of rows.entries()) {
  await page.getByRole('textbox', { name: `${at + 1}행의 질문` }).fill(q);
  await page.getByRole('textbox', { name: `${at + 1}행의 바라는 답` }).fill(a);
}
await page.getByRole('button', { name: '1행에 팬텀 그려 넣기' }).click();
await page.keyboard.press('Tab');
await page.waitForTimeout(1000);
await page.locator('#train-data').screenshot({ path: '/tmp/look/own.png' });
log('obstacle', await page.getByTestId('train-obstacle').textContent().catch(() => 'none'), await page.getByTestId('own-problems').textContent().catch(() => 'none'));
await page.getByRole('button', { name: '학습 시작' }).click({ timeout: 5000 }).catch((e) => log(String(e)));
await page.waitForTimeout(3000);
await wait(/stopped|done|diverged/, 150);
await full('own-after', 1440);
await page.emulateMedia({ colorScheme: 'dark' });
await full('own-after-390', 390);
await browser.close();
