/** Drives the engine worker through its contract, as the page does. */
import type { EngineJobs, ModelInfo } from '#core/protocol/engine.ts';
import type { Sampling } from '#core/sampling/sampling.ts';
import type { WorkerClient } from '../../src/workers/worker-client.ts';
import type { Answer, BenchAdapter, OpenRequest } from './contract.ts';

type EngineWorker = WorkerClient<EngineJobs>;

export async function open(
  engine: EngineWorker,
  { url, contextLength, graphCapture }: OpenRequest,
): Promise<ModelInfo> {
  const options = { contextLength, provider: 'webgpu', graphCapture: { mode: graphCapture, known: {} } } as const;
  return (await engine.ask('open', { source: { type: 'url', url }, options })).model;
}

const greedy: Sampling = { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1, seed: 1 };

export async function generate(
  engine: EngineWorker,
  prompt: string,
  maxNewTokens: number,
  sampling = greedy,
): Promise<Answer> {
  // Otherwise the prompt could be read from the KV cache of the last answer.
  await engine.ask('forget', undefined);
  const ids: number[] = [];
  const request = {
    messages: [{ role: 'user' as const, content: [{ type: 'text' as const, text: prompt }] }],
    sampling,
    maxNewTokens,
    ignoresEndTokens: true,
  };
  const job = engine.start('generate', request, (event) => {
    if (event.type === 'token') ids.push(...event.ids);
  });
  const end = await job.ended;
  if (end.type !== 'done') throw new Error(`generate: ${JSON.stringify(end)}`);
  const { turn } = end;
  if (turn.cachedTokens > 0) throw new Error('a part of the prompt was in the cache');
  return {
    promptTokens: turn.prefillTokens,
    prefillMilliseconds: turn.prefillMilliseconds,
    firstTokenMilliseconds: turn.timeToFirstTokenMilliseconds ?? NaN,
    decodeTokensPerSecond: turn.decodeTokensPerSecond ?? NaN,
    ids,
  };
}

export async function setAdapters(engine: EngineWorker, adapters: readonly BenchAdapter[]): Promise<void> {
  const request = {
    adapters: adapters.map(({ name, config, weights }) => ({
      id: crypto.randomUUID(),
      name,
      config: new Blob([config]),
      weights: new Blob([Uint8Array.from(atob(weights), (character) => character.charCodeAt(0))]),
    })),
    strengths: adapters.map(() => 1),
    truncateTo: [],
  };
  await engine.ask('setAdapters', request);
}
