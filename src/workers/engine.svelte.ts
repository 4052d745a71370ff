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
  StoreNotice,
} from '#core/protocol/engine.ts';
import type { Stats } from '#core/protocol/stats.ts';
import type { ExamJobEvent, ExamJobRequest } from '#core/protocol/exam.ts';
import type { JobEnd, JobEvent } from '#core/protocol/jobs.ts';
import type { NearestEvent, NearestRequest } from '#core/protocol/nearest.ts';
import { withToken } from '../platform/access-tokens.svelte.ts';
import { storageUsed } from '../platform/persistent-storage.ts';
import { EngineAdapters } from './engine-adapters.svelte.ts';
import { EngineRebuild, type OpenNotDone, type Rebuilt } from './engine-rebuild.ts';
import { EngineWorker } from './engine-worker.ts';
import { LabJobSlot } from './lab-job.ts';
import { advance, nameOf, startOpening, type Opening } from './opening.ts';
import { MemoryHistory } from './memory-history.svelte.ts';
import { RateHistory } from './rate-history.svelte.ts';
import { keepFailedTest, saferOptions, type StepDown } from './safer-options.ts';
import { keepSelfTest, knownSelfTests } from './self-tests.ts';
import { failed, type RestartReason, type StartedJob } from './worker-client.ts';

/** After these failures the runtime in the worker cannot be used any more. A damaged file may have been found behind one of them. */
const fatal: readonly FailureCode[] = ['runtime', 'device-lost', 'out-of-memory', 'self-test', 'hash-mismatch'];
/** After these it is started anew too: Chromium up to 150 remembers in a worker that the runtime's script did not come. */
const unfetched: readonly FailureCode[] = ['network', 'offline'];

function keepResult({ selfTest: { state, key } }: ModelInfo): void {
  if (key === undefined) return;
  if (state === 'passed') keepSelfTest(key, 'passed');
  else if (state === 'capture-off') keepSelfTest(key, 'captured');
}

type LabJob = 'nearestTokens' | 'setAdapters' | 'trace' | 'generate' | 'exam';

/** The engine as the page sees it: which model is open or opening, which jobs run, and the latest statistics. */
export class EngineClient {
  model = $state.raw<ModelInfo>();
  opening = $state.raw<Opening>();
  openFailure = $state.raw<Failure>();
  openCancelled = $state(false);
  /** How far an opening had come when it was paused. What was downloaded is kept, and `open` goes on from there. */
  paused = $state.raw<Opening>();
  /** Notices of the store while the open package was fetched. */
  notices = $state.raw<readonly StoreNotice[]>([]);
  stats = $state.raw<Stats>();
  /** JS heap of the page in bytes at the time of `stats`; undefined if the browser does not report it. */
  pageHeap = $state<number>();
  generating = $state(false);
  /** True while `nearestTokens` runs. */
  searching = $state(false);
  /** True while `trace` runs. */
  tracing = $state(false);
  /** True while `setAdapters` runs. */
  adapting = $state(false);
  /** True while `exam` runs. */
  examining = $state(false);
  /** True while `demonstrate` runs. */
  demonstrating = $state(false);
  /** True after the worker was replaced and its state was rebuilt: the page shows a notice. */
  reopened = $state(false);
  /** The last package that was opened, kept even if opening failed: `reopen` opens it again. */
  source = $state.raw<PackageSource>();
  options = $state.raw<OpenOptions>();
  /** What was given up because the model computed wrong values with it on this device. */
  stepsDown = $state.raw<readonly StepDown[]>([]);
  readonly rates = new RateHistory();
  /** Since the last call of `open`. */
  readonly memory = new MemoryHistory(storageUsed);

