import { CONTINUED, KIND_BITS, NEW_TOKEN, TOKEN_KINDS } from '#core/protocol/tokenizer.ts';
import type { TokenKind } from '#core/tokenizer/tokenizer.ts';
import type { UnitTokens } from './live-text.svelte.ts';

/** A range of a unit and its tokens: one, or several that share a character. */
export interface Cell {
  start: number;
  end: number;
  /** Tokens of the lane, from `first` on. */
  first: number;
  count: number;
  kind: TokenKind;
  isNew: boolean;
  /** True if the token began in the previous unit. */
  continued: boolean;
}

/** Last characters without a token (some encoders drop them) are in no cell. */
export function cellsOf({ ends, marks }: UnitTokens): Cell[] {
  const cells: Cell[] = [];
  let start = 0;
  for (const [at, end] of ends.entries()) {
    const last = cells.at(-1);
    if (last && end === start) {
      last.count++;
      continue;
    }
    const mark = marks[at] ?? 0;
    cells.push({
      start,
      end,
      first: at,
      count: 1,
      kind: TOKEN_KINDS[mark & KIND_BITS] ?? 'unknown',
      isNew: (mark & NEW_TOKEN) !== 0,
      continued: (mark & CONTINUED) !== 0,
    });
    start = end;
  }
  return cells;
}

/** The cells of a lane that overlap `start`…`end`: their indices and their number of tokens. */
export function overlapping(cells: readonly Cell[], start: number, end: number): { at: number[]; tokens: number } {
  const at = cells.flatMap((cell, index) => (cell.start < end && cell.end > start ? [index] : []));
  return { at, tokens: at.reduce((sum, index) => sum + (cells[index]?.count ?? 0), 0) };
}

/** Replaces control characters with visible ones of the same length, so that offsets stay the same. */
export function visible(text: string): string {
  // eslint-disable-next-line no-control-regex -- the function replaces control characters
  return text.replace(/[\u0000-\u001f\u007f]/g, (character) => {
    if (character === '\n') return '↵';
    if (character === '\t') return '⇥';
    return character === '\u007f' ? '␡' : String.fromCharCode(0x2400 + character.charCodeAt(0));
  });
}
