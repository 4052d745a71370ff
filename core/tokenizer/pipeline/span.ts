import { refuseGrowth } from '../format-error.ts';

/** A part of a text while it is normalized and split. */
export interface Span {
  text: string;
  /** Original position of each position of `text` (0…length), in UTF-16 units. */
  origins: Int32Array;
}

/** The units `start`…`end` of a text, unchanged. */
export function spanOf(text: string, start: number, end: number): Span {
  return {
    text: text.slice(start, end),
    origins: Int32Array.from({ length: end - start + 1 }, (_, at) => start + at),
  };
}

export function sliceSpan({ text, origins }: Span, start: number, end: number): Span {
  return { text: text.slice(start, end), origins: origins.subarray(start, end + 1) };
}

/** `content` replaces the units `start`…`end`. */
export interface Replacement {
  start: number;
  end: number;
  content: string;
}

/**
 * Applies replacements, which are in order and do not overlap. A token that ends inside a replacement covers all of the
 * replaced text; the tokens after it are empty.
 */
export function replaceIn(span: Span, replacements: readonly Replacement[]): Span {
  if (replacements.length === 0) return span;
  const length = replacements.reduce(
    (sum, { start, end, content }) => sum + content.length - (end - start),
    span.text.length,
  );
  refuseGrowth(length);
  const origins: number[] = [];
  const parts: string[] = [];
  let from = 0;
  const keep = (to: number) => {
    parts.push(span.text.slice(from, to));
    for (; from < to; from++) origins.push(span.origins[from]!);
  };
  for (const { start, end, content } of replacements) {
    keep(start);
    parts.push(content);
    for (let unit = 0; unit < content.length; unit++) origins.push(span.origins[unit === 0 ? start : end]!);
    from = end;
  }
  keep(span.text.length);
  origins.push(span.origins[span.text.length]!);
  return { text: parts.join(''), origins: Int32Array.from(origins) };
}

/** Replaces each character (code point) by what `change` makes of it. */
export function mapCharacters(span: Span, change: (character: string) => string): Span {
  const replacements: Replacement[] = [];
  let at = 0;
  for (const character of span.text) {
    const content = change(character);
    const end = at + character.length;
    if (content !== character) replacements.push({ start: at, end, content });
    at = end;
  }
  return replaceIn(span, replacements);
}

/** Puts `content` before the text; it belongs to the first character. */
export function prependTo(span: Span, content: string): Span {
  return replaceIn(span, [{ start: 0, end: 0, content }]);
}
