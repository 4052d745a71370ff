import { wrap } from 'comlink';
import { afterAll, describe, expect, it } from 'vitest';
import { greyscalePng } from '#core/image/png.ts';
import { drawPhantom } from '#core/phantoms/draw.ts';
import { SIDE } from '#core/phantoms/phantom.ts';
import { renderPhantom } from '#core/phantoms/render.ts';
import { phantomSeed } from '#core/phantoms/sets.ts';
import type { ImageWorkerApi } from './image.worker.ts';
import landscape from '../fixtures/images/landscape-1500x1000.jpg?url';
import landscapeExpected from '../fixtures/images/landscape-1500x1000.expected-896.png?url';
import small from '../fixtures/images/small-320x427.jpg?url';
import smallExpected from '../fixtures/images/small-320x427.expected-896.png?url';
import corrupt from '../fixtures/cases/images/corrupt.jpg?url';
import empty from '../fixtures/cases/images/empty.png?url';
import svg from '../fixtures/cases/images/logo.svg?url';
import heic from '../fixtures/cases/images/photo.heic?url';
import tiff from '../fixtures/cases/images/plain.tiff?url';
import kinds from '../fixtures/images/kinds.json';
import { bytesOfCases } from '../reference/image-case.ts';
import { greyPng, withOrientation } from './image-files.ts';

const worker = new Worker(new URL('./image.worker.ts', import.meta.url), { type: 'module' });
const images = wrap<ImageWorkerApi>(worker);
afterAll(() => worker.terminate());

const fetchBlob = async (url: string) => (await fetch(url)).blob();

async function resized(image: Blob, size: number): Promise<Uint8Array> {
  const result = await images.resized(image, 'test', size);
  if (!(result instanceof Uint8Array)) throw new Error(JSON.stringify(result));
  return result;
}

/** Distances in steps of 1/255. */
function difference(actual: ArrayLike<number>, expected: ArrayLike<number>) {
  expect(actual.length).toBe(expected.length);
  let [sum, largest, within4] = [0, 0, 0];
  for (let i = 0; i < expected.length; i++) {
    const distance = Math.abs((actual[i] ?? NaN) - (expected[i] ?? NaN));
    sum += distance;
    largest = Math.max(largest, distance);
    if (distance <= 4) within4++;
  }
  return { mean: sum / expected.length, largest, within4: within4 / expected.length };
}

/** Lossless at its own size: only the PNG decoder is at work. */
const readReference = async (url: string) => resized(await fetchBlob(url), 896);

