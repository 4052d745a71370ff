/**
 * Memory to train, by purpose, with gradient checkpointing and fused attention; without what libraries keep for themselves and
 * fragmentation. The vision tower does not train.
 */
import type { Gemma3Config, TextConfig } from '../gemma3/config.ts';
import { countParameters } from '../gemma3/parameters.ts';
import { PROJECTIONS, type Projection } from '../gemma3/projections.ts';
import { named, product, sum, type Expression } from './expression.ts';
import type { PlannedFigure } from './inference-plan.ts';
import { NF4_BITS, loraParameters, projectionSize } from './lora.ts';
import { rowsWith, textNames } from './model-weights.ts';
import type { Stage, TrainedRows } from './training-stages.ts';

export const OPTIMIZERS = ['adam', 'adam-8bit'] as const;
export type Optimizer = (typeof OPTIMIZERS)[number];

/** How the layers train. */
export type InnerTraining = 'full' | 'lora' | 'qlora';

export interface TrainingPlanSettings {
  addedTokens: number;
  rank: number;
  targets: readonly Projection[];
  optimizer: Optimizer;
  /** Tokens of one sequence, and sequences at a time. */
  contextLength: number;
  batch: number;
}

/** What trains. A stage computes the logits of `stageLogits` tokens at a time, as training/teaching does; the others all of them. */
export interface TrainingMethod {
  stage: Pick<Stage, 'input' | 'output' | 'inner'>;
  inner: InnerTraining;
  isStage: boolean;
}

/** Rows are those of the new tokens where there are some. */
export function trainingMethods(addedTokens: number): Record<'lora' | 'qlora' | 'full' | 'embedding', TrainingMethod> {
  const rows: TrainedRows = addedTokens > 0 ? 'new' : 'all';
  const layersOnly = { input: 'none', output: 'none', inner: true } as const;
  return {
    lora: { stage: layersOnly, inner: 'lora', isStage: false },
    qlora: { stage: layersOnly, inner: 'qlora', isStage: false },
    full: { stage: { input: 'all', output: 'all', inner: true }, inner: 'full', isStage: false },
    embedding: { stage: { input: rows, output: rows, inner: false }, inner: 'full', isStage: false },
  };
}

export const TRAINING_PURPOSES = [
  'weights',
  'trained',
  'gradients',
  'moments',
  'checkpoints',
  'layer',
  'logits',
] as const;
export type TrainingPurpose = (typeof TRAINING_PURPOSES)[number];

const stageLogits = 1024;
const HALF = 2;
/** Two of four bytes; in 8 bits two of one, and a float32 scale for 256 (Dettmers et al. 2022, arXiv 2110.02861). */
const MOMENT_BYTES = { adam: 8, 'adam-8bit': 2 * (1 + 4 / 256) } as const;

export interface TrainingPlan {
  /** Numbers that train. */
  trained: Expression;
  figures: PlannedFigure<TrainingPurpose>[];
}

export function planTraining(
  config: Gemma3Config,
  method: TrainingMethod,
  settings: TrainingPlanSettings,
): TrainingPlan {
  const { text } = config;
  const { addedTokens, rank, targets, optimizer, contextLength, batch } = settings;
  const { stage, inner, isStage } = method;
  const { layers, hidden, mlp, heads, kvHeads, headDim, rows } = textNames(text, addedTokens);
  const tied = text.tiedEmbedding;
  const grown = (rowsWith(text.vocabularySize, addedTokens) - text.vocabularySize) * text.hiddenSize * (tied ? 1 : 2);
  const parameters = named('parameters', countParameters(config) + grown);
  const isLora = stage.inner && inner !== 'full';
  const adapter = adapterFormula(text, { rank, targets });
  const inside = named('layer_parameters', innerParameters(config));
  const matrix = product(rows, hidden);
  const rowsOf = (which: TrainedRows): Expression[] =>
    which === 'none' ? [] : [which === 'all' ? matrix : product(named('added', addedTokens), hidden)];
  const ends = tied ? [stage.input] : [stage.input, stage.output];
  const trained = sum(...ends.flatMap(rowsOf), ...(stage.inner ? [isLora ? adapter : inside] : []));
  // Autograd gives the whole matrix its gradient, in 16 bits, once for each of its uses.
  const uses = tied ? (stage.input === 'none' ? 0 : 2) : ends.filter((end) => end !== 'none').length;
  const projections = named('projections', projectionParameters(config));
  const isQuantized = stage.inner && inner === 'qlora';
  const rest = named('other_parameters', countParameters(config) + grown - projectionParameters(config));
  const weights = isQuantized
    ? sum(product(rest, HALF), product(projections, named('NF4_bytes', NF4_BITS / 8)))
    : product(parameters, HALF);
  const tokens = [named('batch', batch), named('context', contextLength)] as const;
  const ofLayer = sum(product(4, hidden), product(3, sum(heads, kvHeads), headDim), product(4, mlp));
  const bytes: Record<TrainingPurpose, Expression> = {
    // The training kit keeps adapters in 16 bits beside the copy that trains.
    weights: isStage && isLora ? sum(weights, product(adapter, HALF)) : weights,
    trained: product(trained, 4),
    gradients: uses === 0 ? product(trained, 4) : sum(product(trained, 4), product(uses, matrix, HALF)),
    moments: product(trained, named('moments', MOMENT_BYTES[optimizer])),
    checkpoints: product(...tokens, layers, hidden, HALF),
    layer: product(...tokens, ofLayer, HALF),
    // Logits in 16 and in 32 bits and their gradient, or logits and gradient in 32.
    logits: isStage
      ? product(named('tokens_at_once', Math.min(stageLogits, batch * contextLength)), rows, 10)
      : product(...tokens, rows, 8),
  };
  const how = { checkpoints: 'estimate', layer: 'estimate', logits: 'estimate' } as const;
  const figures = TRAINING_PURPOSES.map((purpose) => ({
    purpose,
    bytes: bytes[purpose],
    how: purpose in how ? ('estimate' as const) : ('exact' as const),
  }));
  return { trained, figures };
}

/** Of the layers' seven projections. */
function projectionParameters({ text }: Gemma3Config): number {
  return PROJECTIONS.reduce((all, target) => {
    const { inputs, outputs } = projectionSize(text, target);
    return all + text.layers * inputs * outputs;
  }, 0);
}

/** All of the text model but embedding and head. */
function innerParameters(config: Gemma3Config): number {
  const { text } = config;
  const norms = text.layers * (4 * text.hiddenSize + 2 * text.headDim) + text.hiddenSize;
  return projectionParameters(config) + norms;
}

/** Parameters of an adapter: A and B of each target of each layer. */
export function adapterFormula(
  text: TextConfig,
  { rank, targets }: Pick<TrainingPlanSettings, 'rank' | 'targets'>,
): Expression {
  const perLayer = loraParameters({ ...text, layers: 1 }, targets, 1);
  return product(named('layers', text.layers), named('rank', rank), named('inputs+outputs', perLayer));
}
