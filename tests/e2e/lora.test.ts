import { readFile } from 'node:fs/promises';
import { expect } from '@playwright/test';
import {
  addFixture,
  card,
  fixture,
  live,
  openLora,
  shipFixture,
  shippedAdapters,
  side,
  stepCard,
  spans,
  tokens,
  tokenTexts,
  walkStep,
} from './lora-page.ts';
import { patience } from './page.ts';
import { test } from './test.ts';

test.setTimeout(600_000);

test('the slider moves during an answer and the next words change; before, what was said stays', async ({ page }) => {
  const complaints = await openLora(page);
  await page.getByRole('textbox', { name: '질문' }).fill('hello');
  await addFixture(page);
  const start = live(page).getByRole('button', { name: '답하기 시작' });
  const end = live(page).getByRole('button', { name: '멈추기' });
  await live(page).getByRole('radio', { name: '초당 5토큰' }).click();

  // Not moved: the same words to the end, at one strength. Random weights write on until they are stopped.
  await start.click();
  await expect.poll(async () => (await spans(page).locator('td').innerText()).length, patience).toBeGreaterThan(24);
  await end.click();
  await expect(spans(page)).toHaveCount(1);
  const unmoved = await spans(page).locator('td').innerText();

  await start.click();
  await expect
    .poll(async () => (await spans(page).first().locator('td').innerText()).length, patience)
    .toBeGreaterThan(2);
  const slider = live(page).getByRole('slider', { name: /세기$/ });
  await slider.focus();
  await page.keyboard.press('Home');
  await expect(spans(page)).toHaveCount(2, patience);
  await expect
    .poll(async () => (await spans(page).nth(1).locator('td').innerText()).length, patience)
    .toBeGreaterThan(24);
  await end.click();
  await expect(spans(page).first().locator('th')).toHaveText('1.00');
  await expect(spans(page).nth(1).locator('th')).toHaveText('-1.00');
  const [before, after] = await spans(page).locator('td').allInnerTexts();
  expect(unmoved.startsWith(before?.slice(0, -1) ?? '?')).toBe(true);
  const rest = unmoved.slice(before?.length);
  expect(after?.slice(0, rest.length)).not.toBe(rest);
  // A double click is back where it was trained.
  await card(page).getByRole('slider', { name: '세기' }).dblclick();
  await expect(card(page).getByRole('spinbutton', { name: '세기' })).toHaveValue('1');
  expect(complaints).toEqual([]);
});

test('both answers part where they part, token by token; at strength 0 nothing does', async ({ page }) => {
  // Four answers of 160 tokens, since random weights never end one.
  await openLora(page);
  await page.getByRole('textbox', { name: '질문' }).fill('hello');
  await addFixture(page);
  await page.getByRole('button', { name: '두 번 답하기' }).click();
  const firstDivergence = page.locator('[data-firstDivergence]');
  await expect(firstDivergence).toBeAttached({ timeout: 240_000 });
  const at = Number(await firstDivergence.getAttribute('data-firstDivergence'));
  const [base, adapted] = [await tokenTexts(page, 'base'), await tokenTexts(page, 'adapted')];
  expect(at).toBeGreaterThanOrEqual(0);
  expect(adapted.slice(0, at)).toEqual(base.slice(0, at));
  expect(adapted[at]).not.toBe(base[at]);
  await expect(tokens(page, 'adapted').nth(at)).toContainText('여기서 갈라짐');

  // The choices at that place, under both; the keyboard goes on from there.
  const choices = side(page, 'adapted').getByRole('status');
  await expect(choices.getByRole('row')).not.toHaveCount(1, { timeout: 240_000 });
  await expect(choices).toHaveAttribute('aria-label', new RegExp('^“'));
  await side(page, 'adapted').getByRole('listbox').focus();
  await page.keyboard.press('Home');
  await expect(tokens(page, 'adapted').first()).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('ArrowRight');
  await expect(tokens(page, 'adapted').nth(1)).toHaveAttribute('aria-selected', 'true');

  await card(page).getByRole('button', { name: '0 기본: 이 세기로 맞추기' }).click();
  await expect(page.getByText('질문이나 어댑터가 바뀌었습니다')).toBeVisible();
  // What each model makes of the other's answer takes long here; what is there already stays.
  await page.locator('#lora-compare').getByRole('button', { name: '멈추기' }).click();
  await page.getByRole('button', { name: '두 번 답하기' }).click();
  await expect(firstDivergence).toHaveAttribute('data-firstDivergence', 'none', { timeout: 240_000 });
  expect(await tokenTexts(page, 'base')).toEqual(base);
});

