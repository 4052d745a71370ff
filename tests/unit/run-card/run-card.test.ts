import { describe, expect, test } from 'vitest';
import { decodeBytesPerToken } from '#core/budget/roofline.ts';
import { FailureError } from '#core/failure.ts';
import { kindOf } from '#core/files/kind.ts';
import { figureRows, rooflinePoints } from '#core/run-card/figures.ts';
import { readRunCard } from '#core/run-card/run-card.ts';
import { firstDifference, spreadOf } from '#core/run-card/spread.ts';
import { cardOfLink, linkTo, longestLink } from '../../../src/labs/bench/card-link.ts';
import { planOf } from '../../../src/labs/bench/plan.ts';
import { packText } from '../../../src/platform/packed-text.ts';
import { readHash } from '../../../src/platform/place.svelte.ts';
import { exampleCard } from './example-card.ts';

/** The failure that reading ends with. */
async function failureOf(read: () => unknown): Promise<{ code: string; reason: unknown }> {
  try {
    await read();
  } catch (error) {
    if (error instanceof FailureError) return { code: error.code, reason: error.detail['reason'] };
    throw error;
  }
  throw new Error('it was read');
}

describe('a card as a file', () => {
  test('comes back as it was written', () => {
    const card = exampleCard();
    expect(readRunCard(JSON.stringify(card, null, 1), 'card.json')).toEqual(card);
  });

  test('is recognised by its beginning', () => {
    const text = JSON.stringify(exampleCard());
    expect(kindOf(new TextEncoder().encode(text))).toEqual({ kind: 'runCard' });
    expect(kindOf(new TextEncoder().encode(`${text.slice(0, -1)}${' '.repeat(5000)}`))).toEqual({ kind: 'runCard' });
  });

  const broken: [string, (card: Record<string, unknown>) => unknown, RegExp][] = [
    ['of a later version', (card) => ({ ...card, format: 'medgemma-ko-lab/run-card/2' }), /^format is .*run-card\/2/],
    ['without engines', (card) => ({ ...card, engines: [] }), /^engines is a list of 0/],
    ['with a device of no known kind', (card) => ({ ...card, device: { kind: 'quantum' } }), /^device\.kind is/],
    [
      'with a speed of zero',
      (card) => ({ ...card, roofline: { bytesPerSecond: 0, points: [] } }),
      /bytesPerSecond is 0/,
    ],
    ['with a date that is none', (card) => ({ ...card, created: 'yesterday' }), /^created is "yesterday"/],
    ['with a hash that is none', (card) => ({ ...card, model: { name: 'x', manifestSha256: 'abc' } }), /SHA-256/],
  ];
  test.each(broken)('%s is refused by the name of the field', async (_, change, reason) => {
    const json = JSON.stringify(change({ ...exampleCard() }));
    const failure = await failureOf(() => readRunCard(json, 'card.json'));
    expect(failure.code).toBe('file-broken');
    expect(failure.reason).toMatch(reason);
  });

  test('that is something else is refused as what it is', async () => {
    expect((await failureOf(() => readRunCard('{"model": {}}', 'tokenizer.json'))).code).toBe('other-file');
    expect(await failureOf(() => readRunCard('{"format": ', 'card.json'))).toEqual({
      code: 'file-broken',
      reason: 'not JSON',
    });
  });
});

