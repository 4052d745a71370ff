/** The answer of the model with the adapter as it is in training: greedy, by the graph that measures. It keeps no KV cache. */
import { TRAINING_OUTPUTS } from '../../gemma3/training-graph.ts';
import { feedsOf, withParameters, type TokenEmbeddings, type TrainingRow } from './batch.ts';
import { idsOf, type RunGraph } from './run-graph.ts';

/** Embeddings that can be asked for further ids. */
export interface GrowingEmbeddings extends TokenEmbeddings {
  add(ids: Iterable<number>): Promise<void>;
}

export interface GreedyOptions {
  /** Ids that end the answer. */
  endTokens: ReadonlySet<number>;
  /** New tokens at most. */
  limit: number;
  /** Of the graph. */
  positions: number;
}

/**
 * @param run a session of `trainingGraph`, with gradients or without
 * @param parameters A and B, [LoraLayout.length]
 * @param prompt up to where the answer begins; its ids are embedded
 * @returns ids of the answer, without the one that ended it
 */
export async function greedyAnswer(
  run: RunGraph,
  embeddings: GrowingEmbeddings,
  parameters: Float32Array,
  prompt: Omit<TrainingRow, 'answers'>,
  { endTokens, limit, positions }: GreedyOptions,
): Promise<number[]> {
  const answer: number[] = [];
  while (answer.length < limit && prompt.ids.length + answer.length <= positions) {
    const ids = [...prompt.ids, ...answer];
    const mask = [...prompt.mask, ...answer.map(() => 1)];
    // The expected id is not looked at: only the predicted one is read.
    const row = { ...prompt, ids, mask, answers: [{ position: ids.length - 1, id: 0 }] };
    const results = await run(withParameters(feedsOf([row], embeddings, 1), parameters));
    const next = Number(idsOf(results, TRAINING_OUTPUTS.predicted)[0]);
    if (endTokens.has(next)) break;
    await embeddings.add([next]);
    answer.push(next);
  }
  return answer;
}
