import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeText } from '#core/text/encoding.ts';
import { readTokenizerJson } from '#core/tokenizer/json/tokenizer-json.ts';
import { measurePairs } from '#core/tokenizer/statistics/measure.ts';
import { readPairs, type ReadPairs } from '#core/tokenizer/statistics/read-pairs.ts';
import { gemma3TokenizerJson } from '../../reference/gemma3-tokenizer.ts';

const GOOD = [
  { english: 'The patient has a fever.', korean: '환자는 열이 있습니다.' },
  { english: 'Take this medicine twice a day.', korean: '이 약을 하루 두 번 드세요.' },
  { english: 'There is a 2 cm nodule in the right lung.', korean: '우측 폐에 2cm 결절이 있습니다.' },
];
const QUOTED = [
  { english: 'He said "it hurts", then left.', korean: '그는 "아파요"라고 하고 나갔다.' },
  { english: 'The patient, aged 60, has a fever.', korean: '60세 환자, 열이 있음.' },
];

function fixture(name: string): ReadPairs {
  const bytes = readFileSync(new URL(`../../fixtures/cases/pairs/${name}`, import.meta.url));
  return read(decodeText(bytes).text);
}

function read(text: string): ReadPairs {
  const found = readPairs(text);
  if ('problem' in found) throw new Error(found.problem);
  return found;
}

/** The pairs as “English = Korean”. */
const lines = (text: string) => read(text).pairs.map(({ english, korean }) => `${english} = ${korean}`);
const problem = (text: string) => {
  const found = readPairs(text);
  return 'problem' in found ? found.problem : undefined;
};

const nothing = { halfEmpty: 0, tooWide: 0, first: 0 };
const plain = { columns: { english: 1, korean: 2, count: 2 }, header: false, leftOut: nothing };
const swapped = { ...plain, columns: { english: 2, korean: 1, count: 2 } };

