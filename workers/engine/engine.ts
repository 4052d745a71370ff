/** The jobs of the engine worker. It holds one model, runs one job on it at a time, and keeps state between turns. */
import { FailureError } from '#core/failure.ts';
import type { EndReason, EngineJobs, ModelInfo, OpenNotice, OpenOptions, OpenRequest } from '#core/protocol/engine.ts';
import type { EnginePhase, TurnStats } from '#core/protocol/stats.ts';
import { decodeImage } from '../image/decode.ts';
import type { Handlers } from '../jobs/serve.ts';
import type { RunningJob } from '../jobs/running-job.ts';
import { boundReader } from '../store/bound.ts';
import { namingDamage } from '../store/damage.ts';
import { openPackage } from '../store/package.ts';
import { requireSecureContext } from '../store/sha256.ts';
import { findNearest } from './embedding/nearest.ts';
import type { DecodeEnd } from './generation/decode.ts';
import { forgetPrefix } from './generation/prefix-cache.ts';
import { TurnMeter } from './generation/meter.ts';
import { answerText } from './generation/token-text.ts';
import { runTrace } from './generation/trace.ts';
import { runExam } from './generation/exam-job.ts';
import { runTurn } from './generation/turn.ts';
import { DecoderGoneError } from './lora/failure.ts';
import { setAdapters } from './lora/set.ts';
import type { Backend } from './model/backend.ts';
import { checkSizeAhead } from './model/checks.ts';
import { fetchAhead } from './model/fetch-ahead.ts';
import { loadModel, type LoadedModel } from './model/load.ts';
import type { ModelPackage } from './model/package.ts';
import { memoryPlan } from './model/memory-plan.ts';
import { refuseUnacceptedTerms } from './model/terms.ts';
import { openedModel, readParts, type OpenedModel } from './opened.ts';
import { phaseAfter } from './phase.ts';
import { Backends } from './runtime/backends.ts';
import { timed } from './runtime/timed.ts';
import { recordSelfTest } from './self-test/record.ts';
import { checkModel, refuseKnownWrong } from './self-test/check.ts';
import { StatsWatch } from './stats-watch.ts';

/** Longer than any prompt of the test. */
const SELF_TEST_CONTEXT = 1024;

type Running<Name extends keyof EngineJobs> = RunningJob<EngineJobs[Name]>;
type Result<Name extends keyof EngineJobs> = EngineJobs[Name]['result'];

