/** Drives the engine worker through its contract, as the page does. */
import { proxy, type Remote } from 'comlink';
import type { SetAdaptersEvent } from '#core/protocol/adapters.ts';
import type { EngineApi, GenerateEvent, ModelInfo, OpenEvent } from '#core/protocol/engine.ts';
import type { Answer, BenchAdapter, OpenRequest } from './contract.ts';

let jobs = 0;

export async function open(api: Remote<EngineApi>, { url, contextLength }: OpenRequest): Promise<ModelInfo> {
  const end = await terminal<OpenEvent>((on) =>
    api.open(`${++jobs}`, { type: 'url', url }, { contextLength, provider: 'webgpu' }, proxy(on)),
  );
  if (end.type !== 'done') throw new Error(`open: ${JSON.stringify(end)}`);
  return end.model;
}

export async function generate(api: Remote<EngineApi>, prompt: string, maxNewTokens: number): Promise<Answer> {
  // Without this the KV cache of the last answer would answer for the prompt.
  await api.forget();
  const ids: number[] = [];
  const request = {
    messages: [{ role: 'user' as const, content: [{ type: 'text' as const, text: prompt }] }],
    sampling: { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1, seed: 1 },
    maxNewTokens,
  };
  const end = await terminal<GenerateEvent>((on) =>
    api.generate(
      `${++jobs}`,
      request,
      proxy((event) => {
        if (event.type === 'token') ids.push(...event.ids);
        on(event);
      }),
    ),
  );
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

export async function setAdapters(api: Remote<EngineApi>, adapters: readonly BenchAdapter[]): Promise<void> {
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
  const end = await terminal<SetAdaptersEvent>((on) => api.setAdapters(`${++jobs}`, request, proxy(on)));
  if (end.type !== 'done') throw new Error(`setAdapters: ${JSON.stringify(end)}`);
}

/** Callbacks travel on another port than the call's answer: what counts is the event. */
function terminal<Event extends { type: string }>(call: (on: (event: Event) => void) => Promise<void>) {
  return new Promise<Event>((resolve, reject) => {
    const ends = new Set(['done', 'stopped', 'failed']);
    call((event) => {
      if (ends.has(event.type)) resolve(event);
    }).catch(reject);
  });
}
