import { readFile } from 'node:fs/promises';
import { Tokenizer } from '@huggingface/tokenizers';
import { expect } from '@playwright/test';
import { standInTokenizer } from '../../cli/random-checkpoint/stand-in-tokenizer.ts';
import { rangesOfFont } from './font-ranges.ts';
import { gzipHost } from './gzip-host.ts';
import { answers, dropBytes, modelReady, openPage, patience, prompt, send, stop } from './page.ts';
import { cells, input, openLab, row, shownCounts, textFile, tokenCard, tokens } from './tokenizer-page.ts';
import { trueCounts, trueIds } from './tokenizer-reference.ts';
import { test } from './test.ts';

/** As GPT-2's, with one merge. */
const byteLevel = {
  version: '1.0',
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  post_processor: null,
  decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
  model: { type: 'BPE', vocab: byteLevelVocabulary(), merges: [['n', 'g']] },
};

const sentence = '심근경색이 의심되어 관상동맥 조영술을 준비했습니다.';

test('before any model, a newcomer types and sees the true counts, and what a token is', async ({ page }) => {
  // No package, and no answer either: the lab does not wait for one.
  await page.route('**/models/**', () => {});
  const complaints = await openLab(page);
  await expect(page).toHaveTitle(/^토크나이저 · /);
  expect(await rangesOfFont(input(page))).toEqual(['U+0-10FFFF']);
  await input(page).fill('');
  await input(page).pressSequentially(sentence);
  await expect.poll(() => shownCounts(page), patience).toEqual(await trueCounts(sentence));

  const ids = await trueIds('ko-8960', sentence);
  // Tokens are drawn where they are looked at.
  await page.locator('[data-unit]').first().scrollIntoViewIfNeeded();
  await expect(cells(page, 'ko-8960')).toHaveCount(ids.length);
  const last = cells(page, 'ko-8960').nth(ids.length - 2);
  await last.hover();
  const card = tokenCard(page);
  await expect(card).toContainText(String(ids.at(-2)));
  await expect(card).toContainText('이렇게 합쳐졌습니다');
  await expect(card.locator('dd code').last()).toHaveText(hexOf(await last.innerText()));
  // The same characters are marked in the other lanes.
  await expect(page.locator('[data-lane="base"] .same')).not.toHaveCount(0);
  await input(page).hover();
  await expect(card).toBeHidden();

  const long = `${sentence}\n\n${'어제는 비가 왔습니다. It rained. '.repeat(40)}`;
  await input(page).fill(long);
  await expect.poll(() => shownCounts(page), patience).toEqual(await trueCounts(long));
  await input(page).press('ControlOrMeta+Home');
  await input(page).press('Delete');
  await expect.poll(() => shownCounts(page), patience).toEqual(await trueCounts(long.slice(1)));
  // What was drawn before the edit and kept fits to what was drawn after it.
  const unit = `${sentence.slice(1)}\n\n`;
  const drawn = await cells(page, 'ko-8960').evaluateAll((all) => {
    return all.map((token) => ({ text: token.textContent, even: token.classList.contains('even') }));
  });
  expect(drawn.map(({ text }) => text).join('')).toBe(unit.replaceAll('\n', '↵'));
  expect(drawn.length).toBe((await trueIds('ko-8960', unit)).length);
  expect(drawn.map(({ even }) => even)).toEqual(drawn.map((_, index) => index % 2 === 0));
  expect(complaints).toEqual([]);
});

test('tokens can be walked through with the keyboard; bytes are told from pieces', async ({ page }) => {
  await openLab(page, '/?lang=en#/tokenizer');
  await input(page).fill('쀍 환자');
  await expect.poll(() => shownCounts(page), patience).toEqual(await trueCounts('쀍 환자'));
  const view = page.getByRole('listbox', { name: 'Segmentation' });
  await view.focus();
  await page.keyboard.press('ArrowRight');
  const card = tokenCard(page);
  await expect(card).toContainText('3 tokens share one character');
  await expect(card).toContainText(`id ${(await trueIds('base', '쀍'))[0]}`);
  await page.keyboard.press('ArrowRight');
  await expect(card).toContainText('▁환');
  await page.keyboard.press('ArrowDown');
  await expect(card).toContainText('Korean medical +16,384');
  await expect(card).toContainText('▁환자');
  await page.keyboard.press('Escape');
  await expect(card).toBeHidden();
});

