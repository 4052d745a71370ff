/**
 * Reads tables of delimited text: what spreadsheets write (RFC 4180: cells in quotes hold delimiters, line ends and doubled
 * quotes), and plain lines in which a quote is just a quote.
 */
import { withLineFeeds } from './line-ends.ts';

export type Delimiter = '\t' | ',' | ';';

export interface Row {
  /** As a spreadsheet counts, from 1; a row with line ends in its cells is one. */
  number: number;
  cells: readonly string[];
}

/** @returns rows without those that are blank */
export function readRows(text: string, delimiter: Delimiter): Row[] {
  const plain = withLineFeeds(text);
  const rows = new RowReader(plain, delimiter, true).rows() ?? new RowReader(plain, delimiter, false).rows() ?? [];
  return rows
    .map((cells, index): Row => ({ number: index + 1, cells }))
    .filter(({ cells }) => cells.some((cell) => cell.trim() !== ''));
}

/**
 * A spreadsheet quotes every cell that holds a quote. Where all of a text keeps to that (`strict`), quotes are marks of
 * cells. Where it does not, somebody wrote the quotes, and a cell is quoted only if its closing quote is before the
 * delimiter or line end that would end it: otherwise one stray quote would swallow the lines up to the next one.
 */
class RowReader {
  #at = 0;

  constructor(
    private readonly text: string,
    private readonly delimiter: Delimiter,
    private readonly strict: boolean,
  ) {}

  /** @returns undefined if the text is not strict */
  rows(): string[][] | undefined {
    const { text } = this;
    const rows: string[][] = [];
    let row: string[] = [];
    while (this.#at < text.length) {
      const cell = this.#cell();
      if (cell === undefined) return undefined;
      row.push(cell);
      const end = text[this.#at++];
      if (end === this.delimiter && this.#at < text.length) continue;
      if (end === this.delimiter) row.push('');
      rows.push(row);
      row = [];
    }
    return rows;
  }

  /** Reads a cell and stops before the delimiter or line end after it. */
  #cell(): string | undefined {
    const { text, strict } = this;
    if (text[this.#at] === '"') {
      const quoted = this.#quoted();
      if (quoted !== undefined) return quoted;
      if (strict) return undefined;
    }
    const start = this.#at;
    this.#at = this.#plainEnd(start);
    const cell = text.slice(start, this.#at);
    return strict && cell.includes('"') ? undefined : cell;
  }

  #plainEnd(from: number): number {
    const { text, delimiter } = this;
    let at = from;
    while (at < text.length && text[at] !== delimiter && text[at] !== '\n') at++;
    return at;
  }

  /** @returns undefined, without a step, if the quote does not open a quoted cell */
  #quoted(): string | undefined {
    const { text, delimiter, strict } = this;
    const start = this.#at + 1;
    let close = text.indexOf('"', start);
    while (close >= 0 && text[close + 1] === '"') close = text.indexOf('"', close + 2);
    if (close < 0) return undefined;
    const behind = text[close + 1];
    if (behind !== undefined && behind !== delimiter && behind !== '\n') return undefined;
    if (!strict && this.#endsBefore(start, close)) return undefined;
    this.#at = close + 1;
    return text.slice(start, close).replaceAll('""', '"');
  }

  /** True if the first line of the cell would be several cells if its quote were a plain one. */
  #endsBefore(start: number, close: number): boolean {
    const end = this.text.indexOf('\n', start);
    return end >= 0 && end < close && this.text.slice(start, end).includes(this.delimiter);
  }
}

/** In a table, at least this share of the rows has the same number of cells; sentences with commas vary. */
const REGULAR = 0.8;

/**
 * The delimiter of a table: tabs where half of the lines have one, otherwise commas or semicolons that cut the rows alike.
 * @returns undefined if the text is no table
 */
export function delimiterOf(text: string): Delimiter | undefined {
  const tabbed = readRows(text, '\t');
  if (tabbed.filter(({ cells }) => cells.length > 1).length * 2 >= tabbed.length && tabbed.length > 0) return '\t';
  const [best] = ([',', ';'] as const)
    .map((delimiter) => {
      const rows = readRows(text, delimiter);
      const width = widthOf(rows);
      return { delimiter, width, share: rows.filter(({ cells }) => cells.length === width).length / rows.length };
    })
    .filter(({ width, share }) => width > 1 && share >= REGULAR)
    .sort((one, other) => other.share - one.share);
  return best?.delimiter;
}

/** The most frequent number of cells of a row; the larger one on a tie. */
export function widthOf(rows: readonly Row[]): number {
  const counts = new Map<number, number>();
  for (const { cells } of rows) counts.set(cells.length, (counts.get(cells.length) ?? 0) + 1);
  const [most] = [...counts].sort(([a, times], [b, otherTimes]) => otherTimes - times || b - a);
  return most?.[0] ?? 0;
}
