/** The neighbours of new tokens, from the files of the package that is open. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parity } from './near-by-hand.ts';
import { EngineClient, failureOf, type Job } from './client.ts';
import { diagnosis, expectedAnswers, type Expected } from './questions.ts';
import type { NearestEvent, NearestRequest, NewTokenPlace } from '#core/protocol/nearest.ts';

vi.setConfig({ testTimeout: 300_000 });
let expected: Expected;
beforeAll(async () => {
  expected = await expectedAnswers();
});

const request: NearestRequest = {
  tokens: [
    { text: '환자의', id: 512 },
    { text: ' 폐렴', id: 513 },
  ],
  inits: ['mean', 'first', 'random'],
  count: 5,
};

function placesOf({ end }: Job<NearestEvent>): readonly NewTokenPlace[] {
  if (end.type !== 'done') throw new Error(JSON.stringify(end));
  return end.tokens;
}

test('without a model there is nothing to search', async () => {
  const engine = new EngineClient();
  expect(failureOf(await engine.nearest(request))).toEqual({ code: 'no-model', detail: {} });
  engine.terminate();
});

/** Opens the package and holds its neighbours against a search by hand. */
async function searched(engine: EngineClient, name: string): Promise<readonly NewTokenPlace[]> {
  await engine.model(name, { contextLength: 256 });
  const job = await engine.nearest(request);
  const places = placesOf(job);
  expect(places.map(({ subwords }) => subwords.map(({ piece }) => piece))).toEqual([
    ['환자', '의'],
    ['▁', '폐렴'],
  ]);
  expect(await parity(name, request, places)).toBe(30);
  // The first subword's row is that token's own.
  const first = places[0]?.places.find(({ init }) => init === 'first')?.nearest[0];
  expect(first).toMatchObject({ id: places[0]?.subwords[0]?.id, piece: '환자' });
  expect(first?.similarity).toBeCloseTo(1, 6);
  expect(job.events.map(({ type }) => type)).toEqual(['progress', 'done']);
  expect(job.events[0]).toEqual({ type: 'progress', done: 512, total: 512 });
  return places;
}

// One has a table of its own beside the decoder's, one has it in the decoder alone.
test.each(['foreign', 'text-only'])('%s: what a search by hand finds', async (name) => {
  const engine = new EngineClient();
  await searched(engine, name);
  engine.terminate();
});

describe('a package whose two ends share the table', () => {
  const engine = new EngineClient();
  afterAll(() => engine.terminate());

  test('what a search by hand finds', async () => {
    await searched(engine, 'chat');
  });

  test('leaves the model as it was, and does not wait for an answer', async () => {
    let during: Promise<Job<NearestEvent>> | undefined;
    // So slow that the search is asked for during it, and ended by what the search says.
    const answer = await engine.ask(diagnosis, {
      maxNewTokens: 200,
      tokensPerSecond: 4,
      onEvent: (event, stop) => {
        if (event.type === 'token') during ??= engine.nearest(request).finally(stop);
      },
    });
    expect(answer.end.type).toBe('stopped');
    expect(answer.ids.slice(0, 4)).toEqual(expected.chat[diagnosis]?.slice(0, Math.min(4, answer.ids.length)));
    const job = await during;
    expect(job && failureOf(job)?.code).toBe('busy');
    expect((await engine.ask(diagnosis, { maxNewTokens: 4 })).ids).toEqual(expected.chat[diagnosis]?.slice(0, 4));
    expect(placesOf(await engine.nearest(request))).toHaveLength(2);
  });

  test('takes given subwords, and names an id without a row', async () => {
    const ask = (subwords: number[]) =>
      engine.nearest({ tokens: [{ text: '', id: 0, subwords }], inits: ['mean'], count: 1 });
    expect(placesOf(await ask([17]))[0]?.places[0]?.nearest[0]).toMatchObject({ id: 17 });
    expect(placesOf(await ask([]))).toEqual([{ subwords: [], places: [] }]);
    expect(failureOf(await ask([3, 512]))).toEqual({
      code: 'file-broken',
      detail: { file: 'tokenizer.json', reason: 'id 512, embedding rows 512' },
    });
  });
});
