import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFloats, encodeBfloat16, encodeHalf } from '#core/safetensors/dtype.ts';

const halves = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
const halfValues = decodeFloats(new Uint8Array(halves.buffer), 'F16');
/** Finite, non-negative binary16 values in order; their index is their bit pattern. */
const ladder = halfValues.subarray(0, 0x7c00);

function encodeOne(value: number): { bits: number; overflow: number } {
  const out = new Uint16Array(1);
  const overflow = encodeHalf(Float32Array.of(value), out);
  return { bits: out[0] ?? -1, overflow };
}

const float32 = fc.oneof(
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.float({ noNaN: true, min: -2, max: 2 }),
  fc.float({ noNaN: true, min: Math.fround(-1e-4), max: Math.fround(1e-4) }),
  fc.float({ noNaN: true, min: -65600, max: 65600 }),
);

describe('binary16', () => {
  it('decodes the values of IEEE 754', () => {
    expect([0x0000, 0x0001, 0x03ff, 0x0400, 0x3c00, 0x3555, 0x7bff, 0xc000].map((bits) => halfValues[bits])).toEqual([
      0,
      2 ** -24,
      1023 * 2 ** -24,
      2 ** -14,
      1,
      0.333251953125,
      65504,
      -2,
    ]);
    expect(halfValues[0x7c00]).toBe(Infinity);
    expect(halfValues[0xfc00]).toBe(-Infinity);
    expect(halfValues[0x7e00]).toBeNaN();
    expect(Object.is(halfValues[0x8000], -0)).toBe(true);
  });

  it('encodes every decoded value to its own bits', () => {
    const out = new Uint16Array(65536);
    expect(encodeHalf(halfValues, out)).toBe(-1);
    const wrong = out.findIndex((bits, i) => bits !== i && !Number.isNaN(halfValues[i]));
    expect(wrong).toBe(-1);
    expect(out.every((bits, i) => !Number.isNaN(halfValues[i]) || (bits & 0x7fff) > 0x7c00)).toBe(true);
  });

  it('rounds to the nearest, ties to even', () => {
    fc.assert(
      fc.property(float32, (value) => {
        const { bits, overflow } = encodeOne(value);
        const magnitude = Math.abs(value);
        expect(bits >> 15).toBe(Object.is(value, -0) || value < 0 ? 1 : 0);
        if (magnitude >= 65520) {
          expect(bits & 0x7fff).toBe(0x7c00);
          expect(overflow).toBe(0);
          return;
        }
        expect(overflow).toBe(-1);
        const code = bits & 0x7fff;
        const error = Math.abs((ladder[code] ?? NaN) - magnitude);
        for (const neighbour of [code - 1, code + 1]) {
          const distance = Math.abs((ladder[neighbour] ?? (neighbour < 0 ? Infinity : 65536)) - magnitude);
          expect(distance).toBeGreaterThanOrEqual(error);
          if (distance === error) expect(code & 1).toBe(0);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it('rounds halfway points to even', () => {
    for (const code of [0, 1, 2, 0x3fe, 0x3ff, 0x400, 0x401, 0x3c00, 0x3c01, 0x7bfd, 0x7bfe]) {
      const middle = ((ladder[code] ?? 0) + (ladder[code + 1] ?? 0)) / 2;
      expect(encodeOne(middle).bits).toBe(code + (code & 1));
    }
  });

  it('reports the first finite value that does not fit', () => {
    const out = new Uint16Array(4);
    expect(encodeHalf(Float32Array.of(1, Infinity, -65520, 1e30), out)).toBe(2);
    expect([...out]).toEqual([0x3c00, 0x7c00, 0xfc00, 0x7c00]);
    expect(encodeOne(65519.99).bits).toBe(0x7bff);
  });
});

describe('bfloat16', () => {
  it('decodes every pattern as the upper half of a float32, at any alignment', () => {
    const bytes = new Uint8Array(131073);
    bytes.set(new Uint8Array(halves.buffer), 1);
    const values = decodeFloats(bytes.subarray(1), 'BF16');
    const view = new DataView(new ArrayBuffer(4));
    for (let bits = 0; bits < 65536; bits++) {
      view.setUint32(0, bits * 65536);
      if (!Object.is(values[bits], view.getFloat32(0))) throw new Error(`pattern ${bits}: ${values[bits]}`);
    }
    const out = new Uint16Array(65536);
    encodeBfloat16(values, out);
    expect(out.findIndex((bits, i) => bits !== i && !Number.isNaN(values[i]))).toBe(-1);
  });

  it('rounds to the nearest, ties to even', () => {
    const out = new Uint16Array(1);
    fc.assert(
      fc.property(
        fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e38), max: Math.fround(1e38) }),
        (value) => {
          encodeBfloat16(Float32Array.of(value), out);
          const code = out[0] ?? 0;
          const [low, rounded, high] = decodeFloats(
            new Uint8Array(Uint16Array.of(code - 1, code, code + 1).buffer),
            'BF16',
          );
          const error = Math.abs((rounded ?? NaN) - value);
          if ((code & 0x7fff) === 0) return;
          expect(Math.abs((low ?? NaN) - value)).toBeGreaterThanOrEqual(error);
          expect(Math.abs((high ?? NaN) - value)).toBeGreaterThanOrEqual(error);
          if (Math.abs((high ?? NaN) - value) === error && error > 0) expect(code & 1).toBe(0);
        },
      ),
    );
  });
});

describe('float32', () => {
  it('is copied from any alignment', () => {
    fc.assert(
      fc.property(fc.float32Array({ noNaN: true }), fc.nat({ max: 3 }), (values, shift) => {
        const bytes = new Uint8Array(values.byteLength + shift);
        bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), shift);
        expect(decodeFloats(bytes.subarray(shift), 'F32')).toEqual(values);
      }),
    );
  });

  it('refuses half an element, and the wrong place', () => {
    expect(() => decodeFloats(new Uint8Array(7), 'F32')).toThrow(RangeError);
    expect(() => decodeFloats(new Uint8Array(8), 'F32', new Float32Array(1))).toThrow(RangeError);
  });
});
