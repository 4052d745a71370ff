/** Images in Node as Pillow reads them: the cases to which the page's decoder is held. */
import { describe, expect, it } from 'vitest';
import { kindOf } from '#core/files/kind.ts';
import { decodeImageInNode } from '../../../cli/shared/runtime/decode-image.ts';
import { rgbOf } from '../../../workers/image/decode.ts';
import { imageCases } from '../../reference/image-cases.ts';

describe('every kind as Pillow reads it', () => {
  it.each(imageCases())('$name', async ({ name, file, width, height, rgb, tolerance }) => {
    const decoding = decodeImageInNode(new Blob([file]), name);
    if (kindOf(file)?.kind === 'bmp') return expect(decoding).rejects.toThrow(/BMP is decoded in the page only/);
    const image = await decoding;
    expect([image.width, image.height]).toEqual([width, height]);
    const found = rgbOf(image);
    expect(found.length).toBe(rgb.length);
    const largest = found.reduce((most, value, at) => Math.max(most, Math.abs(value - (rgb[at] ?? NaN))), 0);
    expect(largest).toBeLessThanOrEqual(tolerance);
    expect(image.notes.map(({ code }) => code)).toEqual([
      ...(/16, (8|10|12) used/.test(name) ? ['sixteen-bits'] : []),
      ...(name.endsWith('animated') ? ['first-frame'] : []),
      ...(/alpha|rgba|tRNS|transparent/.test(name) ? ['transparency'] : []),
    ]);
  });
});
