/** Measures one setting of the model: its answers to the sheet, and their distance from the original's. */
import { isRight } from '#core/phantoms/wording.ts';
import { Distances, type Distance } from '#core/quant/compare.ts';
import { generateAnswer, traceAnswer, type Answering, type Traced } from './ask.ts';
import type { SheetQuestion } from './questions.ts';

/** Most questions whose answers are compared token by token. */
export const COMPARED = 8;

/** Number of compared questions in a sheet. At least two others are answered without logits, to measure the speed. */
export function comparedOf(questions: number): number {
  return Math.max(0, Math.min(COMPARED, questions - 2));
}

/** Token limit of an answer; the longest right answer takes about half of it. */
const LONGEST = 96;

export interface SheetAnswer {
  text: string;
  right: boolean;
}

/** Results so far. */
export interface Measured {
  answers: readonly SheetAnswer[];
  /** Undefined before the first token, and for the original itself. */
  distance: Distance | undefined;
  /** Mean speed of the answers that were written without logits. */
  tokensPerSecond: number | undefined;
}

/**
 * Answers every question greedily, the first ones (comparedOf) with logits.
 * @param reference the original's answers to those; undefined: this is the original
 * @param keep receives the traces of the original
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
    // Cuts off runaway answers: no right answer is twice as long as the original's plus 8 tokens.
    const limit = original ? Math.min(LONGEST, 2 * original.ids.length + 8) : LONGEST;
    let said: { text: string; ended: boolean };
    if (at < compared) {
      const own = await traceAnswer(engine, question, limit);
      said = own;
      if (original) addRows(distances, original, await scoreOriginal(engine, question, original, own));
      else keep(own);
    } else {
      const answer = await generateAnswer(engine, question, limit);
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

/** The logits for the original's answer. If the own answer is the same, they are known already. */
async function scoreOriginal(
  engine: Answering,
  question: SheetQuestion,
  original: Traced,
  own: Traced,
): Promise<Traced> {
  const isSame = own.ids.length === original.ids.length && own.ids.every((id, at) => id === original.ids[at]);
  return isSame ? own : traceAnswer(engine, question, original.ids.length, original.ids);
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
