/** Trains on rows that the driver gives, on the runtime of the page. */
import { expose } from 'comlink';
import { trainingGraph } from '#core/gemma3/training-graph.ts';
import { PROJECTIONS } from '#core/gemma3/projections.ts';
import { initialParameters, loraLayout } from '#core/lora/training/parameters.ts';
import { LoraTrainer } from '#core/lora/training/trainer.ts';
import { readPackage } from '../../workers/engine/model/package.ts';
import { Backends } from '../../workers/engine/runtime/backends.ts';
import { embedTokens } from '../../workers/engine/training/token-table.ts';
import { openGraph } from '../../workers/engine/training/graph-session.ts';
import { openPackage } from '../../workers/store/package.ts';
import type { TrainingRequest, TrainingSteps } from './training.ts';

let trainer: LoraTrainer | undefined;

async function open({ url, provider, rank, targets, tokensAtOnce, rows, features }: TrainingRequest): Promise<void> {
  const pack = await readPackage(await openPackage({ type: 'url', url }));
  const { text } = pack.config;
  const backend = await new Backends().open({ provider });
  const layout = loraLayout(text, {
    rank,
    alpha: 2 * rank,
    targets: PROJECTIONS.filter((each) => targets.includes(each)),
  });
  const embeddings = await embedTokens(
    backend,
    pack,
    rows.flatMap(({ ids, mask }) => ids.filter((_, at) => mask[at] === 1)),
  );
  const model = trainingGraph(await pack.decoder.read(), text, { layout, positions: 256, withGradients: true });
  const graph = await openGraph(backend, pack, pack.decoder, model);
  const image = Float32Array.from(features);
  const prepared = rows.map(({ imageAt, ...row }) => ({ ...row, images: [{ start: imageAt, features: image }] }));
  trainer = new LoraTrainer(graph.run, embeddings, prepared, initialParameters(layout, 0), {
    ...{ steps: 1000, rate: 1e-3, warmupSteps: 0, final: 1, batchRows: rows.length, tokensAtOnce, clip: 1, seed: 0 },
    ...{ beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0 },
  });
}

async function step(): Promise<number> {
  if (!trainer) throw new Error('no training is open');
  const begin = performance.now();
  await trainer.step();
  return (performance.now() - begin) / 1000;
}

const steps: TrainingSteps = { open, step };
expose(steps);
