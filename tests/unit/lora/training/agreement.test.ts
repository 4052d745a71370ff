/** A GPU that computes something else is seen, whatever it computes. */
import { expect, it } from 'vitest';
import { relativeStepError, stepsAgree } from '#core/lora/training/agreement.ts';
import type { LoraLayout } from '#core/lora/training/parameters.ts';
import type { Feeds, Results } from '#core/lora/training/run-graph.ts';

const layout: LoraLayout = {
  settings: { rank: 1, alpha: 1, targets: ['q_proj'] },
  matrices: [
    { layer: 0, target: 'q_proj', part: 'A', shape: [1, 3], offset: 0 },
    { layer: 0, target: 'q_proj', part: 'B', shape: [2, 1], offset: 3 },
  ],
  length: 5,
};
const row = { ids: [4], mask: [1], images: [], answers: [{ position: 0, id: 1 }] };
const embeddings = { hidden: 1, of: () => Float32Array.of(1) };

/** Gradients are the parameters, but for what `wrong` does to them. */
const runOf =
  (wrong: (gradient: Float32Array) => void, loss = 2) =>
  ({ lora_parameters: parameters }: Feeds): Promise<Results> => {
    const gradient = Float32Array.from(parameters?.data ?? [], Number);
    wrong(gradient);
    return Promise.resolve(
      new Map([
        ['loss', Float32Array.of(loss)],
        ['lora_gradients', gradient],
      ]),
    );
  };
const right = runOf(() => undefined);

it.each<[string, ReturnType<typeof runOf>, boolean]>([
  ['the same', right, true],
  ['roundings', runOf((g) => g.forEach((value, at) => (g[at] = value * (1 + 1e-5)))), true],
  ['the gradient of B is missing', runOf((g) => g.fill(0, 3)), false],
  ['the gradient of A is missing', runOf((g) => g.fill(0, 0, 3)), false],
  ['no number', runOf((g) => g.fill(NaN, 4)), false],
  ['another loss', runOf(() => undefined, 2.1), false],
  ['a loss that is no number', runOf(() => undefined, NaN), false],
])('%s', async (_, run, agree) => {
  expect(stepsAgree(await relativeStepError(run, right, layout, embeddings, row))).toBe(agree);
});
