/** Which columns of a table are English and Korean, and whether its first row names them. */
import type { Row } from '../../text/delimited.ts';
import { countHangul } from '../../text/hangul.ts';

export interface PairColumns {
  /** Indices of the columns. */
  english: number;
  korean: number;
  /** True if the first row is a header. */
  header: boolean;
}

const ENGLISH_NAMES = words('en eng english us gb 영어 영문');
const KOREAN_NAMES = words('ko kor kr korean 한국어 한글 국문 국어 한국말');
const OTHER_NAMES = words(
  'source src target tgt sentence sent text translation translated original reference ref lang language col column ' +
    '원문 번역 번역문 문장 원본 텍스트 대역',
);

/** Rows that are looked at to tell the columns. */
const LOOKED_AT = 2000;
/** A word of a sentence: letters with marks around them; addresses and hashes are none. */
const LATIN_WORD = /^["'“‘(]*[A-Za-zÀ-ÿ][A-Za-zÀ-ÿ'’-]*[.,!?;:)"'”’…]*$/;
/** A first row of single words is a header if all others are sentences of at least this many words on average. */
const WORDS_OF_SENTENCES = 3;

/**
 * By the names in the first row; otherwise by the text: Korean is the column with most different words in Hangul, English
 * the one with most different Latin words among the others, so that columns of numbers, categories and attributions are
 * not taken for sentences.
 * @returns the language that no column has
 */
export function findColumns(rows: readonly Row[], width: number): PairColumns | 'no-korean' | 'no-english' {
  const [first, ...rest] = rows;
  const named = first && namedColumns(first, width);
  if (named && rest.length > 0 && hasHangul(rest, named.korean)) return { ...named, header: true };

  const columns = Array.from({ length: width }, (_, at) => profile(rows, at));
  const korean = most(columns, ({ hangulWords }) => hangulWords);
  if (korean === undefined) return 'no-korean';
  const english = most(columns, ({ latinWords, latin, hangul }, at) =>
    at === korean || hangul > latin ? 0 : latinWords,
  );
  if (english === undefined) return 'no-english';
  return { english, korean, header: rest.length > 0 && isHeader(rows, english, korean) };
}

function namedColumns(row: Row, width: number): { english: number; korean: number } | undefined {
  const names = Array.from({ length: width }, (_, at) => namesIn(row.cells[at]));
  const english = names.flatMap((name, at) => (name?.english && !name.korean ? [at] : []));
  const korean = names.flatMap((name, at) => (name?.korean && !name.english ? [at] : []));
  const [en, ko] = [english[0], korean[0]];
  return en !== undefined && ko !== undefined && english.length === 1 && korean.length === 1
    ? { english: en, korean: ko }
    : undefined;
}

/** The languages that a cell names; undefined if it is more than a name. */
function namesIn(cell: string | undefined): { english: boolean; korean: boolean } | undefined {
  const parts = cell?.toLowerCase().match(/[\p{L}\p{M}]+/gu);
  if (!parts || parts.length > 4 || /[.!?]/.test(cell ?? '')) return undefined;
  const english = parts.some((part) => ENGLISH_NAMES.has(part));
  const korean = parts.some((part) => KOREAN_NAMES.has(part));
  const known = parts.every((part) => ENGLISH_NAMES.has(part) || KOREAN_NAMES.has(part) || OTHER_NAMES.has(part));
  return known ? { english, korean } : undefined;
}

/** “English – 영어” is no header but an entry of a glossary: the Korean cell names English. */
function isHeader(rows: readonly Row[], english: number, korean: number): boolean {
  const [first, ...rest] = rows;
  const [en, ko] = [namesIn(first?.cells[english]), namesIn(first?.cells[korean])];
  if (en && ko && !en.korean && !ko.english) return true;
  const single = (at: number) =>
    /^\w[\w -]{0,30}$/.test(first?.cells[at]?.trim() ?? '') && !/ \w+ /.test(first?.cells[at] ?? '');
  if (!single(english) || !single(korean) || rest.length < 2) return false;
  const sentences = rest.slice(0, LOOKED_AT);
  const spaced = sentences.reduce((sum, { cells }) => sum + (cells[english] ?? '').trim().split(/\s+/).length, 0);
  return (
    sentences.every(({ cells }) => (cells[korean] ?? '').trim() === '' || countHangul(cells[korean] ?? '') > 0) &&
    spaced / sentences.length >= WORDS_OF_SENTENCES
  );
}

function hasHangul(rows: readonly Row[], at: number): boolean {
  return rows.slice(0, LOOKED_AT).some(({ cells }) => countHangul(cells[at] ?? '') > 0);
}

function profile(rows: readonly Row[], at: number) {
  const hangulWords = new Set<string>();
  const latinWords = new Set<string>();
  let [latin, hangul] = [0, 0];
  for (const { cells } of rows.slice(0, LOOKED_AT)) {
    const cell = cells[at] ?? '';
    latin += cell.match(/[A-Za-z]/g)?.length ?? 0;
    hangul += countHangul(cell.normalize('NFC'));
    for (const word of cell.split(/\s+/)) {
      if (countHangul(word) > 0) hangulWords.add(word);
      else if (LATIN_WORD.test(word)) latinWords.add(word.toLowerCase());
    }
  }
  return { hangulWords: hangulWords.size, latinWords: latinWords.size, latin, hangul };
}

/** Index of the largest figure; undefined if all are 0. */
function most<T>(items: readonly T[], figureOf: (item: T, at: number) => number): number | undefined {
  const figures = items.map(figureOf);
  const largest = Math.max(0, ...figures);
  return largest === 0 ? undefined : figures.indexOf(largest);
}

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}