  #openJob: StartedJob<EngineJobs['open']> | undefined;
  #answer: { stop(): void } | undefined;
  #answered: Promise<void> = Promise.resolve();
  readonly #labJob = new LabJobSlot();
  readonly #rebuild = new EngineRebuild();
  /** Counts calls of `open` and `end`: each makes earlier calls, and lab jobs that wait, pointless. */
  #opens = 0;
  readonly #worker = new EngineWorker(
    {
      stats: (stats) => {
        this.stats = stats;
        this.pageHeap = performance.memory?.usedJSHeapSize;
        this.rates.add(stats);
        this.memory.add(stats, this.pageHeap);
      },
      planned: (plan) => (this.memory.plan = plan),
    },
    (reason) => this.#onRestart(reason),
  );

  readonly #adapters = new EngineAdapters(this.#worker);

  /** @param onReopened called when the model is open again after its worker was replaced */
  constructor(private readonly onReopened: () => void = () => {}) {}

  /** The adapters that are applied to the open model, in the order of the request. */
  get adapters(): readonly AdapterInfo[] {
    return this.#adapters.applied;
  }

  /** `adapters` with the rank that each is cut to, and its strength. */
  get usedAdapters(): EngineAdapters['used'] {
    return this.#adapters.used;
  }

  /**
   * Opens a package and closes the previous one. Resolves with true if a model is ready, and with false also if another call came
   * while this one waited for running jobs.
   */
  async open(source: PackageSource, options: OpenOptions): Promise<boolean> {
    this.#rebuild.cancel();
    const opens = ++this.#opens;
    await this.cancelOpen();
    this.#adapters.stopApplying();
    await this.stop();
    await this.#rebuild.ended;
    if (opens !== this.#opens) return false;
    if (this.openFailure && [...fatal, ...unfetched].includes(this.openFailure.code)) this.#worker.end();
    this.source = source;
    this.options = options;
    this.#forgetModel();
    this.memory.clear();
    this.openFailure = undefined;
    this.openCancelled = false;
    this.paused = undefined;
    this.reopened = false;
    this.notices = [];
    this.stepsDown = [];
    let end = await this.#load(source, options);
    while (end.type === 'failed' && end.failure.code === 'self-test') {
      keepFailedTest(end.failure);
      const safer = saferOptions(this.options, end.failure);
      if (!safer || opens !== this.#opens) break;
      this.stepsDown = [...this.stepsDown, safer.step];
      this.options = safer.options;
      // The runtime in a worker keeps its first GPU device.
      this.#worker.end();
      end = await this.#load(source, safer.options);
    }
    if (end.type === 'done') this.model = end.model;
    else this.#takeOpenEnd(end);
    return this.model !== undefined;
  }

  /** Stops opening; resolves when it has ended, if necessary by ending its worker. */
  async cancelOpen(): Promise<void> {
    const job = this.#openJob;
    if (!job || !this.opening) return;
    this.opening = { ...this.opening, cancelling: true };
    job.stop();
    await job.ended;
  }

  /** Stops a download; resolves when it has ended. */
  async pauseOpen(): Promise<void> {
    const reached = this.opening;
    const opens = this.#opens;
    await this.cancelOpen();
    // It may have ended by itself meanwhile, or another package is being opened.
    if (opens === this.#opens && !this.model && !this.openFailure) this.paused = reached;
  }

  /**
   * Answers a conversation; one at a time. Resolves after the terminal event. The request must be plain data: a proxy of
   * `$state` cannot be cloned into the worker.
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
      // The engine runs one job at a time, and an answer has priority over lab jobs.
      if (this.#labJob.isTaken) await this.#labJob.yield();
      if (this.#rebuild.isRunning) await Promise.race([this.#rebuild.ended, stopped]);
      if (signal.aborted) return on({ type: 'stopped' });
      if (!this.model) return on(failed('no-model'));
      const job = this.#worker.start('generate', request, (event) => this.#deliver(event, on));
      this.#answer = job;
      await job.ended;
    };
    this.#answered = run();
    try {
      await this.#answered;
    } finally {
      this.generating = false;
      this.#answer = undefined;
    }
  }

  /**
   * Stops the answer and the lab job; resolves when both have ended. If a job does not stop, its worker is ended and the
   * model is opened again.
   */
  async stop(): Promise<void> {
    this.#answer?.stop();
    await this.stopLabJob();
    this.#answer?.stop();
    await this.#answered;
  }

  /**
   * Finds where new tokens would start in the open model's embedding: for each of `request.tokens` its subwords, and for each of
   * `request.inits` the `request.count` nearest existing tokens. Resolves after the terminal event.
   *
   *     await session.engine.nearestTokens(
   *       { tokens: [{ text: ' 심근경색', id: 262145 }], inits: ['mean', 'first', 'random'], count: 8 },
   *       (event) => { … }, // progress {done, total} | done {tokens} | stopped | failed {failure}
   *     );
   *
   * Works while no answer is being written: it fails with `busy` during one, and with `no-model` before a model is open.
   * A new answer, another lab job, `open` and `stopLabJob` end it with `stopped`. The request must be plain data.
   */
  async nearestTokens(request: NearestRequest, on: (event: NearestEvent) => void): Promise<void> {
    await this.#runLabJob('nearestTokens', request, on, (isRunning) => (this.searching = isRunning));
  }

  /**
   * Applies adapters to the open model in place of those in `adapters`. Resolves after the terminal event, when `adapters` is up
   * to date. Like `nearestTokens` it does not wait: it fails with `busy` while an answer is written, and stops a search or a
   * trace. The request must be plain data.
   */
  async setAdapters(request: SetAdaptersRequest, on: (event: SetAdaptersEvent) => void): Promise<void> {
    const take = (event: SetAdaptersEvent) => {
      if (event.type === 'done') this.#adapters.set(request, event.adapters);
      on(event);
    };
    await this.#runLabJob('setAdapters', request, take, (isRunning) => (this.adapting = isRunning));
  }

  /** Sets the strength of each of `adapters`. Takes effect at the next token, also in an answer that is being written. */
  setStrengths(strengths: readonly number[]): void {
    this.#adapters.setStrengths(strengths);
  }

  /**
   * Writes an answer, or scores a given one, with the probability of each token. Resolves after the terminal event. It fails
   * with `busy` while an answer of the chat is written. A new answer, another trace, `setAdapters`, `open` and `stop` end it
   * with `stopped`. The request must be plain data.
   */
  async trace(request: TraceRequest, on: (event: TraceEvent) => void): Promise<void> {
    await this.#runLabJob('trace', request, on, (isRunning) => (this.tracing = isRunning));
  }

  /**
   * Answers questions of an exam, one after the other. Resolves after the terminal event. It fails with `busy` while an answer of the chat
   * is written; a new answer, another lab job, `open`, `stop` and `pauseExam` end it with `stopped`, and what was answered stays
   * answered. The request must be plain data.
   */
  async exam(request: ExamJobRequest, on: (event: ExamJobEvent) => void): Promise<void> {
    await this.#runLabJob('exam', request, on, (isRunning) => (this.examining = isRunning));
  }

  /** Ends `exam` at the next place where the engine can; without a time limit: a long prompt of a large model takes seconds. */
  async pauseExam(): Promise<void> {
    if (this.examining) await this.#labJob.yield();
  }

  /**
   * Writes an answer that no one asked for. Like a lab job it gives way: an answer of the chat, a lab job, `open` and
   * `endDemonstration` end it with `stopped`, and it fails with `busy` during an answer. The request must be plain data.
   */
  async demonstrate(request: GenerateRequest, on: (event: GenerateEvent) => void): Promise<void> {
    if (this.#labJob.isTaken) return on(failed('busy'));
    await this.#runLabJob('generate', request, on, (isRunning) => (this.demonstrating = isRunning));
  }

  /** Ends `demonstrate` at the next place where the engine can; without a time limit, so that no worker is replaced for it. */
  async endDemonstration(): Promise<void> {
    if (this.demonstrating) await this.#labJob.yield();
  }

  /** Stops the lab job; resolves when it has ended. */
  stopLabJob(): Promise<void> {
    return this.#labJob.stop();
  }

  /** Drops the KV prefix and the image features of the conversation. */
  async forget(): Promise<void> {
    await this.stop();
    if (this.#worker.isRunning) await this.#worker.start('forget', undefined).ended;
  }

  /** Ends the worker and frees the model's memory; running jobs end with `stopped`. `open` starts a new worker. */
  end(): void {
    this.#rebuild.cancel();
    this.#opens++;
    this.#worker.end();
    this.#forgetModel();
  }

  /** Runs a lab job in place of the current one. */
  async #runLabJob<Name extends LabJob>(
    name: Name,
    request: EngineJobs[Name]['request'],
    on: (event: JobEvent<EngineJobs[Name]>) => void,
    mark: (isRunning: boolean) => void,
  ): Promise<void> {
    // If several calls wait here, each stops the one that started before it: the last call remains.
    const opens = this.#opens;
    while (this.#labJob.isTaken || this.#rebuild.isRunning)
      await (this.#labJob.isTaken ? this.#labJob.yield() : this.#rebuild.ended);
    // The model that the job was meant for is being closed.
    if (!this.model || opens !== this.#opens) return on(failed('no-model'));
    if (this.generating) return on(failed('busy'));
    const job = this.#worker.start(name, request, (event: JobEvent<EngineJobs[Name]>) => this.#deliver(event, on));
    await this.#labJob.run(job, mark);
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
    const request = { source: withToken(source), options: { ...options, selfTests: knownSelfTests() } };
    const job = this.#worker.start('open', request, (event) => this.#onOpen(event));
    this.#openJob = job;
    return job.ended;
  }

  #onOpen(event: OpenEvent): void {
    if (event.type === 'progress') {
      if (this.opening) this.opening = advance(this.opening, event, performance.now());
    } else if (event.type === 'notice') this.notices = [...this.notices, event.notice];
    else {
      if (event.type === 'done') keepResult(event.model);
      this.#openJob = undefined;
      this.opening = undefined;
    }
  }

  #takeOpenEnd(end: OpenNotDone): void {
    if (end.type === 'stopped') this.openCancelled = true;
    else this.openFailure = end.failure;
  }

  /** Rebuilds the state of the replaced worker once. Meanwhile `model` is unchanged, and jobs wait. */
  #onRestart(reason: RestartReason): void {
    const { model, source, options } = this;
    if (!model || !source || !options) return;
    if (this.#rebuild.isRunning) {
      this.#rebuild.cancel();
      this.#onRebuildFailed(
        reason === 'stopped' ? { type: 'stopped' } : failed('worker-crashed', { worker: 'engine' }),
      );
      return;
    }
    this.#rebuild.start(model, {
      open: () => this.#load(source, options),
      applyAdapters: () => this.#adapters.applyAgain(),
      onDone: (rebuilt) => this.#onRebuilt(rebuilt),
      onFailed: (end) => this.#onRebuildFailed(end),
    });
  }

  #onRebuilt({ model, hasAdapters }: Rebuilt): void {
    if (!hasAdapters) this.#adapters.clear();
    this.model = model;
    this.reopened = true;
    this.onReopened();
  }

  #onRebuildFailed(end: OpenNotDone): void {
    this.#forgetModel();
    this.#takeOpenEnd(end);
  }

  #afterFailure(failure: Failure): void {
    if (!fatal.includes(failure.code)) return;
    this.#forgetModel();
    this.openFailure = failure;
  }

  #forgetModel(): void {
    this.model = undefined;
    this.#adapters.clear();
    this.stats = undefined;
    this.rates.clear();
  }
}
