import type { OpenOptions, PackageSource } from '#core/protocol/engine.ts';
import { SETS } from '#core/phantoms/sets.ts';
import { Announcer } from '../../platform/announcer.svelte.ts';
import { EngineClient } from '../../workers/engine.svelte.ts';
import { t } from '../../platform/locale.svelte.ts';
import { WeightsWorker } from '../../workers/weights-worker.ts';
import { AnswerError, type Traced } from './ask.ts';
import { measure } from './measure.ts';
import { nameOfTrial } from './names.ts';
import { presets } from './presets.ts';
import { sheetOf, type SheetQuestion } from './questions.ts';
import { partsCode, type PartSettings } from './settings-code.ts';
import type { SheetSize } from './share.ts';
import { Trial, type Subject } from './trial.svelte.ts';
import { variantsOf } from './variants.ts';

/** Enough tokens for an image, a question and an answer. */
const contextLength = 512;

const ORIGINAL: Subject = { type: 'parts', parts: presets.fp16 };

/** The run was cancelled. */
class Cancelled extends Error {}

/** Runs the whole model with one setting after another, each in a new engine. */
export class Trials {
  trials = $state.raw<readonly Trial[]>([]);
  /** Settings of the next trial. */
  parts = $state.raw<PartSettings>(presets.q4);
  /** The set of the phantoms to ask about. */
  set = $state((crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % SETS);
  running = $state(false);
  /** What all others are compared with: the original in fp16, or a package of another model. */
  reference = $state.raw<Subject>(ORIGINAL);
  /** The questions of the current sheet. */
  questions = $state.raw<readonly SheetQuestion[]>([]);
  readonly announcer = new Announcer();
  readonly done = $derived(this.trials.filter(({ state }) => state === 'done'));
  #traces: Traced[] = [];
  #vocabulary = 0;
  #cancelled = false;
  #engine: EngineClient | undefined;
  readonly #weights = new WeightsWorker();

  /**
   * @param original folder of the checkpoint in fp16
   * @param size how many phantoms
   */
  constructor(
    readonly original: PackageSource,
    private readonly size: () => SheetSize,
    private readonly provider: () => OpenOptions['provider'],
  ) {}

  /** Adds settings to the list, to be run later. */
  announce(all: readonly PartSettings[]): void {
    for (const parts of all) this.#trialOf({ type: 'parts', parts });
  }

  /** Runs these settings after the original, unless trials are running. Finished trials run again. */
  async run(all: readonly PartSettings[]): Promise<void> {
    if (this.reference.type === 'package') this.compareWith(undefined);
    await this.#runAll(all.map((parts) => this.#trialOf({ type: 'parts', parts })));
  }

  /** Runs each variant of a package as a separate trial. */
  async runPackage(name: string, source: PackageSource): Promise<void> {
    if (this.running) return;
    const variants = variantsOf(source);
    await this.#runAll(
      variants.map((variant) => {
        const isOne = variants.length === 1;
        const own = isOne ? name : t('quant.package.variant', { name, variant: variant.mark || 'fp32' });
        return this.#trialOf({ type: 'package', name: own, source: variant.source });
      }),
    );
  }

  /**
   * From now on all are compared with the first variant of a package, or again with the original. Results of another reference cannot stand
   * beside these.
   */
  compareWith(other: { name: string; source: PackageSource } | undefined): void {
    if (this.running) return;
    const [variant] = other ? variantsOf(other.source) : [];
    this.reference = other ? { type: 'package', name: other.name, source: variant?.source ?? other.source } : ORIGINAL;
    this.#traces = [];
    this.trials = [];
    if (other) this.#trialOf(this.reference);
  }

  async rerun(trial: Trial): Promise<void> {
    await this.#runAll([trial]);
  }

  /** Runs the waiting trials, for example those of a link. */
  async runWaiting(): Promise<void> {
    await this.#runAll(this.trials.filter(({ state }) => state === 'waiting'));
  }

  /** Cancels at once: both workers are ended. Results are kept. */
  cancel(): void {
    if (!this.running) return;
    this.#cancelled = true;
    this.#weights.end();
    this.#engine?.end();
  }

  remove(trial: Trial): void {
    if (trial.running) return;
    if (trial.isReference) this.#traces = [];
    this.trials = this.trials.filter((other) => other !== trial);
  }

  /** Changes to other phantoms and resets all trials: results on different phantoms cannot be compared. */
  drawNew(set = (this.set + 1) % SETS): void {
    if (this.running || set === this.set) return;
    this.set = set;
    this.questions = [];
    this.#traces = [];
    for (const trial of this.trials) trial.reset();
  }

