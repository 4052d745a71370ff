/**
 * What it costs to train a LoRA in the page, before the first step: all of it follows from the shapes of model, adapter and rows. The bytes are
 * the least that a run takes: tables of positions, constants, passing results of single operators, and what the runtime keeps for itself come
 * on top.
 */
import type { TextConfig } from '../gemma3/config.ts';
import { PROJECTIONS, type Projection } from '../gemma3/projections.ts';
import { partsOf } from '../lora/training/batch.ts';
import { RowOrder } from '../lora/training/row-order.ts';
import type { TrainingSettings } from '../lora/training/trainer.ts';
import { most, named, product, quotient, sum, valueOf, type Expression } from './expression.ts';
import type { PlannedFigure } from './inference-plan.ts';
import { BYTES_PER_TRAINED } from './lora.ts';
import { loraStep, trainedValues, type MultiplyAdds, type RunShape, type TrainedPairs } from './lora-step.ts';
import { textNames } from './model-weights.ts';
import { BLOCK, FLOAT_BYTES, isBlocks, matrixBytes, type ModelStorage, type StoredFormat } from './storage.ts';
import { adapterFormula } from './training-plan.ts';

/** A tab's WebAssembly addresses its memory with 32 bits. */
export const WASM_BYTES = 2 ** 32;

export const LORA_PURPOSES = [
  'weights',
  'measuring',
  'widened',
  'adapter',
  'checkpoints',
  'activations',
  'probabilities',
  'logits',
] as const;
/**
 * - `weights`: the decoder as it is stored, scales in float32. Blocks that the backward pass reads are there twice, since it reads them under
 *   another type.
 * - `measuring`: the same once more, for the session that measures without gradients.
 * - `widened`: matrices in float32, which the backward pass computes from their blocks and frees again. The runtime computes some before they are
 *   read: those of the last MLP with the head, those of an MLP with q, k and v of the layer behind it, and o
 *   where it is not trained. With some targets fewer of them.
 * - `adapter`: A and B, their gradients, both moments, and A and B cut apart.
 * - `checkpoints`: A, B and moments of each.
 * - `activations`, `probabilities`, `logits`: what the forward pass of a run keeps for the backward pass.
 */
export type LoraPurpose = (typeof LORA_PURPOSES)[number];

export interface LoraInPage {
  pairs: TrainedPairs;
  /** How the package holds its weights. */
  storage: ModelStorage;
  /** The largest run of a step. */
  run: RunShape;
  /** False: no session apart measures rows. */
  measures: boolean;
  /** Checkpoints that are kept. */
  checkpoints: number;
}

/** Numbers of A and B. */
export function trainedNumbers(text: TextConfig, pairs: TrainedPairs): Expression {
  return adapterFormula(text, pairs);
}

/** A figure per purpose, in the order of LORA_PURPOSES; what does not occur is left out. */
export function loraMemory(text: TextConfig, what: LoraInPage): PlannedFigure<LoraPurpose>[] {
  const { pairs, storage, run, measures, checkpoints } = what;
  const trained = trainedNumbers(text, pairs);
  const { kept } = loraStep(text, pairs, run);
  const float = FLOAT_BYTES.fp32;
  const { once, twice, widened } = weightsOf(text, pairs, storage);
  const bytes: Record<LoraPurpose, Expression | undefined> = {
    weights: sum(once, ...twice),
    measuring: measures ? once : undefined,
    widened,
    adapter: sum(product(trained, BYTES_PER_TRAINED), product(kept.pairs, float)),
    checkpoints: checkpoints > 0 ? product(named('checkpoints', checkpoints), trained, 3, float) : undefined,
    activations: product(kept.activations, float),
    probabilities: product(kept.probabilities, float),
    logits: product(kept.logits, float),
  };
  return LORA_PURPOSES.flatMap((purpose): PlannedFigure<LoraPurpose>[] => {
    const of = bytes[purpose];
    return of ? [{ purpose, bytes: of, how: purpose === 'widened' ? 'estimate' : 'exact' }] : [];
  });
}

export interface TabFit {
  /** False is certain. True: what is counted leaves room for the runtime. */
  fits: boolean;
  /** Of all figures together. */
  bytes: Expression;
  /** The largest first. */
  figures: readonly PlannedFigure<LoraPurpose>[];
}

/** Bytes of a run against the memory of a tab. Nothing is loaded for it. */
export function fitsInTab(text: TextConfig, what: LoraInPage): TabFit {
  const figures = loraMemory(text, what);
  const bytes = sum(...figures.map((figure) => figure.bytes));
  return {
    fits: valueOf(bytes) < WASM_BYTES,
    bytes,
    figures: [...figures].sort((a, b) => valueOf(b.bytes) - valueOf(a.bytes)),
  };
}

/** Runs of a step, as the trainer makes them. @param rows tokens of each row of the training, and of its answer @param step from 0 on */
export function runsOfStep(
  rows: readonly { tokens: number; answerTokens: number }[],
  { seed, batchRows, tokensAtOnce }: Pick<TrainingSettings, 'seed' | 'batchRows' | 'tokensAtOnce'>,
  step: number,
): RunShape[] {
  const drawn = new RowOrder(rows.length, seed).batch(step, batchRows).flatMap((index) => rows[index] ?? []);
  const lengths = drawn.map(({ tokens, answerTokens }) => ({ ids: { length: tokens }, answerTokens }));
  return partsOf(lengths, tokensAtOnce).map((part) => ({
    rows: part.length,
    sequence: Math.max(...part.map(({ ids }) => ids.length)),
    answers: part.reduce((all, { answerTokens }) => all + answerTokens, 0),
  }));
}

