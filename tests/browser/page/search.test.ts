/** The page's side of a search in the embedding: one at a time, the last one asked for stays, and an answer goes first. */
import { expect, test, vi } from 'vitest';
import type { GenerateEvent } from '#core/protocol/engine.ts';
import type { NearestEvent, NearestRequest } from '#core/protocol/nearest.ts';
import { EngineClient } from '../../../src/workers/engine.svelte.ts';
import { greedy, user } from '../engine/client.ts';
import { packageUrl } from '../engine/model.ts';
import { provider } from '../provided.ts';

vi.setConfig({ testTimeout: 300_000 });

const request = (text: string): NearestRequest => ({ tokens: [{ text, id: 512 }], inits: ['mean'], count: 1 });

/** Type of the last event; fails where one comes after it. */
async function ended(search: (on: (event: NearestEvent) => void) => Promise<void>): Promise<NearestEvent> {
  const events: NearestEvent[] = [];
  await search((event) => events.push(event));
  const terminal = events.filter(({ type }) => type !== 'progress');
  expect(terminal).toHaveLength(1);
  return terminal[0] ?? expect.fail();
}

test('searches and answers', async () => {
  const engine = new EngineClient();
  const search = (text: string) => ended((on) => engine.nearestTokens(request(text), on));
  expect(await search('환자')).toMatchObject({ type: 'failed', failure: { code: 'no-model' } });
  expect(await engine.open({ type: 'url', url: packageUrl('chat') }, { contextLength: 256, provider })).toBe(true);

  // As while somebody types: all but the last may be stopped.
  const typed = ['환', '환자', '환자의', '환자의 폐렴'].map(search);
  expect(engine.searching).toBe(true);
  const ends = await Promise.all(typed);
  for (const { type } of ends.slice(0, -1)) expect(['stopped', 'done']).toContain(type);
  const last = ends.at(-1);
  expect(last?.type === 'done' && last.tokens[0]?.subwords.map(({ piece }) => piece)).toEqual([
    '환자',
    '의',
    '▁',
    '폐렴',
  ]);
  expect(engine.searching).toBe(false);

  const events: GenerateEvent[] = [];
  const [found] = await Promise.all([
    search('환자'),
    engine.generate({ messages: [user('진단')], sampling: greedy, maxNewTokens: 2 }, (event) => events.push(event)),
    // Not during an answer.
    search('의사').then((end) => expect(end).toMatchObject({ type: 'failed', failure: { code: 'busy' } })),
  ]);
  expect(['stopped', 'done']).toContain(found.type);
  expect(events.at(-1)).toMatchObject({ type: 'done' });
  expect(engine.model).toBeDefined();
  expect((await search('의사')).type).toBe('done');
});
