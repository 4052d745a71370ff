/**
 * Splits a text into units, mostly sentences, so that after a keystroke only one unit has to be encoded and rendered again.
 * Splits are where no token of Gemma's vocabulary can cross: after line breaks, and before a space that follows a letter, a
 * digit or the end of a sentence.
 */

/** In UTF-16 units; a longer sentence is split before its next space. */
const longest = 240;

const BREAKS = /\n+/g;
const SENTENCE_END = /[.!?。！？…]+["'”’»)\]]*(?= [^\s▁])/gu;
const SPACE = /(?<=[\p{L}\p{N},;:])(?= [^\s▁])/gu;

/** What is before the split of a long sentence; sentences end otherwise. */
const LONG_SPLIT = /[\p{L}\p{N},;:]$/u;

/** Characters that allow a split before the following space. */
const BEFORE_SPACE = /[\p{L}\p{N}.!?。！？…"'”’»)\],;:]▁/u;
const MIXED_BREAK = /[^\n]\n|\n[^\n]/;

/** @returns end of each unit in UTF-16 units; the last is the length of the text; empty for an empty text */
export function unitEnds(text: string): number[] {
  const ends: number[] = [];
  let from = 0;
  for (const line of text.matchAll(BREAKS)) {
    const end = line.index + line[0].length;
    cutLine(text, from, end, ends);
    from = end;
  }
  if (from < text.length) cutLine(text, from, text.length, ends);
  return ends;
}

function cutLine(text: string, from: number, to: number, ends: number[]): void {
  const line = text.slice(from, to);
  let begin = 0;
  for (const { index, 0: marks } of line.matchAll(SENTENCE_END)) {
    begin = cutLong(line, from, begin, index + marks.length, ends);
    ends.push(from + begin);
  }
  cutLong(line, from, begin, line.length, ends);
  ends.push(to);
}

function cutLong(line: string, offset: number, from: number, to: number, ends: number[]): number {
  let begin = from;
  while (to - begin > longest) {
    SPACE.lastIndex = begin + longest;
    const cut = SPACE.exec(line)?.index ?? to;
    if (cut >= to) break;
    ends.push(offset + cut);
    begin = cut;
  }
  return to;
}

/** True if the text of a unit ends inside a sentence: it was split because it is long. */
export function endsInside(unit: string): boolean {
  return LONG_SPLIT.test(unit);
}

/** True if the piece can cross a split; then encoding the units separately differs from encoding the whole text. */
export function reachesAcross(piece: string): boolean {
  return BEFORE_SPACE.test(piece) || MIXED_BREAK.test(piece);
}
