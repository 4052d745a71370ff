/** What is known of the adapter after so many steps. */
import { describeModule } from '#core/lora/describe.ts';
import { lowRankSvd } from '#core/lora/svd.ts';
import { greedyAnswer } from '#core/lora/training/greedy.ts';
import { modulesOf } from '#core/lora/training/modules.ts';
import type { TrainingRow } from '#core/lora/training/batch.ts';
import type { RunGraph } from '#core/lora/training/run-graph.ts';
import { measureRows, type LoraTrainer, type Measure } from '#core/lora/training/trainer.ts';
import type { Milestone } from '#core/protocol/trainer.ts';
import { answerText } from '../engine/generation/token-text.ts';
import { ANSWER_TOKENS } from './texts.ts';
import type { TrainingParts } from './training-parts.ts';

/**
 * @param run measures, and pauses before each run
 * @param rows that are measured; at least one of `trained`
 * @param onRows told how many rows are measured
 */
export async function milestoneOf(
  { request, parts, layout, table, prompt, positions }: TrainingParts,
  trainer: LoraTrainer,
  run: RunGraph,
  rows: Pick<TrainingParts, 'trained' | 'heldOut'>,
  onRows: (done: number, total: number) => void,
): Promise<Milestone> {
  const state = trainer.state();
  const { parameters } = state;
  const { tokensAtOnce } = request.settings;
  const total = rows.heldOut.length + rows.trained.length;
  let done = 0;
  const measure = (of: readonly TrainingRow[]): Promise<Measure> =>
    measureRows(run, table, parameters, of, tokensAtOnce, { onRows: (count) => onRows((done += count), total) });
  onRows(0, total);
  const heldOut = rows.heldOut.length > 0 ? await measure(rows.heldOut) : undefined;
  const trained = await measure(rows.trained);
  const { endTokens } = parts.pack;
  const ids = await greedyAnswer(run, table, parameters, prompt, { endTokens, limit: ANSWER_TOKENS, positions });
  return {
    step: trainer.steps,
    heldOut,
    trained,
    answer: answerText(parts.chat.tokenizer, ids),
    modules: modulesOf(layout, parameters).map((module) => describeModule(module, lowRankSvd(module))),
    state,
  };
}
