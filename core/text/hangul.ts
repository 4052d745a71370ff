/** Syllables, and jamo: conjoining (U+1100…), compatibility (U+3131…) and half-width (U+FFA1…). */
const HANGUL = /\p{Script=Hangul}/gu;
/** What NFC composes: a leading consonant with a vowel, or a syllable with a final consonant. Old Hangul has no syllables. */
const COMPOSABLE = /[\u1100-\u1112][\u1161-\u1175]|[\uAC00-\uD7A3][\u11A8-\u11C2]/g;

/** Number of Hangul characters; three for a decomposed syllable. */
export function countHangul(text: string): number {
  return text.match(HANGUL)?.length ?? 0;
}

/** True for decomposed Hangul (NFD, as macOS writes file names), which NFC composes into syllables. */
export function isDecomposedHangul(text: string): boolean {
  for (const [jamo] of text.matchAll(COMPOSABLE)) if (jamo.normalize('NFC') !== jamo) return true;
  return false;
}