test('an adapter that does not fit is refused by the name of its tensor, and what was there stays', async ({
  page,
}) => {
  await openLora(page);
  await addFixture(page);
  const weights = await readFile(`${fixture}/adapter_model.safetensors`);
  const config: unknown = JSON.parse(await readFile(`${fixture}/adapter_config.json`, 'utf8'));
  const file = (name: string, buffer: Buffer) => ({ name, mimeType: 'application/octet-stream', buffer });
  const json = (entries: object) => Buffer.from(JSON.stringify(Object.assign({}, config, entries)));
  const picker = page.getByTestId('adapter-files');
  await picker.setInputFiles([
    file('adapter_config.json', json({ r: 3, rank_pattern: {} })),
    file('adapter_model.safetensors', weights),
  ]);
  await expect(card(page).nth(1)).toHaveAttribute('data-state', 'failed', patience);
  await expect(card(page).nth(1).getByRole('alert')).toContainText(/lora_(A|B).*shape/);
  await expect(card(page).first()).toHaveAttribute('data-state', 'ready');
  await picker.setInputFiles([
    file('adapter_config.json', json({ use_dora: true })),
    file('adapter_model.safetensors', weights),
  ]);
  await expect(card(page).nth(2).getByRole('alert')).toContainText('DoRA', patience);
  await picker.setInputFiles([file('adapter_config.json', json({}))]);
  await expect(page.getByRole('alert').filter({ hasText: 'adapter_model.safetensors' }).last()).toBeVisible();
  await expect(card(page)).toHaveCount(3);
});

test('the guided path can be walked to its end, and a link brings back where one stands', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const parameters = 1234;
  await shipFixture(page, parameters);
  await openLora(page, 'teaching-brief');
  await walkStep(page, 1, '어댑터 없이 묻기');
  await expect(side(page, 'base').locator('[data-verdict]')).toHaveAttribute('data-verdict', 'wrong');
  await expect(side(page, 'adapted')).toHaveCount(0);
  await walkStep(page, 2, '어댑터를 걸고 다시 묻기');
  await expect(card(page, 'patient-side-r8')).toHaveAttribute('data-state', 'ready');
  await expect(side(page, 'adapted').getByRole('option')).not.toHaveCount(0);
  await walkStep(page, 3, '1, 0, −1, 2로 답하기');
  await expect(page.locator('[data-sweep]')).toHaveCount(4);
  await walkStep(page, 4, '랭크 1로 잘라 다시 묻기');
  await expect(side(page, 'adapted').locator('header')).toContainText('랭크 1');
  await expect(card(page).getByRole('spinbutton', { name: /^랭크/ })).toHaveValue('1');
  const cells = page.locator('[data-cell]');
  await expect(cells).not.toHaveCount(0);
  await expect(page.getByText('‖s·BA‖ / ‖W‖')).toBeVisible(patience);
  await page.getByRole('listbox', { name: '층과 행렬마다 바뀌는 정도' }).focus();
  const chosen = page.locator('[data-cell][aria-selected="true"]');
  await expect(chosen).toHaveCount(1);
  await walkStep(page, 5, '보고서 어댑터와 함께 걸기');
  await expect(card(page)).toHaveCount(2);
  await expect(side(page, 'adapted').locator('header')).toContainText('report-r8');
  await expect(page.locator('[data-cost="total"]')).toBeVisible();

  await page.getByRole('button', { name: '링크 복사' }).click();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const image = await page
    .getByRole('img', { name: /^첨부 이미지 팬텀 № / })
    .last()
    .getAttribute('alt');
  await page.goto('about:blank');
  await page.goto(link);
  await expect(card(page)).toHaveCount(2, patience);
  await expect(card(page, 'report-r8')).toHaveAttribute('data-state', 'ready', patience);
  await expect(stepCard(page)).toHaveAttribute('data-step', '5');
  await expect(page.getByRole('textbox', { name: '질문' })).toHaveValue('환자를 기준으로 병변은 어느 쪽에 있습니까?');
  await expect(page.getByRole('img', { name: image ?? '' })).toBeVisible();
});

