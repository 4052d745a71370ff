/** What a plan is made of: everything that the form offers and that a link keeps. */
import type { Gemma3Config } from '#core/gemma3/config.ts';
import { config27B, config4B, TARGETS, type TargetChoice } from '#core/budget/lora.ts';
import type { InferenceSettings } from '#core/budget/inference-plan.ts';
import {
  PLANNED_PARTS,
  STORAGE_PRESETS,
  type ModelStorage,
  type StoragePreset,
  type StoredFormat,
} from '#core/budget/storage.ts';
import type { Optimizer, TrainingPlanSettings } from '#core/budget/training-plan.ts';

export const MODELS = ['4b', '27b', 'file'] as const;
export type ModelChoice = (typeof MODELS)[number];

export const VISION_CHOICES = ['keep', 'each', 'none'] as const;
export type VisionChoice = (typeof VISION_CHOICES)[number];

export const CONTEXTS = [512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072] as const;
export const TRAINING_LENGTHS = [256, 512, 1024, 2048, 4096] as const;
export const RANKS = [4, 8, 16, 32, 64] as const;
/** [least, most] of what is typed. */
export const RANGES = { addedTokens: [0, 200_000], images: [0, 16], batch: [1, 64] } as const;
export type TypedNumber = keyof typeof RANGES;

export interface PlanChoices {
  model: ModelChoice;
  preset: StoragePreset;
  /** Formats other than those of the preset. */
  formats: Partial<Record<(typeof PLANNED_PARTS)[number], StoredFormat>>;
  addedTokens: number;
  /** Undefined: as config.json says. */
  tied: boolean | undefined;
  contextLength: number;
  images: number;
  vision: VisionChoice;
  rank: number;
  targets: TargetChoice;
  optimizer: Optimizer;
  trainingLength: number;
  batch: number;
  /** Name of one of `MACHINES`, or 'this'. */
  machine: string;
}

export const DEFAULT_CHOICES: PlanChoices = {
  model: '4b',
  preset: 'q4f16',
  formats: {},
  addedTokens: 0,
  tied: undefined,
  contextLength: 4096,
  images: 1,
  vision: 'keep',
  rank: 8,
  targets: 'qvo',
  optimizer: 'adam',
  trainingLength: 1024,
  batch: 1,
  machine: 'RTX 4060',
};

/** @param file config of the dropped config.json; without one the 4B is planned */
export function configOf({ model, tied }: PlanChoices, file: Gemma3Config | undefined): Gemma3Config {
  const config = model === '27b' ? config27B : model === 'file' && file ? file : config4B;
  return tied === undefined ? config : { ...config, text: { ...config.text, tiedEmbedding: tied } };
}

export function storageOf({ preset, formats }: PlanChoices): ModelStorage {
  const chosen = STORAGE_PRESETS[preset];
  return { ...chosen, formats: { ...chosen.formats, ...formats } };
}

export function inferenceSettings(choices: PlanChoices, config: Gemma3Config): InferenceSettings {
  const { addedTokens, contextLength, images, vision } = choices;
  return {
    storage: storageOf(choices),
    addedTokens,
    contextLength: Math.min(contextLength, config.text.maxPositions),
    images: vision === 'none' || !config.vision ? 0 : images,
    hasVision: vision !== 'none',
    keepVisionOnGpu: vision !== 'each',
  };
}

export function trainingSettings(choices: PlanChoices): TrainingPlanSettings {
  const { addedTokens, rank, targets, optimizer, trainingLength: contextLength, batch } = choices;
  return { addedTokens, rank, targets: TARGETS[targets], optimizer, contextLength, batch };
}
