/** How many tokens are drafted: by what they were worth, and by what runs of the decoder take. */
import { describe, expect, test } from 'vitest';
import { Acceptance } from '#core/prompt-lookup/acceptance.ts';
import { Drafter, type DrafterOptions } from '#core/prompt-lookup/drafter.ts';
import { RunTimes } from '#core/prompt-lookup/run-times.ts';

/** @param byRows milliseconds of a run, which are measured already */
function timesOf(byRows: Record<number, number>): RunTimes {
  const times = new RunTimes();
  for (const [rows, milliseconds] of Object.entries(byRows))
    for (let run = 0; run < 3; run++) times.add(Number(rows), milliseconds);
  return times;
}

const quoted = Array.from({ length: 60 }, (_, at) => 100 + at);

function drafter(options: Partial<DrafterOptions> = {}, ids: readonly number[] = quoted): Drafter {
  const all = { mode: 'auto', times: new RunTimes(), vocabularySize: 1000, endTokens: new Set<number>() } as const;
  return new Drafter({ ...all, ...options }, ids);
}

/** Answers with `ids`. @returns how many tokens were drafted before each of them */
function drafted(of: Drafter, ids: readonly number[]): number[] {
  return ids.map((id) => {
    const { length } = of.draft(7);
    of.push(id);
    return length;
  });
}

describe('auto', () => {
  test('as many rows as pay: a row costs nothing, something, as much as a token', () => {
    const last = (times: RunTimes) => drafted(drafter({ times }), quoted.slice(0, 12)).at(-1);
    expect(last(timesOf({ 1: 20, 2: 20, 4: 20, 8: 20 }))).toBe(7);
    expect(last(timesOf({ 1: 20, 2: 22, 4: 24, 8: 70 }))).toBe(3);
    expect(last(timesOf({ 1: 20, 2: 40, 4: 80, 8: 160 }))).toBe(0);
  });

  test('off after wrong drafts, back on in a quote', () => {
    const times = timesOf({ 1: 20, 2: 24, 4: 32, 8: 48 });
    const of = drafter({ times });
    const wrong = Array.from({ length: 40 }, (_, at) => [100 + at, 101 + at, 900]).flat();
    const lengths = drafted(of, wrong);
    expect(Math.max(...lengths.slice(0, 10))).toBeGreaterThan(0);
    expect(Math.max(...lengths.slice(-10))).toBe(0);
    expect(drafted(of, quoted.slice(0, 30)).at(-1)).toBe(7);
  });

  test('tries three tokens where nothing is measured, in a match that is probably right', () => {
    const times = timesOf({ 1: 20 });
    const lengths = drafted(drafter({ times }), quoted.slice(0, 8));
    expect(lengths.slice(0, 3)).toEqual([0, 0, 0]);
    expect(lengths.at(-1)).toBe(3);
  });

  test('a slow first run does not decide', () => {
    const times = timesOf({ 1: 20 });
    times.add(4, 900);
    expect(times.cost(3)).toBeUndefined();
    times.add(4, 22);
    expect(times.cost(3)).toBeCloseTo(1.1);
    times.clear();
    expect(times.cost(3)).toBeUndefined();
  });

  test('sizes that were not measured cost a row what those that were do', () => {
    const times = timesOf({ 1: 20, 4: 50 });
    expect([times.cost(1), times.cost(7)]).toEqual([1.5, 4.5]);
  });
});

describe('on', () => {
  test('drafts whatever is found, whatever it takes', () => {
    const times = timesOf({ 1: 20, 2: 400, 4: 800, 8: 1600 });
    expect(drafted(drafter({ mode: 'on', times }), quoted.slice(0, 5)).slice(2)).toEqual([3, 3, 7]);
  });

  test('fewer after wrong drafts', () => {
    const of = drafter({ mode: 'on' });
    drafted(of, Array.from({ length: 40 }, (_, at) => [100 + at, 101 + at, 900]).flat());
    of.push(100);
    of.push(101);
    expect(of.draft(7)).toHaveLength(1);
  });

  test('no more than there is room for, none behind an end token', () => {
    const of = drafter({ mode: 'on', endTokens: new Set([104]) });
    of.push(100);
    of.push(101);
    expect(of.draft(2)).toEqual([102, 103]);
    expect(of.draft(7)).toEqual([102, 103, 104]);
    expect(of.draft(0)).toEqual([]);
  });

  test('ids beyond the vocabulary are no text', () => {
    const of = drafter({ mode: 'on', vocabularySize: 103 });
    of.push(100);
    of.push(101);
    expect(of.draft(7)).toEqual([102]);
  });
});

test('what is expected of a draft grows with the match', () => {
  const acceptance = new Acceptance();
  expect(acceptance.expectedTokens(2, 0)).toBe(1);
  expect(acceptance.expectedTokens(2, 1)).toBeCloseTo(1 + acceptance.of(2));
  expect(acceptance.expectedTokens(8, 7)).toBeGreaterThan(acceptance.expectedTokens(2, 7));
  const before = acceptance.of(2);
  acceptance.count(2, true);
  expect(acceptance.of(2)).toBeGreaterThan(before);
  for (let wrong = 0; wrong < 5; wrong++) acceptance.count(3, false);
  expect(acceptance.of(3)).toBeLessThan(acceptance.of(2));
});
