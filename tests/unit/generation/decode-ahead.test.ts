/** The loop in which the device chooses ahead, with a device that is sometimes wrong: the tokens are those of the host alone. */
import { describe, expect, test } from 'vitest';
import type { SamplingCounts } from '#core/protocol/stats.ts';
import { chooseToken } from '#core/sampling/choose.ts';
import { Random } from '#core/sampling/random.ts';
import { randomOf } from '#core/sampling/sampler.ts';
import type { Sampling } from '#core/sampling/sampling.ts';
import { topK } from '#core/sampling/top-k.ts';
import { decodeAhead, type AheadStep } from '../../../workers/engine/generation/decode-sampled.ts';

const vocabulary = 400;
const prompt = [3, 1, 4];
const base: Sampling = { temperature: 1, topK: 64, topP: 0.95, repetitionPenalty: 1, seed: 2 };

/** Logits that depend on every token before. */
function logitsAfter(tokens: readonly number[]): Float32Array {
  const random = Random.fromSeed(tokens.reduce((hash, id) => (hash * 31 + id) % 1_000_003, 7));
  return Float32Array.from({ length: vocabulary }, () => 6 * random.uniform());
}

function alone(sampling: Sampling, limit: number): number[] {
  const random = randomOf(sampling);
  const ids: number[] = [];
  while (ids.length < limit) ids.push(chooseToken(logitsAfter([...prompt, ...ids]), sampling, random.uniform()));
  return ids;
}

interface Case {
  limit?: number;
  capacity?: number;
  endTokens?: number[];
  /** Every n-th choice of the device is another token. */
  wrongEvery?: number;
  candidates?: number;
  stopAfter?: number;
}

async function ahead(sampling: Sampling, of: Case) {
  const { limit = 40, capacity = 1000, endTokens = [], wrongEvery = Infinity, candidates = 64, stopAfter } = of;
  const cache = [...prompt];
  let newest = -1;
  let steps = 0;
  const step: AheadStep = (token, u) => {
    cache.push(token ?? newest);
    if (cache.length > capacity) throw new Error('a step beyond the cache');
    const row = logitsAfter(cache);
    const ranked = topK(row, candidates);
    const total = row.reduce(
      (sum, logit) => sum + Math.exp((logit - (ranked.logits[0] ?? NaN)) / sampling.temperature),
      0,
    );
    const chosen = chooseToken(row, sampling, u);
    newest = ++steps % wrongEvery === 0 ? (chosen + 1) % vocabulary : chosen;
    return Promise.resolve({
      choice: Promise.resolve({
        chosen: newest,
        candidates: { ...ranked, vocabulary, total: { low: total * 0.99999, high: total * 1.00001 } },
      }),
      row: () => Promise.resolve(row),
    });
  };
  const ids: number[] = [];
  const counted: SamplingCounts = { choices: 0, rowsRead: 0, takenBack: 0 };
  const stop = new AbortController();
  const decoder = {
    get length() {
      return cache.length;
    },
    truncate: (length: number) => cache.splice(length),
    cache: { capacity },
  };
  const end = await decodeAhead(
    {
      ...{ decoder, limit, endTokens: new Set(endTokens), signal: stop.signal },
      onToken(id) {
        ids.push(id);
        if (ids.length === stopAfter) stop.abort();
      },
    },
    step,
    sampling,
    logitsAfter(prompt),
    counted,
  );
  return { end, ids, cache, counted, steps };
}

describe('decodeAhead', () => {
  test.each([2, 3, 7, Infinity])('takes back what the device chose wrongly: every %sth choice', async (wrongEvery) => {
    const expected = alone(base, 40);
    const { end, ids, cache, counted, steps } = await ahead(base, { wrongEvery });
    expect(ids).toEqual(expected);
    expect(end).toBe('length');
    // The last token is in no cache yet.
    expect(cache).toEqual([...prompt, ...expected.slice(0, -1)]);
    expect(counted).toMatchObject({ choices: 39, rowsRead: 0 });
    expect(steps).toBe(39 + counted.takenBack);
    if (wrongEvery === Infinity) expect(counted.takenBack).toBe(0);
    else expect(counted.takenBack).toBeGreaterThan(3);
  });

  test('reads the row where the candidates do not decide', async () => {
    const hot = { ...base, topK: 0, topP: 1 };
    const { ids, counted } = await ahead(hot, { candidates: 40, wrongEvery: 5 });
    expect(ids).toEqual(alone(hot, 40));
    expect(counted.rowsRead).toBeGreaterThan(3);
    expect(counted.rowsRead).toBeLessThan(39);
  });

  test('ends with an end token, the limit, a full cache, Stop; the cache then holds all but the last token', async () => {
    const expected = alone(base, 40);
    const [endToken = -1] = expected.slice(9);
    const untilEnd = expected.indexOf(endToken) + 1;
    for (const [of, end, count] of [
      [{ endTokens: [endToken] }, 'end', untilEnd],
      [{ endTokens: [endToken], wrongEvery: 2 }, 'end', untilEnd],
      [{ endTokens: [expected[0] ?? -1] }, 'end', 1],
      [{ limit: 1 }, 'length', 1],
      [{ limit: 2 }, 'length', 2],
      [{ capacity: prompt.length + 5 }, 'context-full', 6],
      [{ capacity: prompt.length + 5, wrongEvery: 2 }, 'context-full', 6],
      [{ stopAfter: 5 }, 'stopped', 5],
      [{ stopAfter: 1 }, 'stopped', 1],
    ] as const) {
      const answer = await ahead(base, { ...of, endTokens: 'endTokens' in of ? [...of.endTokens] : [] });
      expect(answer.end).toBe(end);
      expect(answer.ids).toEqual(expected.slice(0, count));
      expect(answer.cache).toEqual([...prompt, ...expected.slice(0, count - 1)]);
    }
  });
});
