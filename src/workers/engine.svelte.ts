import type { Failure, FailureCode } from '#core/failure.ts';
import type { AdapterInfo } from '#core/lora/describe.ts';
import type { SetAdaptersEvent, SetAdaptersRequest, TraceEvent, TraceRequest } from '#core/protocol/adapters.ts';
import type {
  EngineJobs,
  GenerateEvent,
  GenerateRequest,
  ModelInfo,
  OpenEvent,
  OpenOptions,
  PackageSource,
  Stats,
  StoreNotice,
} from '#core/protocol/engine.ts';
import type { JobEnd, JobEvent } from '#core/protocol/jobs.ts';
import type { NearestEvent, NearestRequest } from '#core/protocol/nearest.ts';
import { EngineWorker } from './engine-worker.ts';
import { advance, nameOf, startOpening, type Opening } from './opening.ts';
import { RateHistory } from './rate-history.svelte.ts';
import { failed, type RestartReason, type StartedJob } from './worker-client.ts';

/** After these the runtime in the worker cannot be trusted. */
const fatal: readonly FailureCode[] = ['runtime', 'device-lost', 'out-of-memory'];

type LabJob = 'nearestTokens' | 'setAdapters' | 'trace';
type Stoppable = Pick<StartedJob<EngineJobs[LabJob]>, 'stop' | 'yield'>;

/** What the page knows of the engine: which model is open or opening, what runs, the latest figures. */
export class EngineClient {
  model = $state.raw<ModelInfo>();
  opening = $state.raw<Opening>();
  openFailure = $state.raw<Failure>();
  openCancelled = $state(false);
  /** What went another way than it should while the open package came. */
  notices = $state.raw<readonly StoreNotice[]>([]);
  stats = $state.raw<Stats>();
  /** JS heap of the page in bytes, as of the latest figures, where the browser tells it. */
  pageHeap = $state<number>();
  generating = $state(false);
  /** A search in the embedding runs. */
  searching = $state(false);
  /** An answer is written, or scored, for its probabilities. */
  tracing = $state(false);
  /** Adapters are put beside the weights, or taken away. */
  adapting = $state(false);
  /** What stands beside the open model's weights, in the order it was set. */
  adapters = $state.raw<readonly AdapterInfo[]>([]);
  /** The worker had to be replaced, and everything is there again: the person is to be told. */
  reopened = $state(false);
  /** What `reopen` opens; kept also when it failed. */
  source = $state.raw<PackageSource>();
  options = $state.raw<OpenOptions>();
  readonly rates = new RateHistory();