test('own tokenizers: ours, a byte-level one, from the hub; malformed ones say what is wrong', async ({ page }) => {
  const file = page.getByTestId('tokenizer-file');
  await openLab(page, '/?lang=en#/tokenizer');
  const text = 'a lung scan 폐렴';
  await input(page).fill(text);

  await file.setInputFiles(textFile('stand-in.json', JSON.stringify(standInTokenizer().tokenizer)));
  const ours = new Tokenizer(standInTokenizer().tokenizer, {}).encode(text, { add_special_tokens: false }).ids.length;
  await expect(tokens(page, 'own-1')).toHaveText(String(ours));
  await file.setInputFiles(textFile('bytes.json', JSON.stringify(byteLevel)));
  await expect(row(page, 'own-2')).toContainText('BPE');
  await expect(tokens(page, 'own-2')).toHaveText(String(Buffer.byteLength(text) - 1));
  await row(page, 'own-1').getByRole('button', { name: 'Remove' }).click();
  await expect(row(page, 'own-1')).toBeHidden();

  await page.route('https://huggingface.co/somebody/tiny/resolve/main/tokenizer.json', (route) =>
    route.fulfill({ json: standInTokenizer().tokenizer }),
  );
  await page.route('https://huggingface.co/somebody/gated/**', (route) => route.fulfill({ status: 401 }));
  const hub = page.getByPlaceholder('owner/name');
  await hub.fill('somebody/tiny');
  await hub.press('Enter');
  await expect(row(page, 'own-3')).toContainText('somebody/tiny');
  await expect(tokens(page, 'own-3')).toHaveText(String(ours));
  await hub.fill('somebody/gated');
  await hub.press('Enter');
  await expect(page.getByRole('alert')).toContainText('This repository needs permission: somebody/gated');
  await expect(page.getByRole('alert')).toContainText('Its terms must be accepted first');
  await page.getByRole('button', { name: 'Remove from the list' }).click();

  const model = await readFile('tests/fixtures/tokenizer/unigram-nfkc.model');
  await file.setInputFiles(textFile('mine.model', model));
  await expect(row(page, 'own-5')).toContainText('SentencePiece');
  await expect(tokens(page, 'own-5')).toHaveText(/^[1-9]\d*$/);

  const pack: unknown = JSON.parse(await readFile('public/korean/ko-8960.json', 'utf8'));
  const other = { ...Object(pack), base: { sha256: 'ab'.repeat(32), size: 262145 } };
  const malformed: [name: string, contents: string | Uint8Array, message: RegExp][] = [
    ['cut.json', '{\n "model": {"type": "BPE",\n', /Broken JSON: cut\.json.*line 3, column 1/s],
    [
      'later.json',
      JSON.stringify({ ...byteLevel, decoder: { type: 'CTC' } }),
      /not supported: later\.json.*CTC in its decoder/s,
    ],
    [
      'pointer.json',
      'version https://git-lfs.github.com/spec/v1\noid sha256:00\n',
      /A Git LFS pointer, not the file itself/,
    ],
    ['settings.json', '{"a": 1}', /Not a valid tokenizer\.json: settings\.json/s],
    ['photo.json', Uint8Array.of(0xff, 0xd8, 0xff), /A JPEG image: photo\.json/],
    ['noise.model', Uint8Array.of(1, 2, 3), /Not a tokenizer file: noise\.model/],
    ['latin.json', Uint8Array.of(0x7b, 0x22, 0xb0, 0xa1), /Not UTF-8: latin\.json/],
    ['cut.model', model.subarray(0, model.length / 2), /This SentencePiece model cannot be read: cut\.model/],
    ['other.json', JSON.stringify(other), /A pack for another tokenizer: other\.json.*abababababab/s],
    [
      'broken-pack.json',
      JSON.stringify({ ...Object(pack), merges: [['가']] }),
      /This Korean pack is not valid: broken-pack/,
    ],
  ];
  for (const [name, contents, message] of malformed) {
    await file.setInputFiles(textFile(name, contents));
    await expect(page.getByRole('alert')).toContainText(message);
    await page.getByRole('button', { name: 'Remove from the list' }).click();
    await expect(page.getByRole('alert')).toBeHidden();
  }
  // Nothing of it has touched what was there.
  await expect(tokens(page, 'own-2')).toBeVisible();
});