describe('a table of pairs', () => {
  it.each([
    ['good.tsv', { ...plain, pairs: GOOD }],
    ['swapped.tsv', { ...swapped, pairs: GOOD }],
    [
      'nfd-swapped.tsv',
      { ...swapped, pairs: GOOD.map(({ english, korean }) => ({ english, korean: korean.normalize('NFD') })) },
    ],
    ['header.tsv', { ...plain, header: true, pairs: GOOD }],
    ['comma.csv', { ...plain, header: true, pairs: GOOD }],
    ['three.tsv', { ...plain, columns: { english: 1, korean: 2, count: 3 }, pairs: GOOD }],
    ['trailingtab.tsv', { ...plain, columns: { english: 1, korean: 2, count: 3 }, pairs: GOOD }],
    ['cr.tsv', { ...plain, pairs: GOOD }],
    ['cp949.tsv', { ...plain, pairs: GOOD }],
    ['utf16.tsv', { ...plain, pairs: GOOD }],
    ['missing.tsv', { ...plain, pairs: GOOD.slice(0, 1), leftOut: { halfEmpty: 2, tooWide: 0, first: 2 } }],
    ['quoted.tsv', { ...plain, pairs: QUOTED }],
    ['plain-quoted.tsv', { ...plain, pairs: QUOTED }],
    ['multiline.tsv', { ...plain, pairs: [{ english: 'Line one\nline two', korean: '첫 줄\n둘째 줄' }] }],
  ])('reads %s', (name, expected) => expect(fixture(name)).toEqual(expected));

  it('gives the same ratio whichever column is Korean', () => {
    const gemma = readTokenizerJson(gemma3TokenizerJson());
    for (const name of ['good.tsv', 'swapped.tsv', 'three.tsv', 'header.tsv', 'cp949.tsv', 'utf16.tsv', 'cr.tsv']) {
      expect(measurePairs([gemma], fixture(name).pairs)[0]?.ratio).toBeCloseTo(1.038, 3);
    }
  });

  it('finds Hangul in jamo of every kind', () => {
    expect(read('ㅋㅋㅋ\tha ha').columns).toMatchObject({ korean: 1, english: 2 });
    expect(read('ﾡￂ\tga').columns).toMatchObject({ korean: 1, english: 2 });
    expect(read('가'.normalize('NFD') + '\tga').columns).toMatchObject({ korean: 1, english: 2 });
  });

  it('finds the columns among ids, categories, attributions and addresses', () => {
    const rows = GOOD.map(({ english, korean }, index) => [
      `eng-${index}`,
      ['내과', '내과', '영상'][index],
      korean,
      `https://corpus.example/a/sentence/${'xyz'[index]}/the-slug-of-${index}`,
      english,
      'checked by Kim',
    ]);
    const table = read(rows.map((row) => row.join('\t')).join('\n'));
    expect(table.pairs).toEqual(GOOD);
    expect(table.columns).toEqual({ english: 5, korean: 3, count: 6 });
  });

  it.each([
    'English\tKorean',
    'Source (EN)\tTarget (KO)',
    '영어\t한국어',
    'en_text\tko_text',
    '원문\t번역문',
    'src_col\ttgt_col',
    'left_side\tright_side',
  ])('does not measure the names of columns: %s', (head) => {
    const table = read(`${head}\n${GOOD.map(({ english, korean }) => `${english}\t${korean}`).join('\n')}`);
    expect([table.header, table.pairs]).toEqual([true, GOOD]);
  });

  it('goes by the names of the columns before their text', () => {
    const table = read('ko\ten\tnote\n네.\tYes.\tmany different English words here\n');
    expect(table).toMatchObject({ header: true, pairs: [{ english: 'Yes.', korean: '네.' }] });
  });

  it.each([
    ['English\t영어\nKorean\t한국어', ['English = 영어', 'Korean = 한국어']],
    ['Korean\t한국어\nfever\t열', ['Korean = 한국어', 'fever = 열']],
    ['OK\tOK\nYes\t네', ['OK = OK', 'Yes = 네']],
    ['sentence\t문장', ['sentence = 문장']],
  ])('takes entries of a glossary for entries', (text, expected) => expect(lines(text)).toEqual(expected));

  it('reads quotes as a spreadsheet writes them', () => {
    expect(lines('"a\tb"\t"가 ""나"""\r\nc\t다')).toEqual(['a\tb = 가 "나"', 'c = 다']);
    expect(lines('"one\r\n\r\ntwo"\t"하나\n둘"\nc\t다')).toEqual(['one\n\ntwo = 하나\n둘', 'c = 다']);
    expect(lines('"a\tb\nc"\t가\n')).toEqual(['a\tb\nc = 가']);
    expect(lines('"a, b";"가; 나"\nc;다\n')).toEqual(['a, b = 가; 나', 'c = 다']);
  });

  it('leaves a quote that somebody wrote alone, and the lines behind it', () => {
    expect(lines('"Yes" he said\t"네" 그가 말했다\nc\t다')).toEqual(['"Yes" he said = "네" 그가 말했다', 'c = 다']);
    expect(lines('"open\t열다\nc\t다\nd "end"\t라')).toEqual(['"open = 열다', 'c = 다', 'd "end" = 라']);
    expect(lines('6" long\t15cm 길이\n"whole"\t"전체"')).toEqual(['6" long = 15cm 길이', 'whole = 전체']);
    expect(lines('"open\t열다\nc said "x"\t다')).toEqual(['"open = 열다', 'c said "x" = 다']);
  });

  it('counts the rows that it leaves out', () => {
    expect(read('a b\t가\nno tab\n\nc\t \n\t라\nd\t마\n')).toMatchObject({
      pairs: [{ english: 'a b' }, { english: 'd' }],
      leftOut: { halfEmpty: 3, tooWide: 0, first: 2 },
    });
    // A comma outside quotes would shift the cells.
    const rows = [...Array.from({ length: 9 }, (_, at) => `word ${at},낱말 ${at}`), 'Yes, sir,네, 선생님'];
    expect(read(rows.join('\n'))).toMatchObject({ leftOut: { halfEmpty: 0, tooWide: 1, first: 10 } });
    expect(read(rows.join('\n')).pairs).toHaveLength(9);
  });

  it.each([
    ['\n \r\n', 'no-pairs'],
    ['', 'no-pairs'],
    ['The patient has a fever.\n환자는 열이 있습니다.\n', 'pair-without-tab'],
    ['Yes, sir, I do,네\nNo,아니요, 선생님\nWell,음\nOh, oh, oh,오, 오', 'pair-without-tab'],
    ['Good morning.\tBonjour.\n', 'pair-no-korean'],
    ['안녕.\t안녕하세요.\n', 'pair-no-english'],
    ['안녕.\t你好。\n', 'pair-no-english'],
    ['Good morning.\t\n\t안녕하세요.\n', 'pair-half-empty'],
  ])('says what is wrong with %j', (text, expected) => expect(problem(text)).toBe(expected));

  it('reads emoji, very long cells and half of a surrogate pair', () => {
    const long = '가'.repeat(200_000);
    expect(lines(`👨‍👩‍👧 family\t👨‍👩‍👧 가족\nlong\t${long}\nx\ud83d\t라`)).toEqual([
      '👨‍👩‍👧 family = 👨‍👩‍👧 가족',
      `long = ${long}`,
      'x\ud83d = 라',
    ]);
  });
});