/** The run that keeps most. @param runs at least one */
export function largestRun(text: TextConfig, pairs: TrainedPairs, runs: readonly RunShape[]): RunShape {
  const keptOf = (run: RunShape) => {
    const { activations, probabilities, logits } = loraStep(text, pairs, run).kept;
    return valueOf(sum(activations, probabilities, logits));
  };
  const [largest] = [...runs].sort((a, b) => keptOf(b) - keptOf(a));
  if (!largest) throw new RangeError('a step without runs');
  return largest;
}

/** Of all runs of a step. */
export function multiplyAddsOf(text: TextConfig, pairs: TrainedPairs, runs: readonly RunShape[]): MultiplyAdds {
  const each = runs.map((run) => loraStep(text, pairs, run).multiplyAdds);
  return {
    forward: sum(...each.map(({ forward }) => forward)),
    backward: sum(...each.map(({ backward }) => backward)),
  };
}

/** Multiply-adds a second of steps that this machine did. @returns undefined before its first step: nothing else says it */
export function measuredRate(steps: readonly { multiplyAdds: number; seconds: number }[]): number | undefined {
  const seconds = steps.reduce((all, step) => all + step.seconds, 0);
  return seconds > 0 ? steps.reduce((all, step) => all + step.multiplyAdds, 0) / seconds : undefined;
}

/** @param rate of `measuredRate` */
export function secondsPerStep({ forward, backward }: MultiplyAdds, rate: number): Expression {
  return quotient(sum(forward, backward), named('multiply_adds_per_second', rate));
}

interface TrainingWeights {
  /** As a session without gradients reads them. */
  once: Expression;
  /** Codes that are read under a second type too. */
  twice: Expression[];
  /** At most so many bytes of matrices in float32 are there at a time; undefined without blocks. */
  widened: Expression | undefined;
}

type Matrix = Projection | 'head';
const MLP = ['gate_proj', 'up_proj', 'down_proj'] as const;
const QKV = ['q_proj', 'k_proj', 'v_proj'] as const;

function weightsOf(text: TextConfig, pairs: TrainedPairs, { formats }: ModelStorage): TrainingWeights {
  const { layers, hidden, mlp, heads, kvHeads, headDim, rows } = textNames(text);
  const [queries, keys] = [product(heads, headDim), product(kvHeads, headDim)];
  const { attention, mlp: mlpFormat, embedding } = formats;
  const matrices: Readonly<Record<Matrix, { format: StoredFormat; numbers: Expression; columns: number }>> = {
    q_proj: { format: attention, numbers: product(hidden, queries), columns: text.hiddenSize },
    k_proj: { format: attention, numbers: product(hidden, keys), columns: text.hiddenSize },
    v_proj: { format: attention, numbers: product(hidden, keys), columns: text.hiddenSize },
    o_proj: { format: attention, numbers: product(queries, hidden), columns: text.heads * text.headDim },
    gate_proj: { format: mlpFormat, numbers: product(hidden, mlp), columns: text.hiddenSize },
    up_proj: { format: mlpFormat, numbers: product(hidden, mlp), columns: text.hiddenSize },
    down_proj: { format: mlpFormat, numbers: product(mlp, hidden), columns: text.intermediateSize },
    head: { format: embedding, numbers: product(rows, hidden), columns: text.hiddenSize },
  };
  const first = trainedValues(pairs, true);
  const readInFirst: Readonly<Record<Matrix, boolean>> = {
    ...{ q_proj: first.input, k_proj: first.input, v_proj: first.input, o_proj: first.attended },
    ...{ gate_proj: first.middle, up_proj: first.middle, down_proj: first.gated, head: true },
  };
  const isBlock = (name: Matrix) => isBlocks(matrices[name].format) && matrices[name].columns % BLOCK === 0;
  const once: Expression[] = [];
  const twice: Expression[] = [];
  for (const name of [...PROJECTIONS, 'head'] as const) {
    const { format, numbers, columns } = matrices[name];
    const count = name === 'head' ? 1 : layers;
    // Floats of 16 bits are widened when the session is made, as scales are.
    const bytes = isBlock(name)
      ? matrixBytes(format, numbers, columns, FLOAT_BYTES.fp32)
      : product(numbers, FLOAT_BYTES.fp32);
    once.push(product(count, bytes));
    // ONNX has no type of 2 bits, so that there the same initializer is read.
    if (!isBlock(name) || format === 'q2' || (!readInFirst[name] && text.layers === 1)) continue;
    const readIn = readInFirst[name] ? count : named('layers−1', text.layers - 1);
    twice.push(product(readIn, numbers, quotient(format === 'q8' ? 8 : 4, 8)));
  }
  const together = (names: readonly Matrix[]): Expression[] => {
    const all = names.filter(isBlock).map((name) => product(matrices[name].numbers, FLOAT_BYTES.fp32));
    return all.length > 0 ? [sum(...all)] : [];
  };
  const behind = pairs.targets.includes('o_proj') ? MLP : (['o_proj', ...MLP] as const);
  const read = (isFirst: boolean) => behind.filter((name) => !isFirst || readInFirst[name]);
  const groups = [
    together([...read(text.layers === 1), 'head']),
    // Of the first layer less is read.
    text.layers > 1 ? together([...read(text.layers === 2), ...QKV]) : [],
  ].flat();
  const norms = product(sum(product(layers, sum(product(4, hidden), product(2, headDim))), hidden), FLOAT_BYTES.fp32);
  return { once: sum(...once, norms), twice, widened: groups.length > 0 ? most(...groups) : undefined };
}