test('pairs are dropped and measured; what was left out or guessed is told', async ({ page }) => {
  await openLab(page);
  const pairs = [
    ['The patient has pneumonia.', '환자는 폐렴을 앓고 있습니다.'],
    ['It rained yesterday.', '어제는 비가 왔습니다.'],
  ] as const;
  const tsv = pairs.map((pair) => pair.join('\t')).join('\r\n');
  await dropBytes(page, '#tokenizer', 'mine.tsv', 'text/tab-separated-values', Buffer.from(tsv));
  const sums = async (side: 0 | 1) => {
    const each = await Promise.all(pairs.map((pair) => trueCounts(pair[side])));
    return (key: string) => each.reduce((sum, counts) => sum + (counts[key] ?? 0), 0);
  };
  const [english, korean] = [await sums(0), await sums(1)];
  for (const key of ['base', 'ko-med-16384', 'ko-8960', 'ko-20480']) {
    const ratio = (korean(key) / english(key)).toFixed(2);
    await expect(page.locator(`tr[data-pairs="${key}"]`)).toContainText(ratio, patience);
  }
  await expect(page.getByText('2쌍')).toBeVisible();

  await dropBytes(page, '#tokenizer', 'half.tsv', '', Buffer.from(`${tsv}\n탭이 없는 줄\n`));
  const reading = page.getByTestId('pairs-reading');
  await expect(reading).toContainText('한쪽이 빈 행 1개를 뺐습니다(처음은 3행)');
  const cp949 = await readFile(new URL('../fixtures/cases/pairs/cp949.tsv', import.meta.url));
  await dropBytes(page, '#tokenizer', 'excel.tsv', '', cp949);
  await expect(reading).toContainText('excel.tsv 파일은 한국어 Excel처럼 CP949(EUC-KR)로 저장한 것으로 보여');
  await expect(page.locator('tr[data-pairs="base"]')).toContainText('1.04', patience);
  await dropBytes(page, '#tokenizer', 'none.tsv', '', Buffer.from('The patient has a fever.\n환자는 열이 있습니다.\n'));
  await expect(page.getByRole('alert')).toContainText('열로 나눌 수 없습니다: none.tsv');
});

test('a text comes back after an example, and decomposed Hangul is composed when asked', async ({ page }) => {
  await openLab(page);
  await input(page).fill(sentence.normalize('NFD'));
  const composed = (await trueCounts(sentence))['base'];
  const notice = page.getByTestId('decomposed');
  await expect(notice).toContainText(`모아 쓰면 ${composed}토큰`, patience);
  await page.getByRole('button', { name: '영어', exact: true }).click();
  await expect(notice).toBeHidden();
  await page.getByRole('button', { name: '되돌리기' }).press('Enter');
  await expect(input(page)).toHaveValue(sentence.normalize('NFD'));
  await page.getByRole('button', { name: '모아 쓰기' }).click();
  await expect(input(page)).toHaveValue(sentence);
  await expect.poll(() => shownCounts(page), patience).toEqual(await trueCounts(sentence));
});

