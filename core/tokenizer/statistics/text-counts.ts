/** Counts of a text that do not depend on a tokenizer. */
export interface TextCounts {
  /** Unicode code points. */
  characters: number;
  /** Bytes in UTF-8. */
  bytes: number;
  /** Words separated by white space (어절). */
  words: number;
  /** Precomposed Hangul syllables. */
  syllables: number;
}

/** Adds the counts of the text. */
export function countText(text: string, counts: TextCounts): void {
  let inWord = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    counts.characters++;
    if (unit < 0x80) counts.bytes++;
    else if (unit < 0x800) counts.bytes += 2;
    else counts.bytes += 3;
    if (isHigh(unit) && isLow(text.charCodeAt(i + 1))) {
      counts.bytes++;
      i++;
    }
    if (unit >= 0xac00 && unit <= 0xd7a3) counts.syllables++;
    const space = isWhiteSpace(unit);
    if (!space && !inWord) counts.words++;
    inWord = !space;
  }
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

/** Equivalent to `\s`, but faster than a regular expression per character. */
function isWhiteSpace(unit: number): boolean {
  if (unit < 0xa0) return unit === 0x20 || (unit >= 9 && unit <= 13);
  if (unit >= 0x2000 && unit <= 0x205f) return unit <= 0x200a || [0x2028, 0x2029, 0x202f, 0x205f].includes(unit);
  return [0xa0, 0x1680, 0x3000, 0xfeff].includes(unit);
}
