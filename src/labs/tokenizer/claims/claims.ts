import type { PairCounts, TextPair, TokenizerKey } from '#core/protocol/tokenizer.ts';
import { declaration, firstTenArticles } from './declaration.ts';

export const greeting = '안녕하세요';
export const greetingSentence = '안녕하세요, 오늘은 날씨가 좋네요.';

/** Texts that are counted for the claims: the Declaration in three languages, the greeting, and the sentence that it is taken for. */
export const claimPairs: readonly TextPair[] = [
  ...declaration.map(({ en, ko }) => ({ english: en, korean: ko })),
  ...declaration.map(({ fr }) => ({ english: fr, korean: '' })),
  { english: '', korean: greeting },
  { english: '', korean: greetingSentence },
];

/** Token counts of one text in three languages. */
export interface Languages {
  korean: number;
  french: number;
  english: number;
}

export interface ClaimCounts {
  key: TokenizerKey;
  greeting: number;
  greetingSentence: number;
  whole: Languages;
  /** Articles 1 to 10. */
  firstTen: Languages;
  /** Paragraphs in which Korean takes fewer tokens than French. */
  koreanFewer: number;
}

/** @param counts of `claimPairs` */
export function claimCounts({ key, english, korean }: PairCounts): ClaimCounts {
  const paragraphs = declaration.length;
  const french = english.subarray(paragraphs, 2 * paragraphs);
  const sum = (counts: Int32Array, from: number, to: number) =>
    counts.subarray(from, to).reduce((total, count) => total + count, 0);
  const languages = (from: number, to: number): Languages => ({
    korean: sum(korean, from, to),
    french: sum(french, from, to),
    english: sum(english, from, to),
  });
  return {
    key,
    greeting: korean[2 * paragraphs] ?? 0,
    greetingSentence: korean[2 * paragraphs + 1] ?? 0,
    whole: languages(0, paragraphs),
    firstTen: languages(...firstTenArticles),
    koreanFewer: french.reduce((fewer, tokens, index) => fewer + ((korean[index] ?? 0) < tokens ? 1 : 0), 0),
  };
}

export type Verdict = 'true' | 'false' | 'depends';

/** 'true' if the claim holds in every case, 'false' if in none. */
export function verdictOf(cases: readonly boolean[]): Verdict {
  if (cases.every((holds) => holds)) return 'true';
  return cases.some((holds) => holds) ? 'depends' : 'false';
}
