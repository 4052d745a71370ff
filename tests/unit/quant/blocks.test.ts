import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dequantizeRows, quantizeRows } from '#core/quant/blocks.ts';
import type { BlockBits, BlockFormat } from '#core/quant/blocks.ts';

const format: fc.Arbitrary<BlockFormat> = fc.record({
  bits: fc.constantFrom<BlockBits>(2, 4, 8),
  blockSize: fc.constantFrom(16, 32, 64),
  scaleType: fc.constantFrom('fp32', 'fp16'),
});

/** Rows of normal size, of one outlier among small ones, of zeros, and of any finite float32. */
function rows(columns: number): fc.Arbitrary<Float32Array> {
  const size = { minLength: columns, maxLength: columns };
  const row = fc.oneof(
    fc.float32Array({ ...size, min: -1, max: 1, noNaN: true }),
    fc.float32Array({ ...size, noNaN: true, noDefaultInfinity: true }),
    fc.tuple(fc.nat({ max: columns - 1 }), fc.float({ min: -100, max: 100, noNaN: true })).map(([at, outlier]) => {
      const values = Float32Array.from({ length: columns }, (_, i) => Math.sin(i) / 100);
      values[at] = outlier;
      return values;
    }),
    fc.constant(new Float32Array(columns)),
  );
  return fc.array(row, { minLength: 1, maxLength: 3 }).map((list) => {
    const values = new Float32Array(list.length * columns);
    list.forEach((one, i) => values.set(one, i * columns));
    return values;
  });
}

const matrix = fc
  .tuple(format, fc.integer({ min: 1, max: 3 }))
  .chain(([chosen, blocks]) =>
    rows(chosen.blockSize * blocks).map((values) => ({ format: chosen, columns: chosen.blockSize * blocks, values })),
  );

