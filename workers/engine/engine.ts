/** The engine worker's side of the contract: one model, one job at a time, state from turn to turn. */
import type { SetAdaptersEvent, SetAdaptersRequest, TraceEvent, TraceRequest } from '#core/protocol/adapters.ts';
import type {
  EngineApi,
  GenerateEvent,
  GenerateRequest,
  JobId,
  Listener,
  OpenEvent,
  OpenOptions,
  PackageSource,
  Stats,
  StoreNotice,
} from '#core/protocol/engine.ts';
import { FailureError, type Failure } from '#core/failure.ts';
import type { NearestEvent, NearestRequest } from '#core/protocol/nearest.ts';
import { readPreprocessor, type Preprocessor } from '#core/image/preprocessor.ts';
import { boundReader } from '../store/bound.ts';
import { openPackage } from '../store/package.ts';
import { readJson } from '../store/reader.ts';
import { loadChat, type Chat } from './chat/chat.ts';
import { findNearest } from './embedding/nearest.ts';
import { failureOf } from './failures.ts';
import { emptyPrompt, forgetPrefix, type PrefixCache } from './generation/prefix-cache.ts';
import { ImageCache } from './generation/image-cache.ts';
import { TurnMeter } from './generation/meter.ts';
import { answerText } from './generation/token-text.ts';
import { runTrace } from './generation/trace.ts';
import { runTurn } from './generation/turn.ts';
import { DecoderGoneError } from './lora/failure.ts';
import { setAdapters } from './lora/set.ts';
import { Backends, type Backend } from './model/backend.ts';
import { loadModel, type LoadedModel } from './model/load.ts';
import { readPackage } from './model/package.ts';
import { memoryStats } from './runtime/memory.ts';
import { timed } from './runtime/timed.ts';

/** Four times a second and a little more. */
const statsMilliseconds = 200;
const progressMilliseconds = 50;

interface Opened {
  model: LoadedModel;
  chat: Chat;
  preprocessor: Preprocessor | undefined;
  prefix: PrefixCache;
}

type FailedEvent = { type: 'failed'; failure: Failure };

export class Engine implements EngineApi {
  #opened: Opened | undefined;
  readonly #backends = new Backends();
  /** Of the package that is open or opening. */
  #backend: Backend | undefined;
  #job: { id: JobId; abort: AbortController } | undefined;
  #meter: TurnMeter | undefined;
  #onStats: Listener<Stats> | undefined;

