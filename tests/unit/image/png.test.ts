import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { greyscalePng } from '#core/image/png.ts';
import { drawPhantom } from '#core/phantoms/draw.ts';
import { SIDE } from '#core/phantoms/phantom.ts';
import { renderPhantom } from '#core/phantoms/render.ts';
import { phantomSeed } from '#core/phantoms/sets.ts';

async function decoded(png: Uint8Array) {
  const { data, info } = await sharp(png).extractChannel(0).raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, grey: data };
}

describe('greyscale PNG files', () => {
  it.each([1, 2, 3])('a phantom comes back pixel for pixel (%i)', async (index) => {
    const pixels = renderPhantom(drawPhantom(phantomSeed('page', 5, index)));
    const { width, height, grey } = await decoded(greyscalePng(pixels, SIDE, SIDE));
    expect([width, height]).toEqual([SIDE, SIDE]);
    expect(grey.equals(pixels)).toBe(true);
  });

  // 300 × 300 takes two stored blocks.
  it.each([
    [1, 1],
    [7, 3],
    [300, 300],
  ])('any size, every grey level: %i × %i', async (width, height) => {
    const pixels = Uint8Array.from({ length: width * height }, (_, at) => (at * 7) % 256);
    const file = await decoded(greyscalePng(pixels, width, height));
    expect(file).toMatchObject({ width, height });
    expect(file.grey.equals(pixels)).toBe(true);
  });

  it('refuses pixels that are no such image', () => {
    expect(() => greyscalePng(new Uint8Array(5), 2, 3)).toThrow('5 pixels do not fit an image of 2 × 3');
    expect(() => greyscalePng(new Uint8Array(0), 0, 0)).toThrow(RangeError);
  });
});
