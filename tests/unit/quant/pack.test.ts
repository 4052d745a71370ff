import fc from 'fast-check';
import { expect, it } from 'vitest';
import { packCodes, packZeroPoints, unpackCodes, unpackZeroPoints, type CodeBits } from '#core/quant/pack.ts';

const bits = fc.constantFrom<CodeBits>(2, 3, 4, 8);

it('is a stream of bits from the lowest up, and comes back', () => {
  fc.assert(
    fc.property(bits, fc.array(fc.nat(), { minLength: 1, maxLength: 70 }), (width, picks) => {
      const codes = Uint8Array.from(picks, (pick) => pick % 2 ** width);
      const packed = packCodes(codes, width);
      let stream = 0n;
      codes.forEach((code, i) => (stream |= BigInt(code) << BigInt(i * width)));
      expect(packed).toHaveLength(Math.ceil((codes.length * width) / 8));
      packed.forEach((byte, i) => expect(byte).toBe(Number((stream >> BigInt(8 * i)) & 255n)));
      expect(unpackCodes(packed, width, codes.length)).toEqual(codes);
    }),
    { numRuns: 300 },
  );
});

it('begins each row of zero points at a whole byte', () => {
  expect([...packZeroPoints(Uint8Array.of(1, 2, 3, 4, 5, 6), 2, 4)]).toEqual([0x21, 0x03, 0x54, 0x06]);
  expect([...packZeroPoints(Uint8Array.of(1, 2, 3, 3, 2, 1), 2, 2)]).toEqual([0b111001, 0b011011]);
  fc.assert(
    fc.property(
      bits,
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 9 }),
      fc.nat(),
      (width, rows, blocks, seed) => {
        const points = Uint8Array.from({ length: rows * blocks }, (_, i) => (seed + i * 7) % 2 ** width);
        expect(unpackZeroPoints(packZeroPoints(points, rows, width), rows, blocks, width)).toEqual(points);
      },
    ),
  );
});

it('refuses bytes that are not those of so many codes', () => {
  expect(() => unpackCodes(new Uint8Array(15), 4, 32)).toThrow(RangeError);
  expect(() => packZeroPoints(new Uint8Array(5), 2, 4)).toThrow(RangeError);
});
