/** What a training costs before it begins: numbers that train, memory by purpose, and time from steps that this machine has done. */
import { sum, valueOf, type Expression } from '#core/budget/expression.ts';
import {
  fitsInTab,
  largestRun,
  measuredRate,
  multiplyAddsOf,
  runsOfStep,
  secondsPerStep,
  trainedNumbers,
  type TabFit,
} from '#core/budget/lora-in-page.ts';
import type { ModelStorage } from '#core/budget/storage.ts';
import type { Gemma3Config } from '#core/gemma3/config.ts';
import type { RunPlan } from '#core/lora/training/kept-run.ts';
import type { WishedAnswer } from '#core/lora/training/wished-answer.ts';
import type { Run } from './run.svelte.ts';

export interface RowLength {
  tokens: number;
  answerTokens: number;
}

export interface Cost {
  /** Numbers of A and B. */
  trained: Expression;
  /** Undefined where it is not known how the package stores its weights. */
  fit: TabFit | undefined;
  /** False: lengths of rows are assumed. */
  isCounted: boolean;
  /** Undefined before this machine has done a step. */
  time: { step: Expression; seconds: number } | undefined;
}

export type CostedPlan = Pick<RunPlan, 'lora' | 'settings' | 'measureEvery' | 'measuredRows'> & {
  trained: readonly WishedAnswer[];
  heldOut: readonly WishedAnswer[];
};

/**
 * @param rows of an earlier run on the same data
 * @param rate multiply-adds a second of this machine
 */
export function costOf(
  config: Gemma3Config,
  storage: ModelStorage | undefined,
  plan: CostedPlan,
  rows: readonly RowLength[] | undefined,
  rate: number | undefined,
): Cost {
  const { text } = config;
  const { lora, settings, measureEvery, measuredRows } = plan;
  const lengths = rows ?? plan.trained.map((row) => assumedLength(config, row));
  const runs = runsOfStep(lengths, settings, 0);
  const checkpoints = Math.ceil(settings.steps / measureEvery) + 1;
  const measures = plan.heldOut.length > 0;
  const fit =
    storage && fitsInTab(text, { pairs: lora, storage, run: largestRun(text, lora, runs), measures, checkpoints });
  const step = rate === undefined ? undefined : secondsPerStep(multiplyAddsOf(text, lora, runs), rate);
  // Forward only, as many trained rows as held-out ones; the last milestone takes all held-out rows.
  const stepRows = runs.reduce((all, run) => all + run.rows, 0);
  const measuredOnce = Math.min(measuredRows, plan.trained.length) + Math.min(measuredRows, plan.heldOut.length);
  const measuredAll = checkpoints * measuredOnce + Math.max(0, plan.heldOut.length - measuredRows);
  const forward = multiplyAddsOf(text, lora, runs).forward;
  const measuring = rate === undefined ? 0 : (valueOf(forward) / stepRows / rate) * measuredAll;
  return {
    trained: trainedNumbers(text, lora),
    fit,
    isCounted: rows !== undefined,
    time: step && { step, seconds: valueOf(step) * settings.steps + measuring },
  };
}

/** Multiply-adds a second of the newest run that has done steps on this machine, or else was measured; undefined without one. */
export function rateOf(runs: readonly Run[], text: Gemma3Config['text']): number | undefined {
  const run = runs.find(({ steps, prepared }) => steps.length > 0 && prepared);
  if (!run?.prepared) return measuringRate(runs, text);
  const { rows } = run.prepared;
  const { lora, settings } = run.plan;
  return measuredRate(
    run.steps.map(({ step, seconds }) => {
      const { forward, backward } = multiplyAddsOf(text, lora, runsOfStep(rows, settings, step - 1));
      return { multiplyAdds: valueOf(sum(forward, backward)), seconds };
    }),
  );
}

/** Of a measurement before the first step: forward only, and with the answer to the fixed question, so that it is low rather than high. */
function measuringRate(runs: readonly Run[], text: Gemma3Config['text']): number | undefined {
  for (const { prepared, measureSeconds, last, plan } of runs) {
    if (!prepared || measureSeconds === undefined || !last) continue;
    const step = runsOfStep(prepared.rows, plan.settings, 0);
    const stepRows = step.reduce((all, { rows }) => all + rows, 0);
    const measuredRows = last.trained.rows + (last.heldOut?.rows ?? 0);
    const { forward } = multiplyAddsOf(text, plan.lora, step);
    return (valueOf(forward) / stepRows) * (measuredRows / measureSeconds);
  }
  return undefined;
}

/** Tokens of the chat template around a question, and characters of a token, as the Korean vocabulary of the teaching model cuts them. */
const TEMPLATE_TOKENS = 12;
const CHARACTERS_A_TOKEN = 3;

function assumedLength({ vision }: Gemma3Config, { question, answer, image }: WishedAnswer): RowLength {
  const answerTokens = Math.ceil(answer.length / CHARACTERS_A_TOKEN) + 1;
  const imageTokens = image && vision ? vision.tokensPerImage : 0;
  const tokens = TEMPLATE_TOKENS + imageTokens + Math.ceil(question.length / CHARACTERS_A_TOKEN) + answerTokens;
  return { tokens, answerTokens };
}
