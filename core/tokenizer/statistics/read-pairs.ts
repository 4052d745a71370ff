/** Reads sentence pairs from a table, for the page and the command line alike. */
import { delimiterOf, readRows, widthOf, type Row } from '../../text/delimited.ts';
import type { Pair } from './measure.ts';
import { findColumns } from './pair-columns.ts';

export interface ReadPairs {
  pairs: readonly Pair[];
  /** Numbers of the columns that were read, from 1, and how many there are. */
  columns: { english: number; korean: number; count: number };
  /** True if the first row named the columns. */
  header: boolean;
  leftOut: LeftOut;
}

/** Rows that hold no pair. */
export interface LeftOut {
  /** One of the two cells is empty. */
  halfEmpty: number;
  /** There are more cells than columns, such as for a comma outside quotes. */
  tooWide: number;
  /** Number of the first such row; 0 if there is none. */
  first: number;
}

export type PairsProblem =
  /** Nothing but blank lines. */
  | 'no-pairs'
  /** No delimiter cuts the lines into columns. */
  | 'pair-without-tab'
  /** No column holds Hangul. */
  | 'pair-no-korean'
  /** No column beside the Korean one holds English. */
  | 'pair-no-english'
  /** No row has both sides. */
  | 'pair-half-empty';

/** @param text decoded text of the file */
export function readPairs(text: string): ReadPairs | { problem: PairsProblem } {
  if (text.trim() === '') return { problem: 'no-pairs' };
  const delimiter = delimiterOf(text);
  if (delimiter === undefined) return { problem: 'pair-without-tab' };
  const rows = readRows(text, delimiter);
  const width = widthOf(rows);
  const found = findColumns(rows, Math.max(2, width));
  if (found === 'no-korean') return { problem: 'pair-no-korean' };
  if (found === 'no-english') return { problem: 'pair-no-english' };

  const { english, korean, header } = found;
  const pairs: Pair[] = [];
  const leftOut: LeftOut = { halfEmpty: 0, tooWide: 0, first: 0 };
  for (const row of header ? rows.slice(1) : rows) {
    const [one, other] = [row.cells[english] ?? '', row.cells[korean] ?? ''];
    const fault =
      usedWidth(row) > width ? 'tooWide' : one.trim() === '' || other.trim() === '' ? 'halfEmpty' : undefined;
    if (fault) {
      leftOut[fault]++;
      leftOut.first ||= row.number;
    } else pairs.push({ english: one, korean: other });
  }
  if (pairs.length === 0) return { problem: 'pair-half-empty' };
  return { pairs, columns: { english: english + 1, korean: korean + 1, count: width }, header, leftOut };
}

/** Number of cells without empty ones at the end. */
function usedWidth({ cells }: Row): number {
  return cells.findLastIndex((cell) => cell.trim() !== '') + 1;
}
