import { describe, expect, test } from 'vitest';
import { newRow } from '#core/embedding/new-row.ts';

const rows = [Float32Array.of(1, 2, 3), Float32Array.of(3, 2, -3), Float32Array.of(3, 2, -3)];

describe('a new row', () => {
  test('is the mean, a subword that occurs twice counted twice', () => {
    const third = Math.fround(7 / 3);
    expect(newRow('mean', rows, 1, 0.02)).toEqual(Float32Array.of(third, 2, -1));
  });

  test('is a copy of the first', () => {
    const row = newRow('first', rows, 1, 0.02);
    expect(row).toEqual(rows[0]);
    row[0] = 9;
    expect(rows[0]?.[0]).toBe(1);
  });

  test('is random by its id alone: normal, with the deviation that is asked for', () => {
    const wide = [new Float32Array(20_001)];
    const row = newRow('random', wide, 5, 0.5);
    expect(newRow('random', [new Float32Array(20_001).fill(1)], 5, 0.5)).toEqual(row);
    expect(newRow('random', wide, 6, 0.5)).not.toEqual(row);
    const moment = (power: number) => row.reduce((sum, value) => sum + (value / 0.5) ** power, 0) / row.length;
    // Standard errors of 20,001 draws: 0.007, 0.01, 0.07.
    expect(Math.abs(moment(1))).toBeLessThan(0.03);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.04);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.3);
    expect(row.every((value) => Number.isFinite(value))).toBe(true);
  });

  test('needs a subword', () => {
    expect(() => newRow('mean', [], 7, 0.02)).toThrow('token 7 has no subwords');
  });
});
