/** Lookup of the last tokens: against a search of the whole sequence, and the cases that a search does not show. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NgramLookup, noToken } from '#core/prompt-lookup/ngram-lookup.ts';

function lookupOf(...ids: number[]): NgramLookup {
  const lookup = new NgramLookup();
  lookup.push(...ids);
  return lookup;
}

test('drafts what followed the last two tokens', () => {
  const lookup = lookupOf(1, 2, 3, 4, 5, 9, 1, 2);
  expect(lookup.match).toEqual({ at: 2, length: 2 });
  expect(lookup.draft(3)).toEqual([3, 4, 5]);
});

test('nothing where the last two tokens are new', () => {
  const lookup = lookupOf(1, 2, 3, 4, 2);
  expect(lookup.match).toBeUndefined();
  expect(lookup.draft(3)).toEqual([]);
});

test('the longest match, of equal ones the newest', () => {
  expect(lookupOf(7, 1, 2, 3, 8, 1, 2, 4, 7, 1, 2).draft(1)).toEqual([3]);
  expect(lookupOf(7, 1, 2, 3, 8, 1, 2, 4, 6, 1, 2).draft(1)).toEqual([4]);
});

test('a draft that reaches the end goes on with itself', () => {
  expect(lookupOf(5, 1, 2, 1, 2).draft(5)).toEqual([1, 2, 1, 2, 1]);
  expect(lookupOf(5, 5, 5).draft(3)).toEqual([5, 5, 5]);
});

test('images are neither matched nor drafted', () => {
  expect(lookupOf(noToken, noToken, 3, 4, noToken, noToken).match).toBeUndefined();
  expect(lookupOf(1, 2, noToken, 9, 1, 2).match).toBeUndefined();
  expect(lookupOf(1, 2, 3, noToken, 9, 1, 2).draft(4)).toEqual([3]);
  expect(lookupOf(3, noToken, 1, 2, 8, 3, 7, 1, 2).match).toEqual({ at: 4, length: 2 });
});

test('a copy goes on where the last pair stands in more places than are compared', () => {
  const many = Array.from({ length: 12 }, (_, at) => [1, 2, 100 + at]).flat();
  // The quoted place is older than all of them.
  const lookup = lookupOf(50, 51, 1, 2, 60, 61, ...many, 50, 51, 1, 2);
  expect(lookup.draft(2)).toEqual([60, 61]);
});

test('as a search of the whole sequence', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 24 }), (ids) => {
      const lookup = lookupOf(...ids);
      const lengthAt = (at: number) => {
        let length = 0;
        while (length < at && ids[at - 1 - length] === ids[ids.length - 1 - length]) length++;
        return length;
      };
      const places = ids.map((_, at) => at).filter((at) => at < ids.length && lengthAt(at) >= 2);
      const { match } = lookup;
      expect(match === undefined).toBe(places.length === 0);
      if (!match) return;
      expect(match.length).toBe(lengthAt(match.at));
      // Of the newest 8 and the place that the match before came from.
      const newest = places.slice(-8);
      expect(match.length).toBeGreaterThanOrEqual(Math.max(...newest.map(lengthAt)));
      expect(lookup.draft(1)).toEqual([ids[match.at]]);
    }),
    { numRuns: 500 },
  );
});
