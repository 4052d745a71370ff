/** Where tokens stand in a text, for encoders that do not tell. */

const utf8 = new TextEncoder();

export interface Alignment {
  /** Where each token ends, in UTF-16 units, as in `Segmentation`. */
  ends: Int32Array;
  /** False where the encoder changed the text (case, accents) so that places were found by looking for the pieces. */
  exact: boolean;
}

/**
 * @param surfaces the bytes that each token stands for; undefined where it stands for text that is not known
 */
export function align(text: string, surfaces: readonly (Uint8Array | undefined)[]): Alignment {
  return alignBytes(text, surfaces) ?? alignPieces(text, surfaces);
}

/** The surfaces one behind the other are the text: each byte has its place. */
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

/** For each number of bytes: how many UTF-16 units the characters have that they begin. */
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

/** How far ahead a piece is looked for: an encoder drops white space and rewrites characters, not sentences. */
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

/** Same length in UTF-16 units as the text, without case and accents. */
function fold(text: string): string {
  let folded = '';
  for (const unit of text) {
    const plain = unit.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
    folded += plain.length === unit.length ? plain : unit;
  }
  return folded;
}
