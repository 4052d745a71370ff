/** Korean particles, whose form depends on the final sound of the preceding word. */

/** Form after a consonant / after a vowel. 로 also follows the consonant ㄹ. */
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
/** Index of ㄹ among the 28 finals of a syllable block (Unicode 3.12: 가 is 0xAC00, the final varies fastest). */
const RIEUL = 8;

/** Finals of 영 일 이 삼 사 오 육 칠 팔 구. Numbers that end in 0 may also be read 십, 백, 천 or 만; all end in a consonant other than ㄹ. */
const DIGIT_FINALS = [21, RIEUL, 0, 16, 0, 0, 1, RIEUL, RIEUL, 0];

/**
 * Appends the correct form of the particle: `withParticle('병변', '은/는')` is 병변은.
 * @throws RangeError for a word that does not end in a Hangul syllable or a digit, since its pronunciation is unknown
 */
export function withParticle(word: string, particle: Particle): string {
  const [afterConsonant, afterVowel] = PARTICLES[particle];
  const final = finalOf(word);
  const takesVowelForm = final === 0 || (particle === '으로/로' && final === RIEUL);
  return word + (takesVowelForm ? afterVowel : afterConsonant);
}

/** Index of the final consonant of the last syllable; 0 if there is none. */
function finalOf(word: string): number {
  const code = word.codePointAt(word.length - 1) ?? 0;
  if (code >= FIRST_SYLLABLE && code <= LAST_SYLLABLE) return (code - FIRST_SYLLABLE) % FINALS;
  const digit = DIGIT_FINALS[code - 48];
  if (digit === undefined) throw new RangeError(`cannot tell how ${JSON.stringify(word)} ends`);
  return digit;
}