test('the link brings the text and the choice back, and a cut one says so; CSV opens in spreadsheets', async ({
  page,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await openLab(page);
  const text = '=1+1\n혈압은 150에 95였습니다. 🙂';
  await input(page).fill(text);
  await page.getByRole('checkbox', { name: '한국어 +8,960' }).uncheck();
  await expect(tokens(page, 'ko-8960')).toBeHidden();
  await page.getByRole('button', { name: '링크 복사' }).click();
  await expect(page.getByText('글과 고른 토크나이저가 링크에 담겼습니다')).toBeVisible();
  const link = await page.evaluate(() => navigator.clipboard.readText());

  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'CSV 저장' }).click();
  const csv = await readFile(await (await download).path(), 'utf8');
  const counts = await trueCounts(text);
  const lines = csv.split('\r\n');
  expect(lines[0]).toBe('\uFEFF번호,문장,Gemma 3 기본 토큰,"한국어 의학 +16,384 토큰","한국어 +20,480 토큰"');
  expect(lines[1]).toMatch(/^1,"'=1\+1",/);
  expect(lines.at(-1)).toBe(`합계,,${counts['base']},${counts['ko-med-16384']},${counts['ko-20480']}`);

  const other = await context.newPage();
  await openPage(other, link);
  await expect(tokens(other, 'ko-20480')).toHaveText(String(counts['ko-20480']), patience);
  await expect(input(other)).toHaveValue(text);
  await expect(other.getByRole('checkbox', { name: '한국어 +8,960' })).not.toBeChecked();
  await other.goto(link.slice(0, -9));
  await expect(other.getByRole('alert')).toContainText('링크에 담긴 글을 읽을 수 없습니다');
});

test('looking at the lab neither stops an answer nor forgets the chat', async ({ page }) => {
  test.setTimeout(240_000);
  const complaints = await openPage(page);
  await modelReady(page);
  await prompt(page).fill('짧은 질문');
  await prompt(page).press('Enter');
  await expect(answers(page).locator('.markdown')).not.toBeEmpty(patience);
  const before = await answers(page).locator('.markdown').innerText();
  await page.getByRole('link', { name: '토크나이저' }).click();
  await expect(page.locator('#tokenizer')).toBeFocused();
  await expect(page).toHaveURL(/#\/tokenizer$/);
  await expect(tokens(page, 'ko-20480')).toBeVisible(patience);
  await page.goBack();
  await expect(page).toHaveTitle('MedGemma 한국어 랩');
  await expect.poll(() => answers(page).locator('.markdown').innerText(), patience).not.toBe(before);
  await stop(page).click();
  await expect(send(page)).toBeVisible(patience);
  await page.getByRole('link', { name: '토크나이저' }).click();
  await expect(input(page)).toBeVisible();
  expect(complaints).toEqual([]);
});

test('a phone shows the lab without sideways scrolling of the page', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await openLab(page);
  const beyond = () =>
    page.evaluate(() => {
      const main = document.getElementById('tokenizer');
      return Math.max(
        document.documentElement.scrollWidth - innerWidth,
        main ? main.scrollWidth - main.clientWidth : 0,
      );
    });
  expect(await beyond()).toBe(0);
  await page.getByRole('listbox').scrollIntoViewIfNeeded();
  await cells(page, 'base').first().click();
  await expect(tokenCard(page)).toBeInViewport();
  expect(await beyond()).toBe(0);
});

test('it works on a host that announces the vocabulary as gzip and lets the browser unpack it', async ({ page }) => {
  const packed = await readFile('dist/tokenizer/gemma3.vocabulary');
  expect(packed.length).toBeLessThanOrEqual(1_600_000);
  expect([...packed.subarray(0, 2)]).toEqual([0x1f, 0x8b]);
  const host = await gzipHost('dist');
  try {
    expect((await fetch(`${host.url}tokenizer/gemma3.vocabulary`)).headers.get('content-encoding')).toBe('gzip');
    await openLab(page, `${host.url}#/tokenizer`);
    await input(page).fill(sentence);
    await expect.poll(() => shownCounts(page), patience).toEqual(await trueCounts(sentence));
  } finally {
    await host.close();
  }
});

function hexOf(text: string): string {
  return [...Buffer.from(text)].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ');
}

function byteLevelVocabulary(): Record<string, number> {
  const pieces: string[] = [];
  let unprintable = 256;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    pieces.push(String.fromCharCode(printable ? byte : unprintable++));
  }
  return Object.fromEntries([...pieces, 'ng'].map((piece, id) => [piece, id]));
}