  #trialOf(subject: Subject): Trial {
    const isReference = this.#isReference(subject);
    const trial = new Trial(subject, isReference);
    const known = this.trials.find((other) => other.subject === subject || other.key === trial.key);
    if (known) return known;
    this.trials = isReference ? [trial, ...this.trials] : [...this.trials, trial];
    return trial;
  }

  #isReference(subject: Subject): boolean {
    const { reference } = this;
    if (subject.type === 'package' || reference.type === 'package') return subject === reference;
    return partsCode(subject.parts) === partsCode(reference.parts);
  }

  async #runAll(asked: readonly Trial[]): Promise<void> {
    if (this.running || asked.length === 0) return;
    this.running = true;
    this.#cancelled = false;
    try {
      const reference = this.#trialOf(this.reference);
      const isNeeded = this.#traces.length === 0 || asked.includes(reference);
      const queue = isNeeded ? [reference, ...asked.filter((trial) => trial !== reference)] : asked;
      for (const trial of queue) trial.reset();
      for (const trial of queue) {
        await this.#perform(trial);
        // Without the original's answers there is nothing to compare with.
        if (this.#cancelled || (trial === reference && trial.state !== 'done')) break;
      }
    } finally {
      this.running = false;
    }
  }

  async #perform(trial: Trial): Promise<void> {
    const name = nameOfTrial(trial);
    const engine = new EngineClient();
    this.#engine = engine;
    this.announcer.say(t('quant.announce.started', { name }));
    try {
      await this.#measure(trial, engine);
      trial.state = 'done';
      const { right, measured } = trial;
      this.announcer.say(t('quant.announce.done', { name, right, asked: measured.answers.length }));
    } catch (error) {
      if (this.#cancelled) trial.state = 'cancelled';
      else if (error instanceof AnswerError) {
        trial.state = 'failed';
        trial.failure = error.failure;
      } else {
        trial.state = 'failed';
        trial.failure = { code: 'runtime', detail: { reason: error instanceof Error ? error.message : String(error) } };
        console.error(error);
      }
      if (trial.isReference) this.#traces = [];
      this.announcer.say(t(this.#cancelled ? 'quant.announce.cancelled' : 'quant.announce.failed', { name }));
    } finally {
      trial.progress = undefined;
      // Ending the worker frees the model's memory.
      engine.end();
      this.#engine = undefined;
    }
  }

  /** @throws AnswerError, Cancelled */
  async #measure(trial: Trial, engine: EngineClient): Promise<void> {
    const source = trial.subject.type === 'parts' ? await this.#make(trial, trial.subject.parts) : trial.subject.source;
    this.#throwIfCancelled();
    trial.state = 'opening';
    trial.progress = undefined;
    const isOpen = await engine.open(source, { contextLength, provider: this.provider() });
    this.#throwIfCancelled();
    const { model, openFailure } = engine;
    if (!isOpen || !model) throw new AnswerError(openFailure ?? { code: 'no-model', detail: {} });
    if (trial.isReference) this.#vocabulary = model.vocabularySize;
    else if (model.vocabularySize !== this.#vocabulary) {
      trial.otherVocabulary = { own: model.vocabularySize, original: this.#vocabulary };
      throw new AnswerError({ code: 'unsupported-package', detail: { reason: 'vocabulary' } });
    }
    if (!model.hasVision) throw new AnswerError({ code: 'no-vision', detail: {} });
    trial.state = 'asking';
    const count = this.size();
    if (this.questions.length < count) this.questions = sheetOf(this.set, count);
    const sheet = this.questions.slice(0, count);
    const traces: Traced[] = [];
    await measure(
      engine,
      sheet,
      trial.isReference ? undefined : this.#traces,
      (trace) => traces.push(trace),
      (now) => {
        trial.measured = now;
        trial.progress = { done: now.answers.length, total: sheet.length };
        trial.memory = engine.stats?.memory ?? trial.memory;
      },
    );
    this.#throwIfCancelled();
    if (trial.isReference) this.#traces = traces;
    if (trial.subject.type === 'package') this.#sizeOnDevice(trial, model.parameters);
  }

  async #make(trial: Trial, parts: PartSettings): Promise<PackageSource> {
    trial.state = 'making';
    const request = { checkpoint: this.original, parts, name: nameOfTrial(trial) };
    const end = await this.#weights.start('requantize', request, (event) => {
      if (event.type === 'progress') trial.progress = { done: event.done, total: event.total };
    }).ended;
    if (end.type === 'failed') throw new AnswerError(end.failure);
    if (end.type !== 'done') throw new Cancelled();
    const result = end.package;
    trial.weightBytes = result.weightBytes;
    trial.bitsPerWeight = result.bitsPerWeight;
    trial.asFloats = result.asFloats;
    return { type: 'files', name: result.name, files: result.files };
  }

  /** A package does not state the size of its weights: their size on the device is shown instead. */
  #sizeOnDevice(trial: Trial, parameters: number | undefined): void {
    const gpu = trial.memory?.gpu;
    trial.weightBytes = gpu && gpu.weights.bytes + gpu.vision.bytes;
    trial.sizeOnDevice = true;
    trial.bitsPerWeight = trial.weightBytes && parameters ? (8 * trial.weightBytes) / parameters : undefined;
  }

  #throwIfCancelled(): void {
    if (this.#cancelled) throw new Cancelled();
  }
}
