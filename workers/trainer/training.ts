/** A training that is prepared: its sessions, its rows, and the adapter as far as it is trained. */
import { initialParameters } from '#core/lora/training/parameters.ts';
import type { RunGraph } from '#core/lora/training/run-graph.ts';
import { DivergedError, LoraTrainer, type StepResult, type TrainerState } from '#core/lora/training/trainer.ts';
import type { PreparedTraining, TrainerJobs, TrainRequest, TrainResult } from '#core/protocol/trainer.ts';
import { cpuThreads } from '../engine/runtime/ort.ts';
import type { Pausing, RunningJob } from '../jobs/running-job.ts';
import { milestoneOf } from './milestone.ts';
import type { TrainingParts } from './training-parts.ts';

type Job = RunningJob<TrainerJobs['train']>;

export class Training {
  readonly #parts: TrainingParts;
  readonly #trainer: LoraTrainer;
  /** Lets messages in before each run, which takes the thread for itself. */
  readonly #measure: RunGraph;
  #job: Pausing | undefined;
  /** Step of the last milestone. */
  #measuredAt: number | undefined;
  /** The state before the last step, whose loss is a number. */
  #before: TrainerState | undefined;

  constructor(parts: TrainingParts) {
    const { request, layout, table, sessions, trained } = parts;
    const { settings, from } = request;
    const pausing =
      (run: RunGraph): RunGraph =>
      async (feeds) => {
        await this.#job?.pause();
        return run(feeds);
      };
    this.#parts = parts;
    this.#measure = pausing(sessions.measure);
    const start = initialParameters(layout, settings.seed);
    this.#trainer = new LoraTrainer(pausing(sessions.train), table, trained, start, settings);
    if (from) this.#goTo(from);
  }

  get prepared(): PreparedTraining {
    const { parts, layout, trained, sessions } = this.#parts;
    const isGpu = sessions.backend.gpu !== undefined;
    return {
      config: parts.pack.config,
      baseModel: parts.pack.manifest?.name ?? parts.pack.reader.name,
      parameters: layout.length,
      rows: trained.map(({ ids, answers }) => ({ tokens: ids.length, answerTokens: answers.length })),
      provider: isGpu ? 'webgpu' : 'wasm',
      cpuReason: sessions.cpuReason,
      threads: isGpu ? 1 : cpuThreads(),
    };
  }

  /** @throws what the sessions throw; the signal's reason, after a whole step */
  async train({ from, untilStep, measureEvery, measuredRows }: TrainRequest, job: Job): Promise<TrainResult> {
    const trainer = this.#trainer;
    this.#job = job;
    job.reached = () => ({ step: trainer.steps, state: trainer.state() });
    if (from) this.#goTo(from);
    const { steps } = this.#parts.request.settings;
    const last = Math.min(untilStep, steps);
    const measure = () => this.#sendMilestone(measuredRows, trainer.steps === steps, job);
    // Also one that was due when the job before was stopped.
    const isDue = () => trainer.steps % measureEvery === 0 || trainer.steps === last;
    if (isDue()) await measure();
    while (trainer.steps < last) {
      const begin = performance.now();
      const result = await this.#step(job.signal);
      if (!result) {
        await measure();
        return { reason: 'diverged', step: trainer.steps };
      }
      job.emit({ type: 'step', result, seconds: (performance.now() - begin) / 1000 });
      if (isDue()) await measure();
    }
    return { reason: 'steps', step: trainer.steps };
  }

  async release(): Promise<void> {
    await this.#parts.sessions.release();
    await this.#parts.table.release();
  }

  /** The checkpoint was measured when it was reached. */
  #goTo(state: TrainerState): void {
    this.#trainer.restore(state);
    this.#before = undefined;
    this.#measuredAt = this.#trainer.steps;
  }

  /** @returns undefined if it diverged; the adapter is then the last one that had a loss */
  async #step(signal: AbortSignal): Promise<StepResult | undefined> {
    const before = this.#trainer.state();
    try {
      const result = await this.#trainer.step(signal);
      this.#before = before;
      return result;
    } catch (error) {
      if (!(error instanceof DivergedError)) throw error;
      if (!error.hasLoss && this.#before) this.#trainer.restore(this.#before);
      return undefined;
    }
  }

  /** @param most held-out rows that are measured, unless all are */
  async #sendMilestone(most: number, takesAll: boolean, job: Job): Promise<void> {
    if (this.#measuredAt === this.#trainer.steps) return;
    const { trained, heldOut } = this.#parts;
    const measured = takesAll ? heldOut : heldOut.slice(0, most);
    const rows = { heldOut: measured, trained: trained.slice(0, Math.max(1, measured.length || most)) };
    const milestone = await milestoneOf(this.#parts, this.#trainer, this.#measure, rows, (done, total) =>
      job.progress({ type: 'measuring', done, total }),
    );
    this.#measuredAt = milestone.step;
    job.emit({ type: 'milestone', milestone });
  }
}
