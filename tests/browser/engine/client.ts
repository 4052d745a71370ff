/** The real engine worker behind the page's client of workers, and what comes out of it. */
import type { MemoryPlan } from '#core/budget/memory-plan.ts';
import type { ChatMessage } from '#core/chat/message.ts';
import type { Failure } from '#core/failure.ts';
import type {
  SetAdaptersEvent,
  SetAdaptersRequest,
  TracedToken,
  TraceEvent,
  TraceRequest,
} from '#core/protocol/adapters.ts';
import type {
  EngineJobs,
  GenerateEvent,
  ModelInfo,
  OpenEvent,
  OpenOptions,
  PackageSource,
} from '#core/protocol/engine.ts';
import type { Stats, TurnStats } from '#core/protocol/stats.ts';
import { isEnd, type JobEnd, type JobEvent } from '#core/protocol/jobs.ts';
import type { NearestEvent, NearestRequest } from '#core/protocol/nearest.ts';
import type { Sampling } from '#core/sampling/sampling.ts';
import { WorkerClient } from '../../../src/workers/worker-client.ts';
import { provider } from '../provided.ts';
import { packageUrl } from './model.ts';

export const greedy: Sampling = { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1, seed: 0 };

type Terminal<Event extends { type: string }> = Extract<Event, { type: 'done' | 'stopped' | 'failed' }>;

/** One job: all of its events, when they came (performance.now()), and what the last of them says. */
export interface Job<Event extends { type: string }> {
  events: Event[];
  times: number[];
  /** The first terminal event; a second one would show in `events`. */
  end: Terminal<Event>;
  /** From the call to the terminal event. */
  milliseconds: number;
}

export interface Answer extends Job<GenerateEvent> {
  text: string;
  ids: number[];
}

export interface Trace extends Job<TraceEvent> {
  tokens: TracedToken[];
}

export interface AskOptions extends Partial<Sampling> {
  maxNewTokens?: number;
  tokensPerSecond?: number;
  /** Called at every event, with a function that stops the job. */
  onEvent?: (event: GenerateEvent, stop: () => void) => void;
}

function engineWorker(): WorkerClient<EngineJobs> {
  return new WorkerClient<EngineJobs>({
    name: 'engine',
    create: () => new Worker(new URL('../../../workers/engine.worker.ts', import.meta.url), { type: 'module' }),
  });
}

/** A worker of its own; `worker` for tests that start it from another script. */
export class EngineClient {
  readonly worker: WorkerClient<EngineJobs>;
  readonly stats: Stats[] = [];
  /** What the planner said last of the open package. */
  plan: MemoryPlan | undefined;
  /** Asks the job that was started last to stop, and waits for as long as it takes. */
  stopLast: () => void = () => {};

  constructor(worker = engineWorker()) {
    this.worker = worker;
    worker.start('watch', undefined, (event) => {
      if (event.type === 'stats') this.stats.push(event.stats);
      if (event.type === 'planned') this.plan = event.plan;
    });
  }

  terminate(): void {
    this.worker.end();
  }

  async forget(): Promise<void> {
    await this.worker.ask('forget', undefined);
  }

  setStrengths(strengths: readonly number[]): void {
    this.worker.start('setStrengths', strengths);
  }

  /** A package of tests/packages by its name, or any other. */
  async open(
    source: string | PackageSource,
    options: Partial<OpenOptions> = {},
    onEvent?: (event: OpenEvent, stop: () => void) => void,
  ): Promise<Job<OpenEvent>> {
    const from: PackageSource = typeof source === 'string' ? { type: 'url', url: packageUrl(source) } : source;
    const request = { source: from, options: { contextLength: 1024, provider, ...options } };
    return this.#run('open', request, onEvent);
  }

  /** Opens and fails the test where that fails. */
  async model(source: string | PackageSource, options: Partial<OpenOptions> = {}): Promise<ModelInfo> {
    const { end } = await this.open(source, options);
    if (end.type !== 'done') throw new Error(`not opened: ${JSON.stringify(end)}`);
    return end.model;
  }

