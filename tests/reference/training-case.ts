/** The training run of tests/fixtures/gemma3-tiny-training, for tests in Node and in the browser. */
import type { ByteSource } from '#core/bytes.ts';
import type { Gemma3Config } from '#core/gemma3/config.ts';
import { PROJECTIONS } from '#core/gemma3/projections.ts';
import type { TrainingRow } from '#core/lora/training/batch.ts';
import { loraLayout, type LoraLayout } from '#core/lora/training/parameters.ts';
import { peftName } from '#core/lora/training/peft-files.ts';
import type { TrainingSettings } from '#core/lora/training/trainer.ts';
import { maskOf, readTensors, type Golden } from './golden.ts';

export interface TrainingCaseJson {
  labels_from: number;
  losses: number[];
  rank: number;
  alpha: number;
  targets: string[];
}

export interface TrainingCase {
  layout: LoraLayout;
  losses: readonly number[];
  /** Vectors in the order of the layout. */
  start: Float32Array<ArrayBuffer>;
  gradient: Float32Array<ArrayBuffer>;
  after20: Float32Array<ArrayBuffer>;
}

export async function readTrainingCase(
  json: TrainingCaseJson,
  expected: ByteSource,
  config: Gemma3Config,
): Promise<TrainingCase> {
  const { rank, alpha, losses } = json;
  const targets = PROJECTIONS.filter((target) => json.targets.includes(target));
  const layout = loraLayout(config.text, { rank, alpha, targets });
  const tensors = await readTensors(expected);
  const vector = (prefix: string) => {
    const values = new Float32Array(layout.length);
    for (const matrix of layout.matrices) {
      const name = `${prefix}.${peftName(config, matrix)}`;
      const tensor = tensors.get(name);
      if (tensor?.shape.join() !== matrix.shape.join()) throw new Error(`no ${name} of [${matrix.shape.join(', ')}]`);
      values.set(tensor.data, matrix.offset);
    }
    return values;
  };
  return { layout, losses, start: vector('start'), gradient: vector('grad'), after20: vector('after20') };
}

/** As `case.json` says in words. */
export const referenceSettings: TrainingSettings = {
  ...{ steps: 20, rate: 1e-3, warmupSteps: 0, final: 1, batchRows: 1, tokensAtOnce: 1000, clip: 0, seed: 0 },
  ...{ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
};

/** The prompt of case `one_image`. @param hidden width of the embeddings */
export function oneImageRow(golden: Golden, { labels_from: from }: TrainingCaseJson, hidden: number): TrainingRow {
  const ids = golden.cases['one_image']?.input_ids ?? [];
  const mask = maskOf(ids);
  const tokens = mask.filter((value) => value === 2).length;
  const features = golden.tensor('image_features').data.slice(0, tokens * hidden);
  const answers = ids.flatMap((id, at) => (at < from ? [] : [{ position: at - 1, id }]));
  return { ids, mask, images: [{ start: mask.indexOf(2), features }], answers };
}

/** ‖a − b‖ / ‖b‖. */
export function relativeError(a: Float32Array, b: Float32Array): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += ((a[i] ?? NaN) - (b[i] ?? NaN)) ** 2;
    size += (b[i] ?? NaN) ** 2;
  }
  return Math.sqrt(difference / size);
}