describe('image files to pixel values', () => {
  it('a phantom that the page draws reaches the model pixel for pixel', async () => {
    const phantom = drawPhantom(phantomSeed('page', 7, 1));
    const file = new File([greyscalePng(renderPhantom(phantom), SIDE, SIDE)], 'phantom.png', { type: 'image/png' });
    const grey = renderPhantom(phantom);
    const rgb = await resized(file, SIDE);
    expect(rgb.length).toBe(SIDE * SIDE * 3);
    expect(rgb.findIndex((value, at) => value !== grey[Math.floor(at / 3)])).toBe(-1);
  });

  it.each([
    ['landscape-1500x1000.jpg', landscape, landscapeExpected],
    ['small-320x427.jpg', small, smallExpected],
  ])('%s as the reference processor', async (name, url, expectedUrl) => {
    const expected = await readReference(expectedUrl);
    const started = performance.now();
    const values = await images.pixelValues(await fetchBlob(url), name, 896);
    const milliseconds = performance.now() - started;
    // [3, h, w] in −1…1 back to [h, w, 3] in 0…255
    const plane = 896 * 896;
    const rgb = Float32Array.from({ length: plane * 3 }, (_, i) => {
      return ((values[(i % 3) * plane + Math.floor(i / 3)] ?? NaN) * 0.5 + 0.5) * 255;
    });
    const { mean, largest, within4 } = difference(rgb, expected);
    console.info(
      `${name}: mean difference ${mean.toFixed(4)}/255, largest ${largest.toFixed(1)}/255, ` +
        `${(within4 * 100).toFixed(3)} % within 4/255, ${milliseconds.toFixed(0)} ms`,
    );
    expect(within4).toBeGreaterThanOrEqual(0.999);
    expect(mean).toBeLessThan(1);
  });

  it('reads PNG and WebP', async () => {
    const bitmap = await createImageBitmap(await fetchBlob(small));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
    const reference = await resized(await fetchBlob(small), 64);

    const png = await canvas.convertToBlob({ type: 'image/png' });
    expect(png.type).toBe('image/png');
    expect(difference(await resized(png, 64), reference).largest).toBeLessThanOrEqual(1);

    const webp = await canvas.convertToBlob({ type: 'image/webp', quality: 0.95 });
    expect(webp.type).toBe('image/webp');
    const { mean, largest } = difference(await resized(webp, 64), reference);
    console.info(`WebP at quality 0.95: mean difference ${mean.toFixed(3)}/255, largest ${largest}/255`);
    expect(mean).toBeLessThan(2);
  });

  it('drops alpha without darkening', async () => {
    const canvas = new OffscreenCanvas(16, 16);
    const context = canvas.getContext('2d');
    if (!context) throw new Error('no canvas');
    context.fillStyle = 'rgba(200, 100, 40, 0.5)';
    context.fillRect(0, 0, 16, 16);
    const pixels = await resized(await canvas.convertToBlob({ type: 'image/png' }), 4);
    // The canvas that wrote the file premultiplied, and at alpha 128 rounds by at most one step.
    expect(difference(pixels, Array.from({ length: 16 }, () => [200, 100, 40]).flat()).largest).toBeLessThanOrEqual(1);
  });
});

describe('every kind as Pillow reads it', () => {
  it.each(bytesOfCases(kinds))('$name', async ({ name, file, width, height, rgb, tolerance }) => {
    const result = await images.decoded(new Blob([file]), name);
    if (!result.rgb || !result.notes) throw new Error(JSON.stringify(result));
    expect([result.width, result.height]).toEqual([width, height]);
    expect(difference(result.rgb, rgb).largest).toBeLessThanOrEqual(tolerance);
    expect(result.notes.map(({ code }) => code)).toEqual([
      ...(/16, (8|10|12) used/.test(name) ? ['sixteen-bits'] : []),
      ...(name.endsWith('animated') ? ['first-frame'] : []),
      ...(/alpha|rgba|tRNS|transparent/.test(name) ? ['transparency'] : []),
    ]);
  });

  it.each(['jpeg', 'jpeg progressive', 'webp lossless', 'bmp', 'png rgb', 'gif', 'avif'])(
    'a file that is cut off is refused, not filled up: %s',
    async (name) => {
      const file = bytesOfCases(kinds).find((one) => one.name === name)?.file ?? Uint8Array.of();
      const result = await images.decoded(new Blob([file.subarray(0, file.length * 0.8)]), name);
      expect(result).toMatchObject({ code: 'image-unreadable', detail: { name } });
    },
  );

  it.each([
    ['photo.heic', heic, 'image-kind', { kind: 'heic' }],
    ['plain.tiff', tiff, 'image-kind', { kind: 'tiff' }],
    ['logo.svg', svg, 'image-kind', { kind: 'svg' }],
    ['corrupt.jpg', corrupt, 'image-unreadable', { reason: 'the file is cut off' }],
    ['empty.png', empty, 'image-unreadable', { reason: 'empty file' }],
  ])('%s', async (name, url, code, detail) => {
    expect(await images.decoded(await fetchBlob(url), name)).toMatchObject({ code, detail: { name, ...detail } });
  });

  it('a JPEG that is named .png and typed so is a JPEG', async () => {
    const jpeg = bytesOfCases(kinds).find(({ name }) => name === 'jpeg');
    if (!jpeg) throw new Error('no case');
    const result = await images.decoded(new File([jpeg.file], 'x.png', { type: 'image/png' }), 'x.png');
    expect(result).toMatchObject({ width: jpeg.width, height: jpeg.height });
  });
});