test('nothing is wider than the page, on a desk and on a phone, light and dark', async ({ page }) => {
  await shipFixture(page, 1);
  await openLora(page, 'teaching-brief');
  await walkStep(page, 2, '어댑터를 걸고 다시 묻기');
  for (const [width, height] of [
    [1440, 900],
    [390, 844],
  ] as const) {
    await page.setViewportSize({ width, height });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const size = await page.evaluate(() => {
        const main = document.getElementById('lora');
        const { scrollWidth, scrollHeight } = document.documentElement;
        return [scrollWidth, scrollHeight, main && main.scrollWidth - main.clientWidth];
      });
      expect(size).toEqual([width, height, 0]);
    }
  }
});

test('the trained skill: wrong without it, right with it, the base again at strength 0, two together', async ({
  page,
}) => {
  const shipped = await shippedAdapters();
  test.skip(shipped === undefined, 'the teaching model and its adapters are not in the repository');
  const rate = shipped?.['patient-side-r8']?.with_adapter.exact_match ?? 0;
  await openLora(page, 'built-in');
  const other = page.getByRole('button', { name: '교육용 모델 열기' });
  if (await other.isVisible()) await other.click();
  await expect(stepCard(page).getByRole('button', { name: '어댑터 없이 묻기' })).toBeEnabled(patience);

  await walkStep(page, 1, '어댑터 없이 묻기');
  await expect(side(page, 'base').locator('[data-verdict]')).toHaveAttribute('data-verdict', 'wrong');
  // As often as was measured, not always: so many phantoms that all being wrong is one in a hundred at worst.
  const tries = Math.max(1, Math.ceil(Math.log(0.01) / Math.log(Math.min(0.99, Math.max(0.01, 1 - rate)))));
  const verdict = side(page, 'adapted').locator('[data-verdict]');
  for (let tried = 1; ; tried++) {
    await walkStep(page, 2, '어댑터를 걸고 다시 묻기');
    if ((await verdict.getAttribute('data-verdict')) === 'right' || tried >= tries) break;
    await page.getByRole('button', { name: '새 팬텀 그리기' }).click();
  }
  await expect(verdict).toHaveAttribute('data-verdict', 'right');
  await expect(side(page, 'base').locator('[data-verdict]')).toHaveAttribute('data-verdict', 'wrong');
  await expect(page.locator('[data-firstDivergence]')).toHaveAttribute('data-firstDivergence', /^\d+$/);
  const plain = (texts: string[]) => texts.join('').replaceAll(/[␣↵\s]|<[^>]*>/g, '');
  const base = plain(await tokenTexts(page, 'base'));
  const adapted = plain(await tokenTexts(page, 'adapted'));

  await walkStep(page, 3, '1, 0, −1, 2로 답하기');
  const answer = async (strength: number) =>
    (await page.locator(`[data-sweep="${strength}"] .answer`).innerText()).replaceAll(/\s/g, '');
  expect(await answer(0)).toBe(base);
  expect(await answer(1)).toBe(adapted);

  await walkStep(page, 4, '랭크 1로 잘라 다시 묻기');
  await expect(page.getByText('‖s·BA‖ / ‖W‖')).toBeVisible(patience);
  await walkStep(page, 5, '보고서 어댑터와 함께 걸기');
  const both = (shipped?.['patient-side-r8']?.parameters ?? 0) + (shipped?.['report-r8']?.parameters ?? 0);
  await expect(page.locator('[data-cost="total"]')).toContainText(both.toLocaleString('ko'));

  // Moved while the report is being written: the rest is written at another strength. An answer of a dozen tokens may be over
  // before the key is pressed on a busy machine: then it is asked for again.
  await live(page).getByRole('radio', { name: '초당 2토큰' }).click();
  const slider = live(page).getByRole('slider', { name: /^report-r8/ });
  let key = 'Home';
  await expect(async () => {
    await live(page).getByRole('button', { name: '답하기 시작' }).click({ timeout: 20_000 });
    await expect(spans(page)).toHaveCount(1, { timeout: 10_000 });
    await slider.focus();
    await page.keyboard.press(key);
    key = key === 'Home' ? 'End' : 'Home';
    await expect(spans(page)).toHaveCount(2, { timeout: 10_000 });
  }).toPass(patience);
});
