/** Korean particles, whose form depends on how the word before them ends. */

/** After a consonant / after a vowel; 으로 and 로 also ask whether the consonant is ㄹ. */
const PARTICLES = {
  '은/는': ['은', '는'],
  '이/가': ['이', '가'],
  '을/를': ['을', '를'],
  '과/와': ['과', '와'],
  '으로/로': ['으로', '로'],
  '이에요/예요': ['이에요', '예요'],
} as const;

export type Particle = keyof typeof PARTICLES;

const FIRST_SYLLABLE = 0xac00;
const LAST_SYLLABLE = 0xd7a3;
const FINALS = 28;
/** ㄹ among the 28 finals of a syllable block (Unicode 3.12: 가 is 0xAC00, the final counts fastest). */
const RIEUL = 8;

/** Finals of 영 일 이 삼 사 오 육 칠 팔 구; 0 closes 십, 백, 천 and 만 too, which all end in a consonant other than ㄹ. */
const DIGIT_FINALS = [21, RIEUL, 0, 16, 0, 0, 1, RIEUL, RIEUL, 0];

/**
 * The word with the particle that fits it: `withParticle('병변', '은/는')` is 병변은. Throws RangeError for a word that does
 * not end in a Hangul syllable or a digit, since how it is read is not known.
 */
export function withParticle(word: string, particle: Particle): string {
  const [afterConsonant, afterVowel] = PARTICLES[particle];
  const final = finalOf(word);
  const takesVowelForm = final === 0 || (particle === '으로/로' && final === RIEUL);
  return word + (takesVowelForm ? afterVowel : afterConsonant);
}

/** Number of the final consonant of the last syllable, 0 for none. */
function finalOf(word: string): number {
  const code = word.codePointAt(word.length - 1) ?? 0;
  if (code >= FIRST_SYLLABLE && code <= LAST_SYLLABLE) return (code - FIRST_SYLLABLE) % FINALS;
  const digit = DIGIT_FINALS[code - 48];
  if (digit === undefined) throw new RangeError(`cannot tell how ${JSON.stringify(word)} ends`);
  return digit;
}