export class Engine {
  #opened: OpenedModel | undefined;
  readonly #backends = new Backends();
  /** Backend of the package that is open or opening. */
  #backend: Backend | undefined;
  #isRunning = false;
  #meter: TurnMeter | undefined;
  readonly #stats = new StatsWatch(() => ({
    backend: this.#backend,
    model: this.#opened?.model,
    turn: this.#meter?.stats(),
  }));

  readonly handlers: Handlers<EngineJobs> = {
    open: { mode: 'exclusive', run: (request, job) => this.#during(() => this.#open(request, job), 'load') },
    generate: { mode: 'exclusive', run: (request, job) => this.#during(() => this.#generate(request, job), 'prefill') },
    nearestTokens: { mode: 'exclusive', run: (request, job) => this.#during(() => this.#nearestTokens(request, job)) },
    setAdapters: {
      mode: 'exclusive',
      run: (request, job) => this.#during(() => this.#setAdapters(request, job), 'adapters'),
    },
    trace: { mode: 'exclusive', run: (request, job) => this.#during(() => this.#trace(request, job), 'prefill') },
    exam: { mode: 'exclusive', run: (request, job) => this.#during(() => this.#exam(request, job), 'prefill') },
    setStrengths: { mode: 'concurrent', run: (strengths) => this.#setStrengths(strengths) },
    recordSelfTest: {
      mode: 'exclusive',
      run: (request, job) => this.#during(() => this.#recordSelfTest(request, job)),
    },
    watch: { mode: 'concurrent', run: (_, job) => this.#stats.start(job) },
    forget: { mode: 'concurrent', run: () => this.#forget() },
  };

  async #open({ source, options }: OpenRequest, job: Running<'open'>): Promise<Result<'open'>> {
    const begin = performance.now();
    requireSecureContext();
    const { signal } = job;
    this.#backends.look(options.provider);
    await this.#close();
    // Figures of the device before would be taken for those of the package that is opening.
    this.#backend = undefined;
    const progress = (file: string, doneBytes: number, totalBytes = 0) =>
      job.progress({ type: 'progress', phase: 'download', file, doneBytes, totalBytes }, `download ${file}`);
    const notice = (found: OpenNotice['notice']) => job.emit({ type: 'notice', notice: found });
    // The runtime is compiled while the package is read. A failure is handled where its promise is awaited.
    let starting: Promise<Backend> | undefined;
    const start = () => {
      starting ??= timed('backend', () => this.#backends.open(options));
      starting.catch(() => undefined);
      return starting;
    };
    const opened = await timed('manifest', () =>
      openPackage(source, { signal, progress, notice, onKept: () => void start() }),
    );
    const reader = boundReader(opened, { signal, progress });
    // Unless an earlier visit kept the package: that it exists is checked before megabytes of WebAssembly are fetched.
    await reader.blob('config.json');
    if (options.asksForTerms) await refuseUnacceptedTerms(reader);
    void start();
    const parts = await namingDamage(source, signal, () => readParts(reader));
    await checkSizeAhead(parts.pack, start);
    await timed('download', () => fetchAhead(parts.pack));
    this.#backend = await start();
    refuseKnownWrong(parts.pack, this.#backend, options);
    const backend = this.#backend;
    const { model, info } = await namingDamage(source, signal, () =>
      this.#loadChecked(parts.pack, backend, options, job),
    );
    this.#opened = openedModel(parts, model, decodeImage);
    return { model: info, milliseconds: performance.now() - begin };
  }

  async #generate(request: EngineJobs['generate']['request'], job: Running<'generate'>): Promise<Result<'generate'>> {
    const meter = new TurnMeter();
    job.reached = (): { turn: TurnStats } => ({ turn: meter.stats() });
    const opened = this.#model();
    this.#meter = meter;
    const { signal } = job;
    const emit = (update: EngineJobs['generate']['update']) => {
      job.emit(update);
      this.#stats.enter(phaseAfter(update));
    };
    const reason = await runTurn({ ...opened, request, signal, meter, emit });
    return { reason: ended(reason, signal), turn: meter.stats() };
  }

  async #nearestTokens(
    request: EngineJobs['nearestTokens']['request'],
    job: Running<'nearestTokens'>,
  ): Promise<Result<'nearestTokens'>> {
    const { model, chat } = this.#model();
    const progress = (done: number, total: number) => job.progress({ type: 'progress', done, total });
    return { tokens: await findNearest(model.package, chat.tokenizer, request, job.signal, progress) };
  }

  async #setAdapters(
    request: EngineJobs['setAdapters']['request'],
    job: Running<'setAdapters'>,
  ): Promise<Result<'setAdapters'>> {
    const { model, prefix } = this.#model();
    const progress = (doneBytes: number, totalBytes: number) =>
      job.progress({ type: 'progress', doneBytes, totalBytes });
    try {
      const adapters = await setAdapters(model, prefix, request, job.signal, progress);
      this.#stats.applied(model.adapters.planned);
      return { adapters };
    } catch (error) {
      if (error instanceof DecoderGoneError) await this.#close().catch(() => undefined);
      throw error;
    }
  }

  async #recordSelfTest(
    { source }: EngineJobs['recordSelfTest']['request'],
    { signal }: Running<'recordSelfTest'>,
  ): Promise<Result<'recordSelfTest'>> {
    await this.#close();
    const { pack, chat } = await readParts(boundReader(await openPackage(source, { signal }), { signal }));
    this.#backend = await this.#backends.open({ provider: 'wasm' });
    const options = { provider: 'wasm', contextLength: SELF_TEST_CONTEXT } as const;
    const model = await loadModel(pack, this.#backend, options, signal, () => undefined);
    try {
      return { selfTest: await recordSelfTest(model, chat, signal) };
    } finally {
      await model.dispose();
    }
  }

  #setStrengths(strengths: readonly number[]): Result<'setStrengths'> {
    const opened = this.#opened;
    if (opened?.model.adapters.setStrengths(strengths)) opened.prefix.isStale = true;
    return {};
  }

  async #trace(request: EngineJobs['trace']['request'], job: Running<'trace'>): Promise<Result<'trace'>> {
    const opened = this.#model();
    const meter = new TurnMeter();
    const { signal } = job;
    const emit = (update: EngineJobs['trace']['update']) => {
      job.emit(update);
      this.#stats.enter(phaseAfter(update));
    };
    const { reason, ids } = await opened.model.adapters.during(request.strengths, () =>
      runTrace({ ...opened, request, signal, meter, emit }),
    );
    const { decodeTokensPerSecond } = meter.stats();
    return { reason: ended(reason, signal), text: answerText(opened.chat.tokenizer, ids), decodeTokensPerSecond };
  }

  async #exam(request: EngineJobs['exam']['request'], job: Running<'exam'>): Promise<Result<'exam'>> {
    const opened = this.#model();
    const { signal } = job;
    // What stands in the cache may have been computed at other strengths.
    forgetPrefix(opened.model.decoder, opened.prefix);
    const run = () =>
      runExam(opened, request, {
        signal,
        emit: (update) => job.emit(update),
        progress: (update) => job.progress(update),
      });
    try {
      const answered = await opened.model.adapters.during(request.strengths, run);
      signal.throwIfAborted();
      return { answered };
    } finally {
      forgetPrefix(opened.model.decoder, opened.prefix);
    }
  }

  #forget(): Result<'forget'> {
    const opened = this.#opened;
    if (!opened || this.#isRunning) return {};
    forgetPrefix(opened.model.decoder, opened.prefix);
    opened.prefix.images.clear();
    opened.chat.forget();
    this.#meter = undefined;
    this.#stats.send();
    return {};
  }

  async #close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    this.#meter = undefined;
    this.#stats.opening(() => undefined);
    opened?.prefix.images.clear();
    await opened?.model.dispose();
    this.#stats.send();
  }

  #model(): OpenedModel {
    if (!this.#opened) throw new FailureError('no-model');
    return this.#opened;
  }

  async #during<Value>(work: () => Promise<Value>, phase?: EnginePhase): Promise<Value> {
    this.#isRunning = true;
    try {
      return await this.#stats.during(work, phase);
    } finally {
      this.#isRunning = false;
    }
  }

  /** @throws FailureError also `self-test`; nothing is left on the device then */
  async #loadChecked(
    pack: ModelPackage,
    backend: Backend,
    options: OpenOptions,
    job: Running<'open'>,
  ): Promise<{ model: LoadedModel; info: ModelInfo }> {
    const { signal } = job;
    const model = await this.#load(pack, backend, options, signal, (update) =>
      job.progress(update, `${update.phase} ${update.file}`),
    );
    try {
      return { model, info: await timed('self-test', () => checkModel(model, options, signal)) };
    } catch (error) {
      // On a lost device that fails too; the first error is reported.
      await model.dispose().catch(() => undefined);
      throw error;
    }
  }

  /** Loads on the software GPU if the model is too large for the CPU, which was chosen only because the GPU is a software one. */
  async #load(
    pack: ModelPackage,
    backend: Backend,
    options: OpenOptions,
    signal: AbortSignal,
    onProgress: Parameters<typeof loadModel>[4],
  ): Promise<LoadedModel> {
    const plan = (on: Backend) => this.#stats.opening((branches) => memoryPlan(pack, on, options, branches));
    plan(backend);
    try {
      return await loadModel(pack, backend, options, signal, onProgress);
    } catch (error) {
      const isTooLarge = error instanceof FailureError && error.code === 'too-large-for-cpu';
      if (!isTooLarge || backend.info.cpuReason !== 'software-adapter') throw error;
      this.#backend = await this.#backends.open({ ...options, provider: 'webgpu' });
      plan(this.#backend);
      return loadModel(pack, this.#backend, options, signal, onProgress);
    }
  }
}

/** @throws the signal's reason where the job was stopped */
function ended(reason: DecodeEnd, signal: AbortSignal): EndReason {
  if (reason !== 'stopped') return reason;
  signal.throwIfAborted();
  throw new TypeError('stopped without a signal');
}
