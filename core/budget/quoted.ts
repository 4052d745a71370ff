/** Figures that are commonly quoted of MedGemma, each beside what the shapes give, with the reason for the difference. */
import type { Gemma3Config } from '../gemma3/config.ts';
import { countParameters } from '../gemma3/parameters.ts';
import { named, product, quotient, type Expression } from './expression.ts';
import { packageBytes, totalOf } from './inference-plan.ts';
import { kvCacheFormula } from './kv-cache.ts';
import { ATTENTION, config27B, config4B, quotedLoraParameters } from './lora.ts';
import { MACHINES } from './machines.ts';
import { addedParameters } from './model-weights.ts';
import { STORAGE_PRESETS, type ModelStorage } from './storage.ts';
import { adapterFormula, planTraining, trainingMethods, type TrainingMethod } from './training-plan.ts';
import { stagesOf } from './training-stages.ts';

/** Why ours differs, or that it does not. */
export const QUOTED_REASONS = [
  'same',
  'o-proj',
  'scales',
  'rest-in-16-bits',
  'activations',
  'whole-gradient',
  'stages',
  'mixed-bits',
  'too-few-bits',
  'window',
  'whole-context',
  'card',
] as const;
export type QuotedReason = (typeof QUOTED_REASONS)[number];

export interface QuotedFigure {
  id: string;
  model: '4B' | '27B' | 'card';
  /** What the figure is of, in the words of those who quote it; the same in every language. */
  what: string;
  unit: 'bytes' | 'parameters';
  /** One value, or the ends of a range. */
  quoted: readonly [number] | readonly [number, number];
  ours: Expression;
  reason: QuotedReason;
}

const GB = 1e9;

function bitsEach(config: Gemma3Config, bits: number): Expression {
  return product(named('parameters', countParameters(config)), quotient(named('bits', bits), 8));
}

function files(config: Gemma3Config, storage: ModelStorage): Expression {
  const settings = { storage, addedTokens: 0, contextLength: 0, images: 0, hasVision: true, keepVisionOnGpu: true };
  return packageBytes(config, settings);
}

/** The settings of numbers that are quoted: rank 8 on q, v, o, context 1,024. */
function training(method: TrainingMethod, addedTokens = 0): Expression {
  const settings = {
    ...{ addedTokens, rank: 8, optimizer: 'adam' as const, contextLength: 1024, batch: 1 },
    targets: ['q_proj', 'v_proj', 'o_proj'] as const,
  };
  return totalOf(planTraining(config4B, method, settings).figures);
}

const koreanTokens = 8960;

function adapters(model: '4B' | '27B', config: Gemma3Config): QuotedFigure[] {
  return [8, 16, 32].map((rank) => ({
    ...{ id: `adapter-${model}-${rank}`, model, what: `LoRA q,k,v,o, r = ${rank}`, unit: 'parameters' as const },
    quoted: [quotedLoraParameters(config.text, ATTENTION, rank)] as const,
    ours: adapterFormula(config.text, { rank, targets: ATTENTION }),
    reason: 'o-proj' as const,
  }));
}

function addedRows(model: '4B' | '27B', config: Gemma3Config): QuotedFigure[] {
  return [true, false].map((tiedEmbedding) => {
    const numbers = addedParameters({ ...config.text, tiedEmbedding }, 30_000);
    return {
      id: `rows-${model}-${tiedEmbedding ? 'tied' : 'untied'}`,
      model,
      what: `+30,000 rows, ${tiedEmbedding ? 'tied' : 'untied'}, FP16`,
      unit: 'bytes' as const,
      quoted: [30_000 * config.text.hiddenSize * 2 * (tiedEmbedding ? 1 : 2)] as const,
      ours: product(numbers, 2),
      reason: 'same' as const,
    };
  });
}

function of(
  model: QuotedFigure['model'],
  what: string,
  quoted: readonly [number] | readonly [number, number],
  ours: Expression,
  reason: QuotedReason,
): QuotedFigure {
  const id = `${model}-${what}`.replace(/[^\w]+/gu, '-');
  return { id, model, what, unit: 'bytes', quoted, ours, reason };
}

export function quotedFigures(): QuotedFigure[] {
  const methods = trainingMethods(koreanTokens);
  const [, , sixth] = stagesOf(true);
  const staged: TrainingMethod | undefined = sixth && { stage: sixth, inner: 'qlora', isStage: true };
  const a5000 = MACHINES.find(({ name }) => name === 'RTX A5000');
  return [
    of('4B', '4-bit', [2.6 * GB], files(config4B, STORAGE_PRESETS.q4f16), 'scales'),
    of('4B', 'FP16', [8.5 * GB], bitsEach(config4B, 16), 'same'),
    ...addedRows('4B', config4B),
    ...adapters('4B', config4B),
    of('4B', 'QLoRA', [4.5 * GB], training(methods.qlora), 'rest-in-16-bits'),
    of('4B', 'LoRA, 16-bit', [10 * GB], training(methods.lora), 'activations'),
    of('4B', 'embedding only', [10 * GB], training(methods.embedding, koreanTokens), 'whole-gradient'),
    ...(staged ? [of('4B', 'staged, QLoRA', [15 * GB, 18 * GB], training(staged, koreanTokens), 'stages')] : []),
    of('27B', 'FP16', [54 * GB], bitsEach(config27B, 16), 'same'),
    of('27B', 'Q8_0', [29 * GB], bitsEach(config27B, 8.5), 'same'),
    of('27B', 'Q4_K_M', [15.2 * GB, 16 * GB], files(config27B, STORAGE_PRESETS.q4f16), 'mixed-bits'),
    of('27B', 'AWQ', [13 * GB], bitsEach(config27B, 4.25), 'too-few-bits'),
    of('27B', 'Q3_K_M', [8.8 * GB], bitsEach(config27B, 3.4375), 'too-few-bits'),
    of('27B', 'Q2_K', [8.8 * GB], bitsEach(config27B, 2.625), 'same'),
    ...addedRows('27B', config27B),
    ...adapters('27B', config27B),
    of('27B', 'KV, 8K', [6 * GB], kvCacheFormula(config27B.text, 8192, 2), 'window'),
    of('27B', 'KV, 131K', [6 * GB], kvCacheFormula(config27B.text, 131_072, 2), 'whole-context'),
    ...(a5000 ? [of('card', 'RTX A5000', [48 * 2 ** 30], named('memory', a5000.memoryBytes), 'card')] : []),
  ];
}

/** Quoted tokens a second, for the same machine and model. */
export const QUOTED_SPEED = [
  { model: '4B', machine: 'RTX 4090', rates: [45, 55] },
  { model: '27B', machine: 'RTX 4090', rates: [40, 60] },
  { model: '27B', machine: 'RTX 4090', rates: [15, 20] },
] as const;