describe('quantizeRows', () => {
  it('keeps each weight within its error bound', () => {
    fc.assert(
      fc.property(matrix, ({ format, columns, values }) => {
        const { packed, scales, scaleOverflow } = quantizeRows(values, columns, format);
        if (scaleOverflow >= 0) return;
        const restored = dequantizeRows(packed, scales, format);
        const zeroPoint = 2 ** (format.bits - 1);
        values.forEach((value, i) => {
          const scale = scales[Math.floor(i / format.blockSize)] ?? NaN;
          // On the axis of codes: −zeroPoint … zeroPoint − 1 are there, what lies beyond goes to the end.
          const reach = (value * Math.sign(scale) > 0 ? zeroPoint - 1 : zeroPoint) * Math.abs(scale);
          const bound = Math.max(Math.abs(scale) / 2, Math.abs(value) - reach);
          // Two roundings to float32: of value/scale, and of code · scale.
          const slack = 2 ** -22 * Math.abs(value);
          expect(Math.abs((restored[i] ?? NaN) - value)).toBeLessThanOrEqual(bound + slack);
          if (format.scaleType === 'fp32')
            expect(bound).toBeLessThanOrEqual(Math.abs(scale) * (1 + 2 ** -22) + 2 ** -148 * zeroPoint);
        });
      }),
      { numRuns: 1000 },
    );
  });

  it('returns representable weights unchanged', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<BlockBits>(2, 4, 8),
        fc.constantFrom('fp32' as const, 'fp16' as const),
        fc.integer({ min: -8, max: 4 }),
        fc.constantFrom(1, -1),
        fc.array(fc.nat(), { minLength: 64, maxLength: 64 }),
        (bits, scaleType, exponent, sign, picks) => {
          const levels = 2 ** bits;
          const scale = sign * 2 ** exponent;
          const codes = picks.map((pick) => pick % levels);
          // The end of the range must be in each block, or another scale would be found.
          codes[0] = 0;
          codes[32] = 0;
          const values = Float32Array.from(codes, (code) => (code - levels / 2) * scale);
          const format: BlockFormat = { bits, blockSize: 32, scaleType };
          const { packed, scales } = quantizeRows(values, 64, format);
          // A block that also holds +levels/2 has no sign of its own; with codes up to levels/2 − 1 it does.
          expect([...scales]).toEqual([scale, scale]);
          expect(dequantizeRows(packed, scales, format)).toEqual(values);
          const perByte = 8 / bits;
          const expected = new Array<number>((64 * bits) / 8).fill(0);
          codes.forEach((code, i) => {
            const byte = Math.floor(i / perByte);
            expected[byte] = (expected[byte] ?? NaN) + code * levels ** (i % perByte);
          });
          expect([...packed]).toEqual(expected);
        },
      ),
    );
  });

  it.each([2, 4, 8] as const)('stores a block of zeros as zero points (%i bits)', (bits) => {
    const { packed, scales } = quantizeRows(new Float32Array(32), 32, { bits, blockSize: 32, scaleType: 'fp32' });
    expect([...scales]).toEqual([0]);
    expect(new Set(packed)).toEqual(new Set([{ 2: 0xaa, 4: 0x88, 8: 0x80 }[bits]]));
  });

  it('takes the largest finite weights in fp32 and reports the block whose scale fp16 cannot hold', () => {
    const values = new Float32Array(64).fill(1);
    values[40] = 3.4e38;
    const wide = { bits: 4, blockSize: 32, scaleType: 'fp32' } as const;
    const { packed, scales, scaleOverflow } = quantizeRows(values, 64, wide);
    expect(scaleOverflow).toBe(-1);
    const restored = dequantizeRows(packed, scales, wide);
    expect(restored[40]).toBe(values[40]);
    expect(restored[0]).toBe(1);
    expect(quantizeRows(values, 64, { ...wide, scaleType: 'fp16' }).scaleOverflow).toBe(1);
  });

  it('gives what ONNX Runtime gives', () => {
    // onnxruntime 1.30, quantize_matmul_4bits and _8bits, symmetric, of w[i] = sin(i·i) for i < 32.
    const values = Float32Array.from({ length: 32 }, (_, i) => Math.sin(i * i));
    const four = quantizeRows(values, 32, { bits: 4, blockSize: 32, scaleType: 'fp32' });
    const eight = quantizeRows(values, 32, { bits: 8, blockSize: 32, scaleType: 'fp32' });
    expect(four.scales[0]).toBe(0.12490100413560867);
    expect(Buffer.from(four.packed).toString('hex')).toBe('f8b276003ff4341f80a5f1fa9194205f');
    expect(eight.scales[0]).toBe(0.007806312758475542);
    expect(Buffer.from(eight.packed).toString('hex')).toBe(
      '80ec1fb55b6f0106f62f3fff4133f809007d4ca413f699f80f973c930218ff57',
    );
  });

  it('leaves four values a block at 2 bits', () => {
    const values = Float32Array.from({ length: 16 }, (_, i) => (i - 8) / 8);
    const format: BlockFormat = { bits: 2, blockSize: 16, scaleType: 'fp32' };
    const { packed, scales } = quantizeRows(values, 16, format);
    // The largest is −1; +1 cannot be written, and becomes +0.5.
    expect([...scales]).toEqual([0.5]);
    expect([...dequantizeRows(packed, scales, format)]).toEqual([
      ...[-1, -1, -0.5, -0.5, -0.5, -0.5, 0, 0],
      ...[0, 0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
    ]);
    expect(Buffer.from(packed).toString('hex')).toBe('50a5faff');
  });

  it('refuses a matrix that the block does not divide', () => {
    const format: BlockFormat = { bits: 4, blockSize: 32, scaleType: 'fp32' };
    expect(() => quantizeRows(new Float32Array(48), 48, format)).toThrow(RangeError);
    expect(() => quantizeRows(new Float32Array(65), 32, format)).toThrow(RangeError);
    expect(() => dequantizeRows(new Uint8Array(15), new Float32Array(1), format)).toThrow(RangeError);
  });
});
