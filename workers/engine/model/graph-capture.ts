/** Decides at load whether decode is captured: what was asked, what is known, or a measurement. */
import type { Gemma3Config } from '#core/gemma3/config.ts';
import { FailureError } from '#core/failure.ts';
import type { GraphCapture, GraphCaptureOptions, StepTimes } from '#core/protocol/engine.ts';
import type { Backend } from './backend.ts';
import { decodeStepFactory, type DecodeStep } from './decode-step.ts';
import { textMask, type Decoder } from './decoder.ts';
import type { DecoderSession } from './decoder-session.ts';
import type { Embedding } from './embedding.ts';
import type { GpuWeights } from './gpu-weights.ts';
import { reasonOf } from './session.ts';
import type { ModelSessions, ReplaceableSession } from './sessions.ts';
import { StaticKvCache } from './static-kv-cache.ts';

export interface CaptureParts {
  backend: Backend;
  weights: GpuWeights;
  config: Gemma3Config;
  sessions: ModelSessions;
  decoderSession: DecoderSession;
  decoder: Decoder;
  embedding: Embedding;
  signal: AbortSignal;
  modelName: string;
}

/** Steps of each kind in a round; the times of a round are per step. */
const stepsPerRound = 4;
const mostRounds = 5;
/** No further round begins after this time. */
const budgetMilliseconds = 150;

/**
 * Sets `decoder.captured` where it shall be used. Empties the cache.
 * @throws FailureError `device-lost`; the signal's reason
 */
export async function chooseGraphCapture(
  parts: CaptureParts,
  { mode, known }: GraphCaptureOptions,
): Promise<GraphCapture> {
  const { backend, config, decoder, signal } = parts;
  const not = (reason: GraphCapture['reason'], more: Partial<GraphCapture> = {}): GraphCapture => ({
    ...{ used: false, reason, times: undefined, key: undefined, detail: undefined, positions: 0 },
    ...more,
  });
  const { adapter } = backend.info;
  if (!backend.gpu || !adapter) return not('cpu');
  if (mode === 'off') return not('asked');
  if (mode === 'auto' && adapter.isFallback) return not('software-adapter');
  const key = [adapter.vendor, adapter.architecture, adapter.description, navigator.userAgent, parts.modelName].join(
    ' | ',
  );
  const before = mode === 'auto' ? known[key] : undefined;
  if (before && !isFaster(before)) return not('known', { key, times: before });

  let step: ReplaceableSession<DecodeStep>;
  try {
    step = await makeStep(parts);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof FailureError && error.code === 'device-lost') throw error;
    return not('unsupported', { detail: reasonOf(error) });
  }
  const isWindowed = config.text.isLocal.some((isLocal) => isLocal);
  const { capacity } = decoder.cache;
  const positions = isWindowed ? Math.min(config.text.slidingWindow, capacity) : capacity;
  decoder.captured = { step, positions };
  const used = (reason: GraphCapture['reason'], times?: StepTimes): GraphCapture => ({
    ...{ used: true, reason, times, key: mode === 'auto' ? key : undefined, detail: undefined, positions },
  });
  try {
    if (before) return used('known', before);
    // The first runs record the commands; they also show whether the session can run at all.
    await runSteps(parts, 2);
    if (mode === 'on') return used('asked');
    const times = await measure(parts);
    if (isFaster(times)) return used('measured', times);
    decoder.captured = undefined;
    await step.remove();
    return not('measured', { key, times });
  } catch (error) {
    decoder.captured = undefined;
    signal.throwIfAborted();
    if (error instanceof FailureError && error.code === 'device-lost') throw error;
    await step.remove();
    return not('unsupported', { detail: reasonOf(error) });
  } finally {
    decoder.truncate(0);
  }
}

const isFaster = ({ plain, captured }: StepTimes) => captured < plain;

async function makeStep(parts: CaptureParts): Promise<ReplaceableSession<DecodeStep>> {
  const { backend, weights, config, sessions, decoderSession, decoder, signal } = parts;
  const wasm = backend.runtime.wasm?.();
  if (!wasm) throw new TypeError('the WebAssembly module of the runtime was not caught');
  if (!(decoder.cache instanceof StaticKvCache)) throw new TypeError('the KV cache is not in fixed buffers');
  const graph = async () => (await decoderSession.graph([])).text;
  return sessions.add(
    decodeStepFactory(
      {
        ...{ backend, wasm, weights, signal, graph },
        source: (model) => decoderSession.source(model),
        cache: decoder.cache,
        vocabularySize: config.text.vocabularySize,
      },
      await graph(),
    ),
    () => undefined,
  );
}

/** Milliseconds a step of the fastest round of each; rounds of both alternate, so that a busy moment does not fall on one alone. */
async function measure(parts: CaptureParts): Promise<StepTimes> {
  const { decoder, signal } = parts;
  const { captured } = decoder;
  const times: StepTimes = { plain: Infinity, captured: Infinity };
  const begin = performance.now();
  for (let round = 0; round < mostRounds && performance.now() - begin < budgetMilliseconds; round++)
    for (const kind of ['captured', 'plain'] as const) {
      signal.throwIfAborted();
      decoder.captured = kind === 'captured' ? captured : undefined;
      times[kind] = Math.min(times[kind], (await runSteps(parts, stepsPerRound)) / stepsPerRound);
    }
  decoder.captured = captured;
  return times;
}

/** Runs steps from the start of the cache. @returns milliseconds until the device has done them */
async function runSteps({ backend, decoder, embedding }: CaptureParts, count: number): Promise<number> {
  decoder.truncate(0);
  const begin = performance.now();
  for (let step = 0; step < count; step++)
    await decoder.next(async () => {
      const ids = decoder.nextIds();
      if (ids) await decoder.run(await backend.guard(embedding.embed(ids)), [textMask], 'token');
    });
  if (backend.gpu) await backend.guard(backend.gpu.device.queue.onSubmittedWorkDone());
  return performance.now() - begin;
}
