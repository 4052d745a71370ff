/** What a page keeps of a training on the device, read back: another version of the page, or another program, may have written it. */
import * as v from 'valibot';
import type { BlobLike } from '../../bytes.ts';
import { FailureError } from '../../failure.ts';
import type { AdapterModule } from '../describe.ts';
import { PROJECTIONS } from '../../gemma3/projections.ts';
import { LANGUAGES } from '../../phantoms/question.ts';
import { check, list, object, oneOf, text, whole } from '../../schema/schema.ts';

/** Rows of a run, held-out ones included, and characters of a text. */
export const MOST_ROWS = 10_000;
const MOST_TEXT = 20_000;
const MOST_STEPS = 100_000;

/** A loss that diverged is no number. */
const measured = () => v.union([v.number(), v.nan()], 'a number');
const number = () => v.pipe(v.number('a number'), v.finite('a number'));
const floats = () =>
  v.custom<Float32Array<ArrayBuffer>>((value) => value instanceof Float32Array, 'numbers of 32 bits');
const blob = () =>
  v.custom<BlobLike>((value) => typeof value === 'object' && value !== null && 'arrayBuffer' in value, 'a file');

const imageSchema = v.variant(
  'type',
  [
    v.object({ type: v.literal('phantom'), seed: whole(0) }),
    v.object({ type: v.literal('file'), name: text(), blob: blob() }),
  ],
  'an image',
);
const rowSchema = object({
  question: text(MOST_TEXT),
  answer: text(MOST_TEXT),
  image: v.undefinedable(imageSchema),
});
/** A question with the answer that is wished for. */
export type KeptRow = v.InferOutput<typeof rowSchema>;

const planSchema = object({
  id: text(),
  created: text(),
  name: text(),
  /** Name of a task on phantoms, or "own". */
  task: text(),
  /** Of the questions; undefined where it is not known. */
  language: v.undefinedable(oneOf(LANGUAGES)),
  /** The package that it belongs to. */
  model: object({
    name: text(),
    /** Of its decoder. */
    dtype: text(),
    manifestSha256: v.undefinedable(text()),
    /** Its config.json, as `shapeJson` writes it. */
    shape: v.unknown(),
  }),
  lora: object({ rank: whole(1), alpha: number(), targets: list(oneOf(PROJECTIONS), PROJECTIONS.length) }),
  settings: object({
    ...{ beta1: number(), beta2: number(), epsilon: number(), weightDecay: number() },
    ...{ steps: whole(1, MOST_STEPS), rate: number(), warmupSteps: whole(0), final: number() },
    ...{ batchRows: whole(1), tokensAtOnce: whole(1), clip: number(), seed: whole(0) },
  }),
  measureEvery: whole(1),
  measuredRows: whole(1),
  trained: list(rowSchema, MOST_ROWS),
  heldOut: list(rowSchema, MOST_ROWS),
  fixed: rowSchema,
});
/** What is trained, on what, and how. */
export type RunPlan = v.InferOutput<typeof planSchema>;

const stateSchema = object({
  parameters: floats(),
  optimizer: object({ steps: whole(0), first: floats(), second: floats() }),
});

const measureSchema = object({ loss: measured(), tokens: whole(0), rows: whole(0), exact: whole(0) });
const moduleSchema = object({
  layer: whole(0),
  target: oneOf(PROJECTIONS),
  ...{ inputs: whole(1), outputs: whole(1), rank: whole(1), scale: number(), updateNorm: measured() },
  singularValues: list(measured(), 10_000),
});
const milestoneSchema = object({
  step: whole(0),
  heldOut: v.undefinedable(measureSchema),
  trained: measureSchema,
  answer: text(MOST_TEXT),
  modules: list(moduleSchema, 10_000),
  state: stateSchema,
});
export type KeptMilestone = Omit<v.InferOutput<typeof milestoneSchema>, 'modules'> & {
  modules: readonly AdapterModule[];
};

const stepSchema = object({
  step: whole(1),
  loss: measured(),
  rate: number(),
  gradientNorm: measured(),
  seconds: number(),
});
export type KeptStep = v.InferOutput<typeof stepSchema>;

const progressSchema = object({
  steps: list(stepSchema, MOST_STEPS),
  /** Where it was stopped, if not at a milestone. */
  stopped: v.undefinedable(object({ step: whole(0), state: stateSchema })),
  diverged: v.undefinedable(whole(0)),
  /** What `prepare` found; undefined until then. */
  prepared: v.undefinedable(
    object({
      baseModel: text(),
      parameters: whole(1),
      /** Tokens of each trained row with its image and its answer, and of the answer. */
      rows: list(object({ tokens: whole(1), answerTokens: whole(1) }), MOST_ROWS),
      ...{ provider: text(), threads: whole(0), seconds: number() },
    }),
  ),
});
/** How far a run has come. */
export type RunProgress = v.InferOutput<typeof progressSchema>;

/** Rows that a visitor writes: however many and long, since `checkRows` says what is too much and the visitor mends it. */
const cell = () => v.string('a text');
const tableSchema = v.array(
  object({ question: cell(), answer: cell(), image: v.undefinedable(imageSchema) }),
  'a list of rows',
);

const refuse = (what: string) => (reason: string) => new FailureError('file-broken', { file: what, reason });

/** @throws FailureError file-broken that names the field */
export function readRunPlan(kept: unknown): RunPlan {
  return check(planSchema, kept, refuse('training'));
}

/** @throws FailureError file-broken that names the field */
export function readMilestone(kept: unknown): KeptMilestone {
  return check(milestoneSchema, kept, refuse('training milestone'));
}

/** @throws FailureError file-broken that names the field */
export function readRunProgress(kept: unknown): RunProgress {
  return check(progressSchema, kept, refuse('training curve'));
}

/** @throws FailureError file-broken that names the field */
export function readTable(kept: unknown): KeptRow[] {
  return check(tableSchema, kept, refuse('training rows'));
}
