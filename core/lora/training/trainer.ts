/** Trains an adapter: draws rows, runs the training graph on them, changes A and B. Without I/O: a session is handed in. */
import { TRAINING_OUTPUTS } from '../../gemma3/training-graph.ts';
import { AdamW, clipFactor, norm, type AdamWSettings, type AdamWState } from './adamw.ts';
import { answerTokens, feedsOf, partsOf, withParameters, type TokenEmbeddings, type TrainingRow } from './batch.ts';
import { RowOrder } from './row-order.ts';
import { floatsOf, idsOf, type RunGraph } from './run-graph.ts';
import { rateAt, type ScheduleSettings } from './schedule.ts';

export interface TrainingSettings extends AdamWSettings, ScheduleSettings {
  /** Rows of a step; their gradients are averaged over all their answers' tokens, in however many runs. */
  batchRows: number;
  /** Tokens of a run at most, padding included. */
  tokensAtOnce: number;
  /** Largest norm of the gradient; 0: not clipped. */
  clip: number;
  /** Of the order of the rows. */
  seed: number;
}

export interface StepResult {
  /** Number of the step, from 1 on. */
  step: number;
  /** Mean cross entropy of the answers' tokens before the step, in nats. */
  loss: number;
  rate: number;
  /** Before clipping. */
  gradientNorm: number;
}

/** How the adapter does on rows. */
export interface Measure {
  /** Mean cross entropy of the answers' tokens, in nats. */
  loss: number;
  tokens: number;
  rows: number;
  /** Rows of which every token is the likeliest one, which greedy decoding answers word for word. */
  exact: number;
}

/** A checkpoint of the run. */
export interface TrainerState {
  parameters: Float32Array<ArrayBuffer>;
  optimizer: AdamWState;
}

/** The loss or the gradient is no finite number, most often because the learning rate is too high. */
export class DivergedError extends Error {
  constructor(
    readonly step: number,
    readonly rate: number,
    /** True: the parameters still have a finite loss, and only its gradient has not. */
    readonly hasLoss: boolean,
  ) {
    super(`the loss of step ${step} is no number any more; take a smaller learning rate than ${rate}, or go back`);
    this.name = 'DivergedError';
  }
}

export class LoraTrainer {
  readonly #run: RunGraph;
  readonly #embeddings: TokenEmbeddings;
  readonly #rows: readonly TrainingRow[];
  readonly #settings: TrainingSettings;
  readonly #order: RowOrder;
  readonly #optimizer: AdamW;
  #parameters: Float32Array<ArrayBuffer>;

  /**
   * @param run a session of `trainingGraph` with gradients
   * @param parameters to begin with, [LoraLayout.length]
   * @throws RangeError without rows
   */
  constructor(
    run: RunGraph,
    embeddings: TokenEmbeddings,
    rows: readonly TrainingRow[],
    parameters: Float32Array,
    settings: TrainingSettings,
  ) {
    if (rows.length === 0) throw new RangeError('there are no rows to train on');
    this.#run = run;
    this.#embeddings = embeddings;
    this.#rows = rows;
    this.#settings = settings;
    this.#order = new RowOrder(rows.length, settings.seed);
    this.#optimizer = new AdamW(parameters.length, settings);
    this.#parameters = Float32Array.from(parameters);
  }

  /** A and B now: a copy. */
  get parameters(): Float32Array<ArrayBuffer> {
    return this.#parameters.slice();
  }

  /** Steps done. */
  get steps(): number {
    return this.#optimizer.steps;
  }

  /**
   * One step. If it throws, nothing has changed.
   * @throws DivergedError, the reason of `signal`, and what the session throws
   */
  async step(signal?: AbortSignal): Promise<StepResult> {
    const { batchRows, tokensAtOnce, clip } = this.#settings;
    const step = this.steps;
    const rate = rateAt(step, this.#settings);
    const rows = this.#order.batch(step, batchRows).flatMap((index) => this.#rows[index] ?? []);
    const scale = 1 / answerTokens(rows);
    let loss = 0;
    let gradients: Float32Array | undefined;
    for (const part of partsOf(rows, tokensAtOnce)) {
      signal?.throwIfAborted();
      const results = await this.#run(withParameters(feedsOf(part, this.#embeddings, scale), this.#parameters));
      loss += floatsOf(results, TRAINING_OUTPUTS.loss)[0] ?? NaN;
      gradients = sum(gradients, floatsOf(results, TRAINING_OUTPUTS.gradients));
    }
    if (!gradients) throw new TypeError('a step without rows');
    signal?.throwIfAborted();
    const gradientNorm = norm(gradients);
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm))
      throw new DivergedError(step + 1, this.#settings.rate, Number.isFinite(loss));
    this.#optimizer.step(this.#parameters, gradients, rate, clipFactor(gradientNorm, clip));
    return { step: step + 1, loss, rate, gradientNorm };
  }

  state(): TrainerState {
    return { parameters: this.parameters, optimizer: this.#optimizer.state() };
  }

  /** Goes back to a checkpoint; the steps after it are the same as they were. @throws RangeError if it is of another adapter */
  restore({ parameters, optimizer }: TrainerState): void {
    if (parameters.length !== this.#parameters.length)
      throw new RangeError(`a checkpoint of ${parameters.length} numbers, the adapter has ${this.#parameters.length}`);
    this.#optimizer.restore(optimizer);
    this.#parameters = parameters.slice();
  }
}

/**
 * @param run a session of `trainingGraph`, with gradients or without
 * @param onRows told how many rows more are measured
 * @throws RangeError without rows, the reason of `signal`
 */
export async function measureRows(
  run: RunGraph,
  embeddings: TokenEmbeddings,
  parameters: Float32Array,
  rows: readonly TrainingRow[],
  tokensAtOnce: number,
  { signal, onRows }: { signal?: AbortSignal; onRows?: (count: number) => void } = {},
): Promise<Measure> {
  if (rows.length === 0) throw new RangeError('there are no rows to measure');
  let [nats, tokens, exact] = [0, 0, 0];
  for (const part of partsOf(rows, tokensAtOnce)) {
    signal?.throwIfAborted();
    const results = await run(withParameters(feedsOf(part, embeddings, 1), parameters));
    const predicted = idsOf(results, TRAINING_OUTPUTS.predicted);
    nats += floatsOf(results, TRAINING_OUTPUTS.loss)[0] ?? NaN;
    let first = 0;
    for (const { answers } of part) {
      const begin = first;
      if (answers.every(({ id }, at) => predicted[begin + at] === BigInt(id))) exact++;
      first += answers.length;
    }
    tokens += first;
    onRows?.(part.length);
  }
  return { loss: nats / tokens, tokens, rows: rows.length, exact };
}

function sum(before: Float32Array | undefined, values: Float32Array): Float32Array {
  if (!before) return values;
  for (let i = 0; i < before.length; i++) before[i] = (before[i] ?? NaN) + (values[i] ?? NaN);
  return before;
}
