/** Whether two runtimes compute the same training step: drivers of GPUs can be wrong, and nobody would see it in a curve. */
import { TRAINING_OUTPUTS } from '../../gemma3/training-graph.ts';
import { Random } from '../../sampling/random.ts';
import { norm } from './adamw.ts';
import { feedsOf, withParameters, type TokenEmbeddings, type TrainingRow } from './batch.ts';
import { initialParameters, type LoraLayout } from './parameters.ts';
import { floatsOf, type RunGraph } from './run-graph.ts';

/** Of the gradient. Right ones differ by rounding: by 1e-6 to 1e-5 where it was measured (docs/decisions/0029-training-a-lora.md). */
const MOST_ERROR = 1e-2;
/** So that B's part does not vanish, and A has a gradient. */
const LARGEST_B = 0.01;

/** Loss and gradient of one row. @returns the larger of both relative errors; NaN where `run` gives no numbers */
export async function relativeStepError(
  run: RunGraph,
  reference: RunGraph,
  layout: LoraLayout,
  embeddings: TokenEmbeddings,
  row: TrainingRow,
): Promise<number> {
  const feeds = withParameters(feedsOf([row], embeddings, 1 / row.answers.length), filledParameters(layout));
  const step = async (graph: RunGraph) => {
    const results = await graph(feeds);
    const [loss = NaN] = floatsOf(results, TRAINING_OUTPUTS.loss);
    return { loss, gradient: floatsOf(results, TRAINING_OUTPUTS.gradients).slice() };
  };
  const [found, right] = [await step(run), await step(reference)];
  const difference = found.gradient.map((value, at) => value - (right.gradient[at] ?? NaN));
  return Math.max(norm(difference) / norm(right.gradient), Math.abs(found.loss / right.loss - 1));
}

/** False for NaN too. */
export const stepsAgree = (error: number): boolean => error < MOST_ERROR;

function filledParameters(layout: LoraLayout): Float32Array<ArrayBuffer> {
  const values = initialParameters(layout, 0);
  const random = Random.fromSeed(1);
  for (const { part, shape, offset } of layout.matrices)
    if (part === 'B')
      for (let i = 0; i < shape[0] * shape[1]; i++) values[offset + i] = LARGEST_B * (2 * random.uniform() - 1);
  return values;
}
