import fc from 'fast-check';
import { expect, it } from 'vitest';
import { byteRange } from '#core/offline/byte-range.ts';

it.each([
  ['bytes=0-0', { first: 0, last: 0 }],
  ['bytes=2-5', { first: 2, last: 5 }],
  ['bytes=7-', { first: 7, last: 9 }],
  ['bytes=7-100', { first: 7, last: 9 }],
  ['bytes=-3', { first: 7, last: 9 }],
  ['bytes=-100', { first: 0, last: 9 }],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  // Ignored, so that the answer is the whole file.
  ['bytes=5-2', undefined],
  ['bytes=0-1,4-5', undefined],
  ['items=0-1', undefined],
  ['bytes=-', undefined],
])('%s of ten bytes', (header, range) => {
  expect(byteRange(header, 10)).toEqual(range);
});

it('a range lies within the file', () => {
  fc.assert(
    fc.property(fc.nat(100), fc.option(fc.nat(120)), fc.option(fc.nat(120)), (size, from, to) => {
      const range = byteRange(`bytes=${from ?? ''}-${to ?? ''}`, size);
      if (typeof range !== 'object') return;
      expect(range.first).toBeGreaterThanOrEqual(0);
      expect(range.last).toBeGreaterThanOrEqual(range.first);
      expect(range.last).toBeLessThan(size);
      if (from !== null) expect(range.first).toBe(from);
    }),
  );
});

it('an empty file has no part', () => {
  expect(byteRange('bytes=0-', 0)).toBe('unsatisfiable');
});
