import { sliceSpan, type Span } from './span.ts';

/** What is done with the matches of a split; names as in tokenizer.json. */
export const SPLIT_BEHAVIORS = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'] as const;
export type SplitBehavior = (typeof SPLIT_BEHAVIORS)[number];

export interface Range {
  start: number;
  end: number;
}

/** Finds the matches in a text, in order, without overlap. They may be empty. */
export type FindMatches = (text: string) => Iterable<Range>;

interface Piece extends Range {
  match: boolean;
}

/** Splits as `NormalizedString::split` of Hugging Face tokenizers. `invert`: what lies between the matches is the match. */
export function splitSpan(span: Span, find: FindMatches, behavior: SplitBehavior, invert = false): Span[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const { start, end } of find(span.text)) {
    if (from !== start) pieces.push({ start: from, end: start, match: invert });
    pieces.push({ start, end, match: !invert });
    from = end;
  }
  if (from !== span.text.length) pieces.push({ start: from, end: span.text.length, match: invert });
  return joined(pieces, behavior)
    .filter(({ start, end }) => start !== end)
    .map(({ start, end }) => sliceSpan(span, start, end));
}

function joined(pieces: readonly Piece[], behavior: SplitBehavior): readonly Range[] {
  if (behavior === 'Isolated') return pieces;
  if (behavior === 'Removed') return pieces.filter(({ match }) => !match);
  const backward = behavior === 'MergedWithNext';
  const ranges: Range[] = [];
  let before = false;
  for (const { start, end, match } of backward ? pieces.toReversed() : pieces) {
    const joins = behavior === 'Contiguous' ? match === before : match && !before;
    before = match;
    const last = ranges.at(-1);
    if (!joins || !last) ranges.push({ start, end });
    else if (backward) last.start = start;
    else last.end = end;
  }
  return backward ? ranges.reverse() : ranges;
}

/** Each character of a class is a match. */
export function eachCharacter(is: (character: string) => boolean): FindMatches {
  return function* (text) {
    let start = 0;
    for (const character of text) {
      const end = start + character.length;
      if (is(character)) yield { start, end };
      start = end;
    }
  };
}

/** Each occurrence of a text. */
export function eachText(wanted: string): FindMatches {
  return function* (text) {
    if (wanted === '') return;
    for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + wanted.length)) {
      yield { start: at, end: at + wanted.length };
    }
  };
}

/** Each match of an expression with the flags `g` and `v`: as Oniguruma, no empty match directly after a match. */
export function eachMatch(expression: RegExp): FindMatches {
  return function* (text) {
    let lastEnd = -1;
    expression.lastIndex = 0;
    for (let from = 0; from <= text.length;) {
      expression.lastIndex = from;
      const found = expression.exec(text);
      if (!found) return;
      const start = found.index;
      const end = start + found[0].length;
      // Lookarounds also match between the two units of a character.
      if (isInside(text, start)) {
        from = start + 1;
        continue;
      }
      if (start === end && end === lastEnd) {
        from = end + ((text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1);
        continue;
      }
      yield { start, end };
      from = lastEnd = end;
    }
  };
}

function isInside(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800;
}
