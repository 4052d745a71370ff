import { expect, test } from 'vitest';
import { advance, startOpening } from '../../../src/workers/opening.ts';

const step = (file: string, doneBytes: number, totalBytes: number) =>
  ({ type: 'progress', phase: 'download', file, doneBytes, totalBytes }) as const;

test('bytes add up over the files of a phase', () => {
  let opening = advance(startOpening('m'), step('a', 10, 100), 0);
  opening = advance(opening, step('b', 5, 50), 100);
  opening = advance(opening, step('a', 60, 100), 200);
  expect([opening.doneBytes, opening.totalBytes, opening.files.length]).toEqual([65, 150, 2]);
});

test('time left goes by what came since the phase began, not by what an earlier visit left', () => {
  let opening = advance(startOpening('m'), step('a', 500, 1000), 0);
  expect(opening.secondsLeft).toBeUndefined();
  opening = advance(opening, step('a', 600, 1000), 2000);
  expect(opening.secondsLeft).toBeCloseTo(8);
});

test('a new phase starts its own count', () => {
  const downloaded = advance(startOpening('m'), step('a', 1000, 1000), 0);
  const weights = advance(downloaded, { ...step('a', 10, 1000), phase: 'weights' }, 5000);
  expect([weights.phase, weights.doneBytes, weights.phaseStart]).toEqual(['weights', 10, 5000]);
});

test('the rate follows the last seconds, and leaves out what a file had at its first report', () => {
  let opening = advance(startOpening('m'), step('a', 0, 1_000_000), 0);
  for (let second = 1; second <= 20; second++)
    opening = advance(opening, step('a', second * 1000, 1_000_000), second * 1000);
  expect(opening.bytesPerSecond).toBeCloseTo(1000);
  opening = advance(opening, step('b', 400_000, 500_000), 20_000);
  expect(opening.bytesPerSecond).toBeCloseTo(1000);
  for (let second = 21; second <= 32; second++)
    opening = advance(opening, step('a', 20_000 + (second - 20) * 5000, 1_000_000), second * 1000);
  expect(opening.bytesPerSecond).toBeCloseTo(5000);
  expect(opening.secondsLeft).toBeCloseTo((1_500_000 - 80_000 - 400_000) / 5000);
  // Samples of a quarter of an hour are not all kept.
  for (let step_ = 0; step_ < 1000; step_++)
    opening = advance(opening, step('a', 90_000, 1_000_000), 33_000 + step_ * 50);
  expect(opening.arrivals.length).toBeLessThan(30);
});