describe('a card as a link', () => {
  test('comes back, and the link can be sent', async () => {
    const card = exampleCard();
    const link = await linkTo(card, 'https://example.org/lab/#/chat');
    expect(link.length).toBeLessThan(2000);
    const { lab, query } = readHash(new URL(link).hash);
    expect(lab).toBe('bench');
    expect(await cardOfLink(query.get('card') ?? '')).toEqual(card);
  });

  test('of the longest run is short enough', async () => {
    const card = exampleCard();
    const rounds = Array.from({ length: 5 }, (_, index) => {
      const [first] = card.engines[0]?.rounds ?? [];
      if (!first) throw new Error('the example has no round');
      const answers = [128, 1024, 4096].map((contextTokens) => ({
        ...first.answers[0],
        contextTokens,
        promptTokens: contextTokens - 64,
        newTokens: 64,
        firstTokenMilliseconds: 1000 / (contextTokens + index),
        prefillTokensPerSecond: 1e6 / (contextTokens + 7 * index),
        decodeTokensPerSecond: 1e4 / (contextTokens + 3 * index),
      }));
      return { ...first, answers };
    });
    const long = { ...card, engines: card.engines.map((engine) => ({ ...engine, rounds })) };
    expect((await linkTo(long, 'https://example.org/')).length).toBeLessThan(longestLink / 2);
  });

  test('that is cut, changed or too long is refused by name', async () => {
    const packed = new URL(await linkTo(exampleCard(), 'https://example.org/')).hash.split('card=')[1] ?? '';
    const reason = 'the link is cut or was changed';
    expect(await failureOf(() => cardOfLink(packed.slice(0, 200)))).toEqual({ code: 'file-broken', reason });
    expect(await failureOf(() => cardOfLink('%%%'))).toEqual({ code: 'file-broken', reason });
    expect((await failureOf(() => cardOfLink('A'.repeat(longestLink + 1)))).code).toBe('too-large');
    // A small link that unpacks to more than a card can be.
    const bomb = await packText(' '.repeat(3_000_000));
    expect(bomb.length).toBeLessThan(longestLink);
    expect(await failureOf(() => cardOfLink(bomb))).toEqual({ code: 'file-broken', reason });
  });
});

describe('figures', () => {
  test('median, least and most; the ratio is taken pair by pair', () => {
    const decode = figureRows(exampleCard()).find(({ name }) => name === 'decode');
    expect(decode?.spreads[0]).toEqual({ median: 40, least: 30, most: 50, count: 3 });
    expect(decode?.spreads[1]).toEqual({ median: 20, least: 20, most: 40, count: 3 });
    // 30 ÷ 20, 50 ÷ 20, 40 ÷ 40: not 40 ÷ 20.
    expect(decode?.ratio).toEqual({ median: 1.5, least: 1, most: 2.5, count: 3 });
    expect(spreadOf([4, 1])).toEqual({ median: 2.5, least: 1, most: 4, count: 2 });
    expect(spreadOf([])).toBeUndefined();
  });

  test('what nobody measured has no row', () => {
    const card = exampleCard();
    const engines = card.engines.map((engine) => ({
      ...engine,
      rounds: engine.rounds.map(({ gpuLiveBytes: _, gpuPeakBytes: __, image: ___, ...round }) => round),
    }));
    const names = figureRows({ ...card, engines }).map(({ name }) => name);
    expect(names).toEqual(['decode', 'prefill', 'firstToken', 'load', 'wasm']);
  });

  test('the roof is bandwidth over bytes', () => {
    expect(rooflinePoints(exampleCard())).toEqual([
      { contextTokens: 128, bytesPerToken: 1e9, ceiling: 100, shares: [0.4, 0.2] },
    ]);
    // Two layers, one local with a window of 16: 100 + 16 positions of 2 × 4 numbers of 2 bytes.
    const shape = { keyValueHeads: 1, headDim: 4, isLocal: [true, false], slidingWindow: 16 };
    expect(decodeBytesPerToken(1000, shape, 100, 2)).toBe(1000 + 116 * 16);
  });

  test('the first difference is a place, also where a list ends', () => {
    expect(firstDifference([1, 2, 3], [1, 2, 3])).toBeUndefined();
    expect(firstDifference([1, 2, 3], [1, 5, 3])).toBe(1);
    expect(firstDifference([1, 2], [1, 2, 3])).toBe(2);
  });
});

test('an address asks for a length of its own; what cannot be read is named', () => {
  const planFor = (query: string) => planOf(new URLSearchParams(query));
  expect(planFor('rounds=1&tokens=4&contexts=64,128')).toEqual({
    plan: { length: 'custom', rounds: 1, newTokens: 4, contexts: [64, 128] },
    broken: [],
  });
  expect(planFor('card=abc').plan).toBeUndefined();
  expect(planFor('rounds=99&contexts=abc').broken).toEqual(['rounds', 'contexts']);
  // No room for a prompt beside the answer.
  expect(planFor('tokens=64&contexts=64')).toEqual({ plan: undefined, broken: ['contexts'] });
});
