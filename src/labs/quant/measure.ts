/** What one setting of the model says to the sheet, and how far it is from the original. */
import { isRight } from '#core/phantoms/wording.ts';
import { Distances, type Distance } from '#core/quant/compare.ts';
import { spoken, traced, type Answering, type Traced } from './ask.ts';
import type { SheetQuestion } from './questions.ts';

/** Questions whose answers are compared token by token, at the most. */
export const COMPARED = 8;

/** Of a sheet of so many. At least two are answered as the chat answers, for the speed. */
export function comparedOf(questions: number): number {
  return Math.max(0, Math.min(COMPARED, questions - 2));
}

/** The longest right answer takes about half of it. */
const LONGEST = 96;

export interface SheetAnswer {
  text: string;
  right: boolean;
}

/** What is known so far. */
export interface Measured {
  answers: readonly SheetAnswer[];
  /** Undefined before the first token, and of the original itself. */
  distance: Distance | undefined;
  /** Over the answers that were written as the chat writes them. */
  tokensPerSecond: number | undefined;
}

/**
 * Answers every question greedily, the first of them (comparedOf) token by token.
 * @param reference the original's answers to those; undefined: this is the original
 * @param keep takes the traces of the original
 * @param on called after each answer
 * @throws AnswerError
 */
export async function measure(
  engine: Answering,
  sheet: readonly SheetQuestion[],
  reference: readonly Traced[] | undefined,
  keep: (trace: Traced) => void,
  on: (measured: Measured) => void,
): Promise<void> {
  const compared = reference?.length ?? comparedOf(sheet.length);
  const answers: SheetAnswer[] = [];
  const distances = new Distances();
  let [tokens, seconds] = [0, 0];
  for (const [at, question] of sheet.entries()) {
    const original = reference?.[at];
    // What babbles is cut: twice the original's answer, and then some, is none.
    const limit = original ? Math.min(LONGEST, 2 * original.ids.length + 8) : LONGEST;
    let said: { text: string; ended: boolean };
    if (at < compared) {
      const own = await traced(engine, question, limit);
      said = own;
      if (original) addRows(distances, original, await alongside(engine, question, original, own));
      else keep(own);
    } else {
      const answer = await spoken(engine, question, limit);
      said = answer;
      const { newTokens, decodeTokensPerSecond } = answer.turn;
      if (decodeTokensPerSecond) {
        tokens += newTokens - 1;
        seconds += (newTokens - 1) / decodeTokensPerSecond;
      }
    }
    answers.push({ text: said.text, right: said.ended && isRight(said.text, question.answer) });
    const tokensPerSecond = seconds > 0 ? tokens / seconds : undefined;
    on({ answers: [...answers], distance: distances.total, tokensPerSecond });
  }
}

/** Predictions for the original's answer. Who said the same has already made them. */
async function alongside(engine: Answering, question: SheetQuestion, original: Traced, own: Traced): Promise<Traced> {
  const isSame = own.ids.length === original.ids.length && own.ids.every((id, at) => id === original.ids[at]);
  return isSame ? own : traced(engine, question, original.ids.length, original.ids);
}

function addRows(distances: Distances, original: Traced, own: Traced): void {
  if (original.rows.length !== original.ids.length || own.rows.length !== original.rows.length) {
    throw new Error(`${own.rows.length} rows of logits for ${original.ids.length} tokens`);
  }
  for (const [at, row] of original.rows.entries()) {
    const other = own.rows[at];
    if (other) distances.add(row, other);
  }
}
