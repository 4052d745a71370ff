/** The engines that are compared. A configuration of ours that should be compared too is one more entry of `enginesFor`. */
import type { EngineJobs, ModelInfo, OpenOptions, PackageSource } from '#core/protocol/engine.ts';
import type { FixedLengthQuestion, TimedAnswer } from '#core/protocol/bench.ts';
import { FailureError } from '#core/failure.ts';
import { CAPTURE_OFF, CAPTURE_ON, OURS, PEER } from '#core/run-card/run-card.ts';
import { BenchWorker, MeteredEngineWorker } from '../../workers/bench-workers.ts';
import type { WorkerClient } from '../../workers/worker-client.ts';
import type { EngineUnderTest } from './engine-under-test.ts';
import { labVersion } from './versions.ts';

/**
 * Ours as the chat runs it, the peer, and ours with the other choice of graph capture, where the device has one.
 * @param source with its access token
 */
export function enginesFor(source: PackageSource, provider: OpenOptions['provider']): readonly EngineUnderTest[] {
  const captured = (mode: 'on' | 'off') =>
    ours(mode === 'on' ? CAPTURE_ON : CAPTURE_OFF, source, { provider, graphCapture: { mode, known: {} } });
  return [
    ours(OURS, source, { provider }),
    transformersJs(source),
    { ...captured('off'), differsFrom: ({ graphCapture }) => graphCapture.used },
    { ...captured('on'), differsFrom: couldCapture },
  ];
}

/** Not on the CPU, and not where it was tried in vain. */
function couldCapture({ runtime, graphCapture }: ModelInfo): boolean {
  return runtime.provider === 'webgpu' && !graphCapture.used && graphCapture.reason !== 'unsupported';
}

/** @param options of this configuration */
function ours(engine: string, source: PackageSource, options: Omit<OpenOptions, 'contextLength'>): EngineUnderTest {
  return {
    engine,
    start(signal) {
      const worker = new MeteredEngineWorker();
      return {
        async open(contextLength) {
          const { model } = await worker.ask('open', { source, options: { ...options, contextLength } });
          const { used, detail } = model.graphCapture;
          // The engine decodes without it then, and the row would be another measurement of the first.
          if (options.graphCapture?.mode === 'on' && !used)
            throw new FailureError('runtime', { reason: detail ?? 'no graph capture' });
          return { version: labVersion, model };
        },
        answer: (question) => answerOfOurs(worker, question),
        counts: () => worker.meter.read(signal),
        end: () => worker.end(),
      };
    },
  };
}

function transformersJs(source: PackageSource): EngineUnderTest {
  return {
    engine: PEER,
    start(signal) {
      const worker = new BenchWorker();
      return {
        async open(_, first) {
          if (!first) throw new TypeError('our engine opens first: it says which files to compare');
          const provider = first.runtime.provider === 'webgpu' ? ('webgpu' as const) : ('wasm' as const);
          const { version } = await worker.ask('openPeer', { source, provider, dtype: first.dtype });
          return { version, model: undefined };
        },
        answer: async (question) => (await worker.ask('generatePeer', question)).answer,
        counts: () => worker.meter.read(signal),
        end: () => worker.end(),
      };
    },
  };
}

async function answerOfOurs(
  worker: WorkerClient<EngineJobs>,
  { messages, newTokens }: FixedLengthQuestion,
): Promise<TimedAnswer> {
  // Otherwise the prompt or the image's features would still be known from the last answer.
  await worker.ask('forget', undefined);
  const ids: number[] = [];
  const sampling = { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1, seed: 1 };
  const request = { messages, sampling, maxNewTokens: newTokens, ignoresEndTokens: true };
  const job = worker.start('generate', request, (event) => {
    if (event.type === 'token') ids.push(...event.ids);
  });
  const end = await job.ended;
  if (end.type === 'stopped') throw new FailureError('stopped');
  if (end.type === 'failed') throw new FailureError(end.failure.code, end.failure.detail);
  const { turn } = end;
  return {
    promptTokens: turn.prefillTokens,
    prefillMilliseconds: turn.prefillMilliseconds,
    firstTokenMilliseconds: turn.timeToFirstTokenMilliseconds ?? NaN,
    decodeTokensPerSecond: turn.decodeTokensPerSecond ?? NaN,
    ids,
  };
}
