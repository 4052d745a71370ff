/** Rows that a visitor writes: what is wrong with them, by their numbers, and which of them are held out. */
import { isDecomposedHangul } from '../../text/hangul.ts';
import { holdOut, LEAST_EXAMPLES } from './data-file.ts';
import type { TrainingImage, WishedAnswer } from './wished-answer.ts';

/** Characters of a cell. A question and an answer of so many fit few models' positions; the tokenizer counts exactly. */
export const MOST_CHARACTERS = 1000;
/** More rows are for `npm run lora`. */
export const MOST_ROWS = 1000;

export type Cell = 'question' | 'answer';

/** Why rows cannot be trained on. Rows are numbered from 1 on, empty ones too. */
export type RowProblem =
  /** Write `least` rows: some are held out. */
  | { code: 'too-few'; rows: number; least: number }
  /** Train on so many with `npm run lora`. */
  | { code: 'too-many'; rows: number; most: number }
  /** Fill the cell, or empty the row. */
  | { code: 'empty'; row: number; cell: Cell }
  | { code: 'too-long'; row: number; cell: Cell; characters: number; most: number }
  /** The cell holds half of a character, as text that was cut does, or a control character: type it anew. */
  | { code: 'no-text'; row: number; cell: Cell }
  /** The same question about the same image has another answer in row `first`: keep one of them. */
  | { code: 'contradiction'; row: number; first: number };

/** What is told and needs no change. */
export type RowNote =
  /** Decomposed Hangul (NFD, as macOS writes it) was composed, since the tokenizer knows syllables. */
  | { code: 'composed'; rows: readonly number[] }
  /** Row `first` says the same; it counts twice. */
  | { code: 'repeated'; row: number; first: number };

export interface CheckedRows {
  /** Without empty rows, in NFC, without white space around. To train on only if there is no problem. */
  rows: WishedAnswer[];
  problems: RowProblem[];
  notes: RowNote[];
}

export function checkRows(table: readonly WishedAnswer[]): CheckedRows {
  const problems: RowProblem[] = [];
  const notes: RowNote[] = [];
  const rows: WishedAnswer[] = [];
  const composed: number[] = [];
  const before = new Map<string, { row: number; answer: string }>();
  for (const [index, written] of table.entries()) {
    const row = index + 1;
    if (written.image === undefined && isBlank(written.question) && isBlank(written.answer)) continue;
    if (isDecomposedHangul(written.question + written.answer)) composed.push(row);
    const tidy = { ...written, question: tidied(written.question), answer: tidied(written.answer) };
    rows.push(tidy);
    const wrong = (['question', 'answer'] as const).flatMap((cell) => cellProblem(row, cell, tidy[cell]));
    problems.push(...wrong);
    if (wrong.length > 0) continue;
    const key = `${imageKey(tidy.image)} ${comparable(tidy.question)}`;
    const first = before.get(key);
    const answer = comparable(tidy.answer);
    if (!first) before.set(key, { row, answer });
    else if (first.answer === answer) notes.push({ code: 'repeated', row, first: first.row });
    else problems.push({ code: 'contradiction', row, first: first.row });
  }
  if (rows.length < LEAST_EXAMPLES) problems.unshift({ code: 'too-few', rows: rows.length, least: LEAST_EXAMPLES });
  if (rows.length > MOST_ROWS) problems.unshift({ code: 'too-many', rows: rows.length, most: MOST_ROWS });
  if (composed.length > 0) notes.unshift({ code: 'composed', rows: composed });
  return { rows, problems, notes };
}

/** Letters that show nothing: white space, joiners, marks of direction, fillers of Hangul. */
const INVISIBLE = /[\s\u00ad\u115f\u1160\u200b-\u200f\u2060\u2800\u3164\ufeff\uffa0]/gu;
/** Halves of a character, U+FFFD, which stands for what could not be read, and what no keyboard types. */
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const NO_TEXT = /\p{Surrogate}|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffd]/u;

const isBlank = (text: string) => text.replace(INVISIBLE, '') === '';
const tidied = (text: string) => text.normalize('NFC').trim();
const comparable = (text: string) => text.replace(/\s+/gu, ' ');

function cellProblem(row: number, cell: Cell, text: string): RowProblem[] {
  if (isBlank(text)) return [{ code: 'empty', row, cell }];
  if (NO_TEXT.test(text)) return [{ code: 'no-text', row, cell }];
  const characters = Array.from(text).length;
  return characters > MOST_CHARACTERS ? [{ code: 'too-long', row, cell, characters, most: MOST_CHARACTERS }] : [];
}

/** Files are told apart by name and size: a file that is dropped twice is two blobs. */
function imageKey(image: TrainingImage | undefined): string {
  if (!image) return 'none';
  return image.type === 'phantom' ? `phantom ${image.seed}` : `file ${image.blob.size} ${image.name}`;
}

export interface SplitRows {
  trained: WishedAnswer[];
  /** Empty where all rows are about one image: each would be known by heart from the others. */
  heldOut: WishedAnswer[];
}

/** As `holdOut`: rows of one image stay on one side, and so do equal questions without image. @param rows of `checkRows` */
export function splitRows(rows: readonly WishedAnswer[], fraction: number, seed: number): SplitRows {
  const examples = rows.map(({ question, answer, image }, index) => ({
    ...{ line: index + 1, question, answer },
    image: image && imageKey(image),
  }));
  const { trained, heldOut } = holdOut(examples, fraction, seed);
  const rowsOf = (of: typeof trained) => of.flatMap(({ line }) => rows[line - 1] ?? []);
  return { trained: rowsOf(trained), heldOut: rowsOf(heldOut) };
}
