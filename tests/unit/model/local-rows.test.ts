/** The bookkeeping of local rows against a model that remembers which position each row holds. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LocalRows } from '../../../workers/engine/model/local-rows.ts';
import { rollbackTokens } from '#core/budget/kv-cache.ts';

type Step = { append: number } | { back: number };

test('after any steps every row that a token sees holds its position', () => {
  const steps = fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.record({ append: fc.integer({ min: 1, max: 40 }) }) },
      { weight: 1, arbitrary: fc.record({ back: fc.integer({ min: 0, max: 200 }) }) },
    ),
    { maxLength: 80 },
  );
  const sizes = { window: fc.integer({ min: 1, max: 30 }), spare: fc.integer({ min: 0, max: 120 }) };
  fc.assert(
    fc.property(fc.record(sizes), steps, ({ window, spare }, all: Step[]) => {
      const rows = new LocalRows(window, window - 1 + 40 + spare);
      /** Position at each row; what lies behind the filled rows is stale. */
      const held: number[] = [];
      let length = 0;
      for (const step of all) {
        if ('append' in step) {
          const move = rows.makeRoom(step.append);
          if (move) held.splice(0, move.count, ...held.slice(move.from, move.from + move.count));
          for (let token = 0; token < step.append; token++) held[rows.length + token] = length + token;
          expect(rows.length + step.append).toBeLessThanOrEqual(rows.rows);
          // What the first new token sees, and all behind it.
          for (let p = Math.max(0, length - window + 1); p < length + step.append; p++)
            expect(held[p - rows.start]).toBe(p);
          rows.append(step.append);
          length += step.append;
        } else {
          const to = Math.max(0, length - step.back);
          const sees = Math.max(0, to - window + 1);
          const isThere = rows.start <= sees && (to === 0 || held[sees - rows.start] === sees || sees === to);
          expect(rows.truncate(to)).toBe(to === 0 || isThere);
          length = isThere ? to : 0;
        }
        expect(rows.start + rows.length).toBe(length);
      }
    }),
    { numRuns: 300 },
  );
});

test('the reserve can be taken back right after rows have moved', () => {
  const rows = new LocalRows(16, 16 - 1 + rollbackTokens + 33);
  rows.append(rows.rows);
  expect(rows.makeRoom(1)).toEqual({ from: 33, count: 15 + rollbackTokens });
  expect(rows.truncate(rows.rows - rollbackTokens)).toBe(true);
  expect(rows.truncate(rows.rows - rollbackTokens - 1)).toBe(false);
  expect([rows.start, rows.length]).toEqual([0, 0]);
});

test('what cannot be is refused', () => {
  expect(() => new LocalRows(16, 15)).toThrow('15 rows cannot hold a window of 16 positions');
  const rows = new LocalRows(16, 20);
  rows.append(18);
  expect(() => rows.append(3)).toThrow('no room was made for 3 tokens');
  expect(() => rows.makeRoom(6)).toThrow('6 new tokens and 15 before them do not fit into 20 rows');
  expect(() => rows.truncate(19)).toThrow('position 19 is behind the last, 18');
});
