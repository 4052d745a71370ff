import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { Resizer, resize } from '#core/image/resize.ts';

const images = new URL('../../fixtures/images/', import.meta.url);

/** Decodes only; sharp's own resize is not used. */
async function decode(name: string) {
  const { data, info } = await sharp(await readFile(new URL(name, images)))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect(info.channels).toBe(3);
  return { pixels: new Uint8Array(data), width: info.width, height: info.height };
}

function difference(a: Uint8Array, b: Uint8Array) {
  expect(a.length).toBe(b.length);
  let sum = 0;
  let largest = 0;
  let beyond4 = 0;
  for (const [i, value] of a.entries()) {
    const distance = Math.abs(value - (b[i] ?? NaN));
    sum += distance;
    largest = Math.max(largest, distance);
    if (!(distance <= 4)) beyond4++;
  }
  return { mean: sum / a.length, largest, beyond4: beyond4 / a.length };
}

describe('resize', () => {
  // The PNGs are Hugging Face's. Only the JPEG decoder differs from the reference's (libvips against Pillow).
  it.each(['landscape-1500x1000', 'small-320x427'])('%s as the reference processor', async (name) => {
    const source = await decode(`${name}.jpg`);
    const expected = await decode(`${name}.expected-896.png`);
    const started = performance.now();
    const resized = resize(source.pixels, 3, source, { width: 896, height: 896 });
    const milliseconds = performance.now() - started;
    const { mean, largest, beyond4 } = difference(resized, expected.pixels);
    console.info(`${name}: mean ${mean.toFixed(5)}/255, largest ${largest}/255, ${milliseconds.toFixed(0)} ms`);
    expect(mean).toBeLessThan(0.05);
    expect(largest).toBeLessThanOrEqual(4);
    expect(beyond4).toBe(0);
  });

  it('is what Pillow computes, value for value', () => {
    // Image.frombytes('RGB', (7, 5), bytes((i * 37 + i * i * 11) % 256 for i in range(105))).resize((w, h), Image.BILINEAR)
    const pixels = Uint8Array.from({ length: 105 }, (_, i) => (i * 37 + i * i * 11) % 256);
    const source = { width: 7, height: 5 };
    expect([...resize(pixels, 3, source, { width: 3, height: 2 })]).toEqual(PILLOW_3X2);
    expect([...resize(pixels, 3, source, { width: 9, height: 2 })]).toEqual(PILLOW_9X2);
    expect([...resize(pixels, 3, source, source)]).toEqual([...pixels]);
  });

  it('keeps a flat colour, drops alpha, and takes bands of any height', () => {
    const [width, height] = [13, 31];
    const flat = Uint8Array.from({ length: width * height * 4 }, (_, i) => [200, 0, 255, 7][i % 4] ?? 0);
    const whole = resize(flat, 4, { width, height }, { width: 8, height: 5 });
    expect([...whole]).toEqual(Array.from({ length: 40 }, () => [200, 0, 255]).flat());

    const noise = Uint8Array.from({ length: width * height * 4 }, (_, i) => (i * 7919) % 256);
    const banded = new Resizer(width, height, 8, 5);
    for (let row = 0; row < height; row += 4) {
      banded.push(noise.subarray(row * width * 4, Math.min(row + 4, height) * width * 4), 4);
    }
    expect(banded.finish()).toEqual(resize(noise, 4, { width, height }, { width: 8, height: 5 }));
  });

  it('refuses wrong sizes', () => {
    expect(() => new Resizer(0, 1, 1, 1)).toThrow(RangeError);
    expect(() => new Resizer(2, 2, 1, 1).push(new Uint8Array(5), 3)).toThrow(RangeError);
    expect(() => new Resizer(2, 2, 1, 1).push(new Uint8Array(18), 3)).toThrow(RangeError);
    expect(() => new Resizer(2, 2, 1, 1).finish()).toThrow(/2 rows, 0 were given/);
  });
});

const PILLOW_3X2 = [138, 128, 148, 113, 146, 163, 187, 118, 107, 155, 144, 152, 94, 133, 189, 160, 145, 136];
const PILLOW_9X2 = [
  161, 159, 86, 139, 127, 160, 124, 110, 178, 109, 127, 157, 74, 189, 162, 130, 142, 167, 187, 115, 153, 204, 112, 104,
  175, 127, 31, 157, 136, 149, 167, 137, 132, 149, 153, 163, 99, 162, 204, 31, 127, 175, 116, 109, 209, 156, 118, 178,
  166, 149, 122, 162, 189, 74,
];
