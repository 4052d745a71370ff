import type {
  AdapterInfo,
  SetAdaptersEvent,
  SetAdaptersRequest,
  TraceEvent,
  TraceRequest,
} from '#core/protocol/adapters.ts';
import type {
  GenerateEvent,
  GenerateRequest,
  JobId,
  ModelInfo,
  OpenEvent,
  OpenOptions,
  PackageSource,
  Stats,
  StoreNotice,
} from '#core/protocol/engine.ts';
import type { Failure, FailureCode } from '#core/failure.ts';
import type { NearestEvent, NearestRequest } from '#core/protocol/nearest.ts';
import { EngineWorker } from './engine-worker.ts';
import { advance, startOpening, type Opening } from './opening.ts';
import { RateHistory } from './rate-history.svelte.ts';

/** After these the runtime in the worker cannot be trusted. */
const fatal: readonly FailureCode[] = ['runtime', 'device-lost', 'out-of-memory'];

/** An open that does not heed Stop (a shader compiling) loses its worker after this long. */
const cancelMilliseconds = 3000;

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
  /** What `reopen` opens; kept also when it failed. */
  source = $state.raw<PackageSource>();
  options = $state.raw<OpenOptions>();
  readonly rates = new RateHistory();

  #openJob: JobId | undefined;
  #generateJob: JobId | undefined;
  #running: Promise<void> = Promise.resolve();
  /** What the labs ask for beside answers: one at a time, and never while an answer is written. */
  #labJob: JobId | undefined;
  #labJobEnded: Promise<void> = Promise.resolve();
  readonly #link = new EngineWorker((stats) => {
    this.stats = stats;
    this.pageHeap = performance.memory?.usedJSHeapSize;
    this.rates.add(stats);
  });

  /** Opens a package; the one before is closed. Resolves with true when a model is ready. */
  async open(source: PackageSource, options: OpenOptions): Promise<boolean> {
    if (this.#openJob) await this.cancelOpen();
    await this.stop();
    if (this.openFailure && fatal.includes(this.openFailure.code)) this.#link.discard(this.openFailure);
    this.source = source;
    this.options = options;
    this.model = undefined;
    this.adapters = [];
    this.stats = undefined;
    this.openFailure = undefined;
    this.openCancelled = false;
    this.notices = [];
    this.rates.clear();
    this.opening = startOpening(nameOf(source));
    const job = this.#link.newJob();
    this.#openJob = job;
    await this.#link.run<OpenEvent>(
      job,
      (api, on) => api.open(job, source, options, on),
      (event) => this.#onOpen(event),
    );
    return this.model !== undefined;
  }

  #onOpen(event: OpenEvent): void {
    if (event.type === 'progress') {
      if (this.opening) this.opening = advance(this.opening, event, performance.now());
      return;
    }
    if (event.type === 'notice') {
      this.notices = [...this.notices, event.notice];
      return;
    }
    this.#openJob = undefined;
    this.opening = undefined;
    if (event.type === 'done') this.model = event.model;
    else if (event.type === 'stopped') this.openCancelled = true;
    else this.openFailure = event.failure;
  }

  /** Resolves when the open has ended, by itself or with its worker. */
  async cancelOpen(): Promise<void> {
    const job = this.#openJob;
    if (!job || !this.opening) return;
    this.opening = { ...this.opening, cancelling: true };
    this.#link.stop(job);
    const deadline = performance.now() + cancelMilliseconds;
    while (this.#openJob === job && performance.now() < deadline) await new Promise((next) => setTimeout(next, 50));
    if (this.#openJob !== job) return;
    this.#onOpen({ type: 'stopped' });
    this.#link.discard({ code: 'runtime', detail: { reason: 'cancelled' } });
  }

  /**
   * Answers a conversation; one at a time. Resolves after the terminal event. The request must be plain data: a
   * proxy of `$state` cannot be cloned into the worker.
   */
  async generate(request: GenerateRequest, on: (event: GenerateEvent) => void): Promise<void> {
    if (!this.model) return on({ type: 'failed', failure: { code: 'no-model', detail: {} } });
    const job = this.#link.newJob();
    this.#generateJob = job;
    this.generating = true;
    this.rates.clear();
    const run = () =>
      this.#link.run<GenerateEvent>(
        job,
        (api, deliver) => api.generate(job, request, deliver),
        (event) => {
          if (event.type === 'failed') this.#afterFailure(event.failure);
          on(event);
        },
      );
    // The engine does one thing at a time, and an answer is more urgent than what the labs ask for.
    this.#running = this.#labJob ? this.#stopLabJob().then(run) : run();
    await this.#running;
    this.generating = false;
    this.#generateJob = undefined;
  }

  /** Resolves when the answer, and what the labs asked for, have ended. */
  async stop(): Promise<void> {
    await this.#stopLabJob();
    if (this.#generateJob) this.#link.stop(this.#generateJob);
    await this.#running;
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
   * An answer that begins, another search or job of a lab, `open` and `stopSearch` end it with `stopped`. The request must be plain data.
   */
  async nearestTokens(request: NearestRequest, on: (event: NearestEvent) => void): Promise<void> {
    const start = (job: JobId) =>
      this.#link.run<NearestEvent>(job, (api, deliver) => api.nearestTokens(job, request, deliver), on);
    await this.#runLabJob(start, on, (isRunning) => (this.searching = isRunning));
  }

  /** Resolves when no search runs, and nothing else that the labs asked for. */
  async stopSearch(): Promise<void> {
    await this.#stopLabJob();
  }

  /**
   * Puts adapters beside the open model's weights, in place of those in `adapters`. Resolves after the terminal event; `adapters`
   * is up to date by then. Waits for nobody: like `nearestTokens` it fails with `busy` while an answer is written, and ends a
   * search or a trace. The request must be plain data.
   */
  async setAdapters(request: SetAdaptersRequest, on: (event: SetAdaptersEvent) => void): Promise<void> {
    const start = (job: JobId) =>
      this.#link.run<SetAdaptersEvent>(
        job,
        (api, deliver) => api.setAdapters(job, request, deliver),
        (event) => {
          if (event.type === 'done') this.adapters = event.adapters;
          if (event.type === 'failed') this.#afterFailure(event.failure);
          on(event);
        },
      );
    await this.#runLabJob(start, on, (isRunning) => (this.adapting = isRunning));
  }

  /** How much of each of `adapters`, from the next token on, also of an answer that is being written. */
  setStrengths(strengths: readonly number[]): void {
    this.#link.setStrengths([...strengths]);
  }

  /**
   * Writes an answer, or scores a given one, with the probability of each token. Resolves after the terminal event. It fails
   * with `busy` while an answer of the chat is written; one that begins ends it with `stopped`, and so do another trace,
   * `setAdapters`, `open` and `stop`. The request must be plain data.
   */
  async trace(request: TraceRequest, on: (event: TraceEvent) => void): Promise<void> {
    const start = (job: JobId) =>
      this.#link.run<TraceEvent>(
        job,
        (api, deliver) => api.trace(job, request, deliver),
        (event) => {
          if (event.type === 'failed') this.#afterFailure(event.failure);
          on(event);
        },
      );
    await this.#runLabJob(start, on, (isRunning) => (this.tracing = isRunning));
  }

  /** Runs a job beside answers, in place of the one that runs now. */
  async #runLabJob(
    start: (job: JobId) => Promise<void>,
    on: (event: { type: 'failed'; failure: Failure }) => void,
    mark: (isRunning: boolean) => void,
  ): Promise<void> {
    // Of several that wait here each stops the one that went on before it: the last call is the one that stays.
    while (this.#labJob) await this.#stopLabJob();
    if (!this.model) return on({ type: 'failed', failure: { code: 'no-model', detail: {} } });
    if (this.generating) return on({ type: 'failed', failure: { code: 'busy', detail: {} } });
    const job = this.#link.newJob();
    this.#labJob = job;
    mark(true);
    this.#labJobEnded = start(job).finally(() => {
      mark(false);
      this.#labJob = undefined;
    });
    await this.#labJobEnded;
  }

  /** Resolves when nothing runs beside answers. What cannot be stopped half-way, the change of adapters, is waited for. */
  async #stopLabJob(): Promise<void> {
    if (this.#labJob) this.#link.stop(this.#labJob);
    await this.#labJobEnded;
  }

  /** Drops the KV prefix and the image features of the conversation. */
  async forget(): Promise<void> {
    await this.stop();
    await this.#link.forget();
  }

  /** Ends the worker, and the model's memory with it; what runs fails with `runtime`. `open` starts afresh. */
  end(): void {
    const failure: Failure = { code: 'runtime', detail: { reason: 'ended' } };
    this.#link.discard(failure);
    this.#afterFailure(failure);
  }

  #afterFailure(failure: Failure): void {
    if (!fatal.includes(failure.code)) return;
    this.model = undefined;
    this.adapters = [];
    this.stats = undefined;
    this.rates.clear();
    this.openFailure = failure;
  }
}

function nameOf(source: PackageSource): string {
  if (source.type === 'files') return source.name;
  const { host, pathname } = new URL(source.url);
  const parts = pathname.split('/').filter(Boolean);
  return host === 'huggingface.co' ? parts.slice(0, 2).join('/') : (parts.at(-1) ?? host);
}
