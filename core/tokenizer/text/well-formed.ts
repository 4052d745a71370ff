const SURROGATE = /\p{Surrogate}/gu;

/** Lone surrogates become U+FFFD: one unit for one unit, so that positions do not change. */
export function wellFormed(text: string): string {
  return text.replace(SURROGATE, '\uFFFD');
}
