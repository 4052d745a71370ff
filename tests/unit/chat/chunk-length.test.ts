/** The length of prefill chunks, on devices that are formulas: nothing here takes time. */
import { describe, expect, test } from 'vitest';
import { afterOneToken, ChunkLength, targetMilliseconds } from '#core/chat/chunk-length.ts';

const gpu = { first: 64, least: 16, most: 640 };

/** Prefills `tokens` on a device that takes `time(length)`. @returns length and time of each chunk */
function prefilled(length: ChunkLength, tokens: number, time: (length: number) => number) {
  const chunks: { tokens: number; milliseconds: number }[] = [];
  length.begin();
  for (let left = tokens; left > 0;) {
    const own = Math.min(length.next, left);
    chunks.push({ tokens: own, milliseconds: time(own) });
    length.measured(own, time(own));
    left -= own;
  }
  return chunks;
}

describe('the first chunk after a run of one token', () => {
  const cpu = { first: 32, least: 8, most: 64 };

  test.each([
    [2, 32],
    [30, 26],
    [60, 9],
    [190, 8],
  ])('%d ms a token: %d tokens', (milliseconds, first) => {
    expect(afterOneToken(cpu, milliseconds)).toEqual({ ...cpu, first });
  });

  test('ends in time for Stop wherever shorter chunks can', () => {
    for (let token = 1; token < targetMilliseconds; token++) {
      // Eight tokens more cost as much as a run of one.
      const time = (length: number) => token * (1 + length / 8);
      if (time(cpu.least) > targetMilliseconds) break;
      const [first] = prefilled(new ChunkLength(afterOneToken(cpu, token)), 500, time);
      expect(first?.milliseconds).toBeLessThanOrEqual(targetMilliseconds);
    }
  });
});

describe('ChunkLength', () => {
  test('a fast device gets long chunks after the first', () => {
    const chunks = prefilled(new ChunkLength(gpu), 2000, (length) => 5 + length / 20);
    expect(chunks.map(({ tokens }) => tokens)).toEqual([64, 256, 640, 640, 400]);
  });

  test.each([0.5, 1, 2, 4])('at %d ms a token a chunk ends in time for Stop, and not much sooner', (perToken) => {
    const chunks = prefilled(new ChunkLength(gpu), 3000, (length) => 10 + length * perToken).slice(2, -1);
    for (const { milliseconds } of chunks) expect(milliseconds).toBeLessThan(200);
    expect(Math.min(...chunks.map(({ milliseconds }) => milliseconds))).toBeGreaterThan(targetMilliseconds / 2);
  });

  test('a context that grows makes chunks shorter', () => {
    let context = 0;
    const length = new ChunkLength(gpu);
    length.begin();
    const times: number[] = [];
    while (context < 6000) {
      const tokens = length.next;
      const milliseconds = tokens * (0.2 + context / 10_000);
      length.measured(tokens, milliseconds);
      times.push(milliseconds);
      context += tokens;
    }
    for (const milliseconds of times.slice(2)) expect(milliseconds).toBeLessThan(200);
  });

  test('where longer chunks are slower a token, they are not made', () => {
    const chunks = prefilled(new ChunkLength(gpu), 3000, (length) => (length <= 64 ? length / 10 : length / 4));
    expect(chunks.slice(2).every(({ tokens }) => tokens <= 64)).toBe(true);
  });

  test('where shorter chunks take as long, they are not made: that would lose throughput and not bring Stop sooner', () => {
    const chunks = prefilled(new ChunkLength({ ...gpu, first: 256 }), 4000, (length) => 600 + length);
    expect(Math.min(...chunks.slice(0, -1).map(({ tokens }) => tokens))).toBeGreaterThanOrEqual(64);
  });

  test('a short rest of a prompt does not shorten the chunks of the next', () => {
    const length = new ChunkLength(gpu);
    prefilled(length, 2000, (tokens) => 20 + tokens / 10);
    const before = length.next;
    prefilled(length, 5, (tokens) => 20 + tokens / 10);
    expect(length.next).toBe(before);
  });

  test('the next prefill begins with the length that the last one found', () => {
    const length = new ChunkLength(gpu);
    prefilled(length, 2000, (tokens) => tokens * 2);
    const [first] = prefilled(length, 500, (tokens) => tokens * 2);
    expect(first?.tokens).toBe(65);
  });

  test('an image that is longer than a chunk tells the time of a token too', () => {
    const length = new ChunkLength(gpu);
    length.begin();
    length.measured(256, 1024);
    expect(length.next).toBe(64);
  });
});
