/**
 * Finds the letter in an answer as version 3 of the task `kormedmcqa` of lm-evaluation-harness does (`utils.py`, the cascade of
 * appendix B of arXiv:2403.01469): the first expression that matches counts, with its last match, whatever the case.
 */
import { SPACE, WORD } from './python-text.ts';
import { isLetter, type Letter } from './question.ts';

/** Version of the task whose filter this is. */
export const TASK_VERSION = 3;

const NO_WORD_BEFORE = `(?<![${WORD}])`;
const NO_WORD_AFTER = `(?![${WORD}])`;
const PATTERNS = [
  `정답[:${SPACE}]*([ABCDEabcde])`,
  `정답은[${SPACE}]*([ABCDEabcde])[${SPACE}]*입니다`,
  `${NO_WORD_BEFORE}([ABCDEabcde])\\.`,
  `${NO_WORD_BEFORE}([ABCDEabcde])${NO_WORD_AFTER}`,
].map((source) => new RegExp(source, 'gu'));

/** MedGemma 1.5 thinks first, between these two tokens. What it thinks is no answer. */
const THOUGHT = /<unused94>.*?(?:<unused95>|$)/gsu;

/** Undefined where no expression matches: the answer is then wrong. */
export function answerLetter(answer: string): Letter | undefined {
  const spoken = answer.replace(THOUGHT, '');
  for (const pattern of PATTERNS) {
    const letter = [...spoken.matchAll(pattern)].at(-1)?.[1]?.toUpperCase();
    if (letter !== undefined && isLetter(letter)) return letter;
  }
  return undefined;
}