  #openJob: StartedJob<EngineJobs['open']> | undefined;
  #answer: { stop(): void } | undefined;
  #answered: Promise<void> = Promise.resolve();
  /** What the labs ask for beside answers: one at a time, and never while an answer is written. */
  #labJob: Stoppable | undefined;
  #labJobEnded: Promise<unknown> = Promise.resolve();
  /** Of `adapters`, to put them back into another worker. */
  #standing: SetAdaptersRequest | undefined;
  /** Settles when what a replaced worker held is there again, or given up. */
  #restored: Promise<void> = Promise.resolve();
  #isRestoring = false;
  /** Puts adapters back, which is the last step of a restoration. */
  #restoring: Pick<StartedJob<EngineJobs['setAdapters']>, 'stop'> | undefined;
  /** Counts what makes a restoration pointless. */
  #generation = 0;
  /** Counts calls of `open` and `end`: each makes those before it, and the lab's jobs that wait, pointless. */
  #opens = 0;
  readonly #worker = new EngineWorker(
    (stats) => {
      this.stats = stats;
      this.pageHeap = performance.memory?.usedJSHeapSize;
      this.rates.add(stats);
    },
    (reason) => this.#onRestart(reason),
  );

  /** @param onReopened called when the model is open again after its worker was replaced */
  constructor(private readonly onReopened: () => void = () => {}) {}

  /**
   * Opens a package; the one before is closed. Resolves with true when a model is ready, with false also where another call
   * came while this one waited for what ran.
   */
  async open(source: PackageSource, options: OpenOptions): Promise<boolean> {
    this.#generation++;
    const opens = ++this.#opens;
    await this.cancelOpen();
    this.#restoring?.stop();
    await this.stop();
    await this.#restored;
    if (opens !== this.#opens) return false;
    if (this.openFailure && fatal.includes(this.openFailure.code)) this.#worker.end();
    this.source = source;
    this.options = options;
    this.#forgetModel();
    this.openFailure = undefined;
    this.openCancelled = false;
    this.reopened = false;
    this.notices = [];
    const end = await this.#load(source, options);
    if (end.type === 'done') this.model = end.model;
    else this.#takeOpenEnd(end);
    return this.model !== undefined;
  }

  /** Resolves when the open has ended, by itself or with its worker. */
  async cancelOpen(): Promise<void> {
    const job = this.#openJob;
    if (!job || !this.opening) return;
    this.opening = { ...this.opening, cancelling: true };
    job.stop();
    await job.ended;
  }

  /**
   * Answers a conversation; one at a time. Resolves after the terminal event. The request must be plain data: a
   * proxy of `$state` cannot be cloned into the worker.
   */
  async generate(request: GenerateRequest, on: (event: GenerateEvent) => void): Promise<void> {
    if (!this.model) return on(failed('no-model'));
    this.generating = true;
    this.rates.clear();
    const early = new AbortController();
    const { signal } = early;
    const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    this.#answer = { stop: () => early.abort() };
    const run = async () => {
      // The engine does one thing at a time, and an answer is more urgent than what the labs ask for.
      if (this.#labJob) await this.#yieldLabJob();
      if (this.#isRestoring) await Promise.race([this.#restored, stopped]);
      if (signal.aborted) return on({ type: 'stopped' });
      if (!this.model) return on(failed('no-model'));
      const job = this.#worker.start('generate', request, (event) => this.#deliver(event, on));
      this.#answer = job;
      await job.ended;
    };
    this.#answered = run();
    await this.#answered;
    this.generating = false;
    this.#answer = undefined;
  }

  /**
   * Resolves when the answer, and what the labs asked for, have ended. What does not end by itself ends with its worker;
   * the model is then opened again.
   */
  async stop(): Promise<void> {
    this.#answer?.stop();
    await this.stopLabJob();
    this.#answer?.stop();
    await this.#answered;
  }

  /**
   * Where new tokens would start in the open model's embedding: for each of `request.tokens` its subwords, and for each of
   * `request.inits` the `request.count` nearest old tokens. Resolves after the terminal event.
   *
   *     await session.engine.nearestTokens(
   *       { tokens: [{ text: ' 심근경색', id: 262145 }], inits: ['mean', 'first', 'random'], count: 8 },
   *       (event) => { … }, // progress {done, total} | done {tokens} | stopped | failed {failure}
   *     );
   *
   * Works while no answer is being written: it fails with `busy` during one, and with `no-model` before a model is open.
   * An answer that begins, another job of a lab, `open` and `stopLabJob` end it with `stopped`. The request must be plain data.
   */
  async nearestTokens(request: NearestRequest, on: (event: NearestEvent) => void): Promise<void> {
    await this.#runLabJob('nearestTokens', request, on, (isRunning) => (this.searching = isRunning));
  }

  /**
   * Puts adapters beside the open model's weights, in place of those in `adapters`. Resolves after the terminal event; `adapters`
   * is up to date by then. Waits for nobody: like `nearestTokens` it fails with `busy` while an answer is written, and ends a
   * search or a trace. The request must be plain data.
   */
  async setAdapters(request: SetAdaptersRequest, on: (event: SetAdaptersEvent) => void): Promise<void> {
    const take = (event: SetAdaptersEvent) => {
      if (event.type === 'done') {
        this.adapters = event.adapters;
        this.#standing = request.adapters.length > 0 ? request : undefined;
      }
      on(event);
    };
    await this.#runLabJob('setAdapters', request, take, (isRunning) => (this.adapting = isRunning));
  }

  /** How much of each of `adapters`, from the next token on, also of an answer that is being written. */
  setStrengths(strengths: readonly number[]): void {
    const standing = this.#standing;
    if (standing?.adapters.length === strengths.length) this.#standing = { ...standing, strengths: [...strengths] };
    if (this.#worker.isRunning) this.#worker.start('setStrengths', [...strengths]);
  }

  /**
   * Writes an answer, or scores a given one, with the probability of each token. Resolves after the terminal event. It fails
   * with `busy` while an answer of the chat is written; one that begins ends it with `stopped`, and so do another trace,
   * `setAdapters`, `open` and `stop`. The request must be plain data.
   */
  async trace(request: TraceRequest, on: (event: TraceEvent) => void): Promise<void> {
    await this.#runLabJob('trace', request, on, (isRunning) => (this.tracing = isRunning));
  }

  /** Resolves when nothing runs that the labs asked for. */
  async stopLabJob(): Promise<void> {
    this.#labJob?.stop();
    await this.#labJobEnded;
  }

  /** Drops the KV prefix and the image features of the conversation. */
  async forget(): Promise<void> {
    await this.stop();
    if (this.#worker.isRunning) await this.#worker.start('forget', undefined).ended;
  }

  /** Ends the worker, and the model's memory with it; what runs ends with `stopped`. `open` starts afresh. */
  end(): void {
    this.#generation++;
    this.#opens++;
    this.#worker.end();
    this.#forgetModel();
  }

  /** Runs a job beside answers, in place of the one that runs now. */
  async #runLabJob<Name extends LabJob>(
    name: Name,
    request: EngineJobs[Name]['request'],
    on: (event: JobEvent<EngineJobs[Name]>) => void,
    mark: (isRunning: boolean) => void,
  ): Promise<void> {
    // Of several that wait here each stops the one that went on before it: the last call is the one that stays.
    const opens = this.#opens;
    while (this.#labJob || this.#isRestoring) await (this.#labJob ? this.#yieldLabJob() : this.#restored);
    // The model that it was meant for is going.
    if (!this.model || opens !== this.#opens) return on(failed('no-model'));
    if (this.generating) return on(failed('busy'));
    const job = this.#worker.start(name, request, (event: JobEvent<EngineJobs[Name]>) => this.#deliver(event, on));
    this.#labJob = job;
    mark(true);
    this.#labJobEnded = job.ended.finally(() => {
      mark(false);
      this.#labJob = undefined;
    });
    await this.#labJobEnded;
  }

  /** What gives way does so in its own time: putting adapters beside the weights of a large model takes seconds. */
  async #yieldLabJob(): Promise<void> {
    this.#labJob?.yield();
    await this.#labJobEnded;
  }

  #deliver<Event extends { type: string } | { type: 'failed'; failure: Failure }>(
    event: Event,
    on: (event: Event) => void,
  ): void {
    if ('failure' in event) this.#afterFailure(event.failure);
    on(event);
  }

  #load(source: PackageSource, options: OpenOptions): Promise<JobEnd<EngineJobs['open']>> {
    this.opening = startOpening(nameOf(source));
    const job = this.#worker.start('open', { source, options }, (event) => this.#onOpen(event));
    this.#openJob = job;
    return job.ended;
  }

  #onOpen(event: OpenEvent): void {
    if (event.type === 'progress') {
      if (this.opening) this.opening = advance(this.opening, event, performance.now());
    } else if (event.type === 'notice') this.notices = [...this.notices, event.notice];
    else {
      this.#openJob = undefined;
      this.opening = undefined;
    }
  }

  #takeOpenEnd(end: { type: 'stopped' } | { type: 'failed'; failure: Failure }): void {
    if (end.type === 'stopped') this.openCancelled = true;
    else this.openFailure = end.failure;
  }

  /** The worker was replaced. The conversation is the page's, and stays; what the worker held is made again, once. */
  #onRestart(reason: RestartReason): void {
    const { model, source, options } = this;
    if (!model || !source || !options) return;
    if (this.#isRestoring) {
      this.#generation++;
      this.#forgetModel();
      this.#takeOpenEnd(reason === 'stopped' ? { type: 'stopped' } : failed('worker-crashed', { worker: 'engine' }));
      return;
    }
    this.#isRestoring = true;
    this.#restored = this.#restore(model, source, options).finally(() => (this.#isRestoring = false));
  }

  /** Meanwhile `model` stays: for the page nothing has changed, and jobs wait. */
  async #restore(model: ModelInfo, source: PackageSource, options: OpenOptions): Promise<void> {
    const generation = this.#generation;
    const end = await this.#load(source, options);
    if (generation !== this.#generation) return;
    if (end.type !== 'done') {
      this.#forgetModel();
      this.#takeOpenEnd(end);
      return;
    }
    const standing = this.#standing;
    const set = standing && (await this.#putBack(standing));
    if (generation !== this.#generation) return;
    const hasAdapters = set === undefined || set.type === 'done';
    if (!hasAdapters) {
      this.adapters = [];
      this.#standing = undefined;
    }
    // Strengths that were changed meanwhile came before the adapters.
    if (this.#standing && this.#standing !== standing) this.setStrengths(this.#standing.strengths);
    // Another value is another model to the labs: they then put their adapters on it themselves.
    const isSame = hasAdapters && JSON.stringify(end.model) === JSON.stringify(model);
    this.model = isSame ? model : end.model;
    this.reopened = true;
    this.onReopened();
  }

  async #putBack(standing: SetAdaptersRequest): Promise<JobEnd<EngineJobs['setAdapters']>> {
    const job = this.#worker.start('setAdapters', standing);
    this.#restoring = job;
    const end = await job.ended;
    this.#restoring = undefined;
    return end;
  }

  #afterFailure(failure: Failure): void {
    if (!fatal.includes(failure.code)) return;
    this.#forgetModel();
    this.openFailure = failure;
  }

  #forgetModel(): void {
    this.model = undefined;
    this.adapters = [];
    this.#standing = undefined;
    this.stats = undefined;
    this.rates.clear();
  }
}