describe('EXIF orientation', () => {
  // Four flat quadrants, so that no JPEG block mixes two colours.
  const colours = { red: [255, 0, 0], lime: [0, 255, 0], blue: [0, 0, 255], white: [255, 255, 255] };
  type Colour = keyof typeof colours;
  const stored: readonly Colour[] = ['red', 'lime', 'blue', 'white'];

  // What stands top left, top right, bottom left, bottom right once upright; EXIF 2.3, tag 274.
  const upright: Record<number, readonly Colour[]> = {
    1: ['red', 'lime', 'blue', 'white'],
    2: ['lime', 'red', 'white', 'blue'],
    3: ['white', 'blue', 'lime', 'red'],
    4: ['blue', 'white', 'red', 'lime'],
    5: ['red', 'blue', 'lime', 'white'],
    6: ['blue', 'red', 'white', 'lime'],
    7: ['white', 'lime', 'blue', 'red'],
    8: ['lime', 'white', 'red', 'blue'],
  };

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('%i', async (orientation) => {
    const canvas = new OffscreenCanvas(64, 32);
    const context = canvas.getContext('2d');
    if (!context) throw new Error('no canvas');
    for (const [i, colour] of stored.entries()) {
      context.fillStyle = colour;
      context.fillRect((i % 2) * 32, Math.floor(i / 2) * 16, 32, 16);
    }
    const jpeg = await canvas.convertToBlob({ type: 'image/jpeg', quality: 1 });
    const pixels = await resized(await withOrientation(jpeg, orientation), 8);
    const corners = [0, 7, 56, 63].map((at) => [...pixels.subarray(at * 3, at * 3 + 3)]);
    for (const [i, corner] of corners.entries()) {
      const colour = upright[orientation]?.[i];
      if (!colour) throw new Error('no expectation');
      expect(difference(corner, colours[colour]).largest).toBeLessThanOrEqual(4);
    }
  });
});

describe('files that are no images, and very large ones', () => {
  it.each([
    ['text', new Blob(['not an image'])],
    ['empty', new Blob([])],
    ['a JPEG cut after its header', new Blob([Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46)])],
  ])('%s: image-unreadable', async (name, blob) => {
    expect(await images.resized(blob, name, 8)).toMatchObject({
      code: 'image-unreadable',
      detail: { name, reason: expect.any(String) },
    });
  });

  it('a PNG that ends early: image-unreadable', async () => {
    const png = await greyPng(64, 64, () => 9, 10);
    expect(await images.resized(png, 'cut', 8)).toMatchObject({ code: 'image-unreadable', detail: { name: 'cut' } });
  });

  it('reads 100 megapixels', async () => {
    // Dark above, bright below.
    const png = await greyPng(10_000, 10_000, (row) => (row < 5000 ? 40 : 200));
    const started = performance.now();
    const pixels = await resized(png, 4);
    console.info(`10,000 × 10,000 PNG: ${(performance.now() - started).toFixed(0)} ms`);
    // The filter's support at this scale is 2,500 rows: only the outer rows are of one shade.
    expect([...pixels.subarray(0, 12)]).toEqual(Array<number>(12).fill(40));
    expect([...pixels.subarray(36)]).toEqual(Array<number>(12).fill(200));
  }, 60_000);

  it('reads or refuses 576 megapixels, never garbage', async () => {
    const result = await images.resized(await greyPng(24_000, 24_000, () => 7), 'huge', 2);
    if (result instanceof Uint8Array) expect([...result]).toEqual(Array<number>(12).fill(7));
    else expect(result).toMatchObject({ code: 'image-unreadable', detail: { name: 'huge' } });
    console.info(`24,000 × 24,000 PNG: ${result instanceof Uint8Array ? 'read' : 'refused'}`);
  }, 60_000);
});