  async ask(messages: readonly ChatMessage[] | string, options: AskOptions = {}): Promise<Answer> {
    const { maxNewTokens = 16, tokensPerSecond, onEvent, ...sampling } = options;
    const request = {
      messages: typeof messages === 'string' ? [user(messages)] : messages,
      sampling: { ...greedy, ...sampling },
      maxNewTokens,
      tokensPerSecond,
    };
    const job = await this.#run('generate', request, onEvent);
    const tokens = job.events.filter((event) => event.type === 'token');
    return {
      ...job,
      text: tokens.map(({ text }) => text).join(''),
      ids: tokens.flatMap(({ ids }) => ids),
    };
  }

  async nearest(
    request: NearestRequest,
    onEvent?: (event: NearestEvent, stop: () => void) => void,
  ): Promise<Job<NearestEvent>> {
    return this.#run('nearestTokens', request, onEvent);
  }

  async setAdapters(
    request: SetAdaptersRequest,
    onEvent?: (event: SetAdaptersEvent, stop: () => void) => void,
  ): Promise<Job<SetAdaptersEvent>> {
    return this.#run('setAdapters', request, onEvent);
  }

  /** Greedy, all defaults but what is given. */
  async trace(
    messages: readonly ChatMessage[] | string,
    options: Partial<TraceRequest> = {},
    onEvent?: (event: TraceEvent, stop: () => void) => void,
  ): Promise<Trace> {
    const request: TraceRequest = {
      messages: typeof messages === 'string' ? [user(messages)] : messages,
      sampling: greedy,
      maxNewTokens: 16,
      strengths: undefined,
      forced: undefined,
      alternatives: 0,
      logits: false,
      ...options,
    };
    const job = await this.#run('trace', request, onEvent);
    return { ...job, tokens: job.events.flatMap((event) => (event.type === 'token' ? [event.token] : [])) };
  }

  async #run<Name extends keyof EngineJobs>(
    name: Name,
    request: EngineJobs[Name]['request'],
    onEvent?: (event: JobEvent<EngineJobs[Name]>, stop: () => void) => void,
  ): Promise<Ran<Name>> {
    const events: JobEvent<EngineJobs[Name]>[] = [];
    const times: number[] = [];
    const begin = performance.now();
    const job = this.worker.start(name, request, (event: JobEvent<EngineJobs[Name]>) => {
      events.push(event);
      times.push(performance.now());
      onEvent?.(event, stop);
    });
    const stop = () => job.yield();
    this.stopLast = stop;
    await job.ended;
    const end = events.find((event) => isEnd<EngineJobs[Name]>(event));
    if (!end) throw new Error('the job ended without its last event');
    return { events, times, end, milliseconds: performance.now() - begin };
  }
}

interface Ran<Name extends keyof EngineJobs> {
  events: JobEvent<EngineJobs[Name]>[];
  times: number[];
  end: JobEnd<EngineJobs[Name]>;
  milliseconds: number;
}

export function user(text: string, ...images: Blob[]): ChatMessage {
  const pictures = images.map((image, i) => ({ type: 'image' as const, name: `image-${i}`, image }));
  return { role: 'user', content: [...pictures, { type: 'text', text }] };
}

export function said(role: 'system' | 'assistant', text: string): ChatMessage {
  return { role, content: [{ type: 'text', text }] };
}

/** @throws Error where the answer failed */
export function turnOf({ end }: Answer): TurnStats {
  if (end.type === 'failed' || !end.turn) throw new Error(JSON.stringify(end));
  return end.turn;
}

/** Tokens of the prompt, computed or found in the cache. */
export function promptLength(answer: Answer): number {
  const { prefillTokens, cachedTokens } = turnOf(answer);
  return prefillTokens + cachedTokens;
}

export function failureOf<Event extends { type: string; failure?: Failure }>({ end }: Job<Event>): Failure | undefined {
  return end.failure;
}

/** A picture that a canvas drew: `hue` in degrees tells one from another. */
export async function picture(type: 'image/png' | 'image/jpeg' | 'image/webp', hue: number): Promise<Blob> {
  const canvas = new OffscreenCanvas(160, 120);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('no 2d context');
  const gradient = context.createLinearGradient(0, 0, 160, 120);
  gradient.addColorStop(0, `hsl(${hue} 90% 20%)`);
  gradient.addColorStop(1, `hsl(${(hue + 120) % 360} 90% 80%)`);
  context.fillStyle = gradient;
  context.fillRect(0, 0, 160, 120);
  const blob = await canvas.convertToBlob({ type });
  if (blob.type !== type) throw new Error(`this browser does not write ${type}`);
  return blob;
}
