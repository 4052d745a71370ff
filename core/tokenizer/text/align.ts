/** Computes token positions in a text for encoders that do not report them. */

const utf8 = new TextEncoder();

export interface Alignment {
  /** End of each token in UTF-16 units, as in `Segmentation`. */
  ends: Int32Array;
  /** False if the encoder changed the text (case, accents), so that positions were found by searching for the pieces. */
  exact: boolean;
}

/**
 * @param surfaces bytes of each token's text; undefined if unknown
 */
export function align(text: string, surfaces: readonly (Uint8Array | undefined)[]): Alignment {
  return alignBytes(text, surfaces) ?? alignPieces(text, surfaces);
}

/** Exact alignment if the concatenated surfaces equal the text. */
function alignBytes(text: string, surfaces: readonly (Uint8Array | undefined)[]): Alignment | undefined {
  const bytes = utf8.encode(text);
  const ends = new Int32Array(surfaces.length);
  let at = 0;
  const unitBehind = unitsBehindBytes(text, bytes.length);
  for (const [index, surface] of surfaces.entries()) {
    if (!surface) return undefined;
    for (const byte of surface) if (bytes[at++] !== byte) return undefined;
    ends[index] = unitBehind[at] ?? 0;
  }
  return at === bytes.length ? { ends, exact: true } : undefined;
}

/** For each byte offset: UTF-16 offset after the character that contains the previous byte. */
function unitsBehindBytes(text: string, length: number): Int32Array {
  const units = new Int32Array(length + 1);
  let byte = 0;
  let unit = 0;
  for (const character of text) {
    const size = utf8.encode(character).length;
    unit += character.length;
    for (let step = 1; step <= size; step++) units[byte + step] = unit;
    byte += size;
  }
  return units;
}

/** Maximum search distance for a piece: encoders drop white space and rewrite characters, but not whole sentences. */
const window = 64;

function alignPieces(text: string, surfaces: readonly (Uint8Array | undefined)[]): Alignment {
  const folded = fold(text);
  const decoder = new TextDecoder();
  const ends = new Int32Array(surfaces.length);
  let at = 0;
  for (const [index, surface] of surfaces.entries()) {
    const piece = surface ? fold(decoder.decode(surface)).trim() : '';
    const found = piece ? folded.slice(at, at + piece.length + window).indexOf(piece) : -1;
    if (found >= 0) at += found + piece.length;
    ends[index] = at;
  }
  if (ends.length > 0) ends[ends.length - 1] = text.length;
  return { ends, exact: false };
}

/** Removes case and accents; keeps the length in UTF-16 units. */
function fold(text: string): string {
  let folded = '';
  for (const unit of text) {
    const plain = unit.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
    folded += plain.length === unit.length ? plain : unit;
  }
  return folded;
}