  async open(job: JobId, source: PackageSource, options: OpenOptions, on: Listener<OpenEvent>): Promise<void> {
    const onStop = (): OpenEvent => ({ type: 'stopped' });
    await this.#run<OpenEvent>(job, on, onStop, async (signal) => {
      const begin = performance.now();
      await this.close();
      const progress = downloadProgress(on);
      const notice = (found: StoreNotice) => void on({ type: 'notice', notice: found });
      const opened = await timed('manifest', () => openPackage(source, { signal, progress, notice }));
      const reader = boundReader(opened, { signal, progress });
      // The runtime's WebAssembly, megabytes, is fetched only where there is a package to run.
      await reader.blob('config.json');
      // It is compiled while the rest of the package comes. A failure is handled where `starting` is awaited.
      const starting = timed('backend', () => this.#backends.open(options.provider));
      starting.catch(() => undefined);
      const pack = await timed('package', () => readPackage(reader));
      const chat = await timed('chat', () => loadChat(reader, pack.config.vision?.tokensPerImage ?? 0));
      const preprocessor = pack.vision
        ? readPreprocessor(await readJson(reader, 'preprocessor_config.json'))
        : undefined;
      this.#backend = await starting;
      const model = await this.#load(pack, this.#backend, options, signal, (event) => void on(event));
      const prefix = { cached: emptyPrompt, isStale: false, images: new ImageCache() };
      this.#opened = { model, chat, preprocessor, prefix };
      return { type: 'done', model: model.info, milliseconds: performance.now() - begin };
    });
  }

  async generate(job: JobId, request: GenerateRequest, on: Listener<GenerateEvent>): Promise<void> {
    const meter = new TurnMeter();
    const onStop = (): GenerateEvent => ({ type: 'stopped', turn: meter.stats() });
    await this.#run<GenerateEvent>(job, on, onStop, async (signal) => {
      const opened = this.#model();
      this.#meter = meter;
      const reason = await runTurn({ ...opened, request, signal, meter, emit: (event) => void on(event) });
      return reason === 'stopped' ? onStop() : { type: 'done', reason, turn: meter.stats() };
    });
  }

  async nearestTokens(job: JobId, request: NearestRequest, on: Listener<NearestEvent>): Promise<void> {
    const onStop = (): NearestEvent => ({ type: 'stopped' });
    await this.#run<NearestEvent>(job, on, onStop, async (signal) => {
      const { model, chat } = this.#model();
      const tokens = await findNearest(model.package, chat.tokenizer, request, signal, (event) => void on(event));
      return { type: 'done', tokens };
    });
  }

  async setAdapters(job: JobId, request: SetAdaptersRequest, on: Listener<SetAdaptersEvent>): Promise<void> {
    const onStop = (): SetAdaptersEvent => ({ type: 'stopped' });
    await this.#run<SetAdaptersEvent>(job, on, onStop, async (signal) => {
      const { model, prefix } = this.#model();
      const progress = (doneBytes: number, totalBytes: number) => void on({ type: 'progress', doneBytes, totalBytes });
      try {
        return { type: 'done', adapters: await setAdapters(model, prefix, request, signal, progress) };
      } catch (error) {
        if (error instanceof DecoderGoneError) await this.close().catch(() => undefined);
        // A stop that came too late to be heeded is none: what failed is told.
        if (error instanceof FailureError) return { type: 'failed', failure: failureOf(error) };
        throw error;
      }
    });
  }

  setStrengths(strengths: readonly number[]): void {
    const opened = this.#opened;
    if (opened?.model.adapters.setStrengths(strengths)) opened.prefix.isStale = true;
  }

  async trace(job: JobId, request: TraceRequest, on: Listener<TraceEvent>): Promise<void> {
    const onStop = (): TraceEvent => ({ type: 'stopped' });
    await this.#run<TraceEvent>(job, on, onStop, async (signal) => {
      const opened = this.#model();
      const meter = new TurnMeter();
      const emit = (event: TraceEvent) => void on(event);
      const { reason, ids } = await opened.model.adapters.during(request.strengths, () =>
        runTrace({ ...opened, request, signal, meter, emit }),
      );
      if (reason === 'stopped') return onStop();
      const { decodeTokensPerSecond } = meter.stats();
      return { type: 'done', reason, text: answerText(opened.chat.tokenizer, ids), decodeTokensPerSecond };
    });
  }

  stop(job: JobId): void {
    if (this.#job?.id === job) this.#job.abort.abort();
  }

  watch(on: Listener<Stats>): void {
    this.#onStats = on;
    this.#sendStats();
  }

  async forget(): Promise<void> {
    const opened = this.#opened;
    if (!opened || this.#job) return;
    forgetPrefix(opened.model.decoder, opened.prefix);
    opened.prefix.images.clear();
    opened.chat.forget();
    this.#meter = undefined;
    this.#sendStats();
    return Promise.resolve();
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    this.#meter = undefined;
    opened?.prefix.images.clear();
    await opened?.model.dispose();
    this.#sendStats();
  }

  #model(): Opened {
    if (!this.#opened) throw new FailureError('no-model');
    return this.#opened;
  }

  /** Runs one job to exactly one terminal event. */
  async #run<Event>(
    id: JobId,
    on: Listener<Event | FailedEvent>,
    onStop: () => Event,
    work: (signal: AbortSignal) => Promise<Event>,
  ): Promise<void> {
    if (this.#job) {
      await on({ type: 'failed', failure: { code: 'busy', detail: {} } });
      return;
    }
    const abort = new AbortController();
    this.#job = { id, abort };
    const timer = setInterval(() => this.#sendStats(), statsMilliseconds);
    let end: Event | FailedEvent;
    try {
      end = await work(abort.signal);
    } catch (error) {
      end = abort.signal.aborted ? onStop() : { type: 'failed', failure: failureOf(error) };
    } finally {
      clearInterval(timer);
      this.#job = undefined;
      this.#sendStats();
    }
    await on(end);
  }

  /** What is too large for the CPU, but was to run there only because its GPU is imitated, runs on that. */
  async #load(...[pack, backend, options, signal, onProgress]: Parameters<typeof loadModel>): Promise<LoadedModel> {
    try {
      return await loadModel(pack, backend, options, signal, onProgress);
    } catch (error) {
      const isTooLarge = error instanceof FailureError && error.code === 'too-large-for-cpu';
      if (!isTooLarge || backend.info.cpuReason !== 'software-adapter') throw error;
      this.#backend = await this.#backends.open('webgpu');
      return loadModel(pack, this.#backend, options, signal, onProgress);
    }
  }

  #sendStats(): void {
    if (!this.#onStats || !this.#backend) return;
    const backend = this.#backend;
    void this.#onStats({
      time: performance.now(),
      turn: this.#meter?.stats(),
      contextUsed: this.#opened?.model.decoder.length ?? 0,
      contextLength: this.#opened?.model.info.contextLength ?? 0,
      memory: memoryStats(backend.runtime, backend.gpu?.ledger),
    });
  }
}

/** A network delivers pieces by the thousand; the page wants a few events a second, and the last one. */
function downloadProgress(on: Listener<OpenEvent>) {
  let last = 0;
  return (file: string, doneBytes: number, totalBytes: number | undefined) => {
    const now = performance.now();
    if (now - last < progressMilliseconds && doneBytes !== totalBytes) return;
    last = now;
    void on({ type: 'progress', phase: 'download', file, doneBytes, totalBytes: totalBytes ?? 0 });
  };
}
