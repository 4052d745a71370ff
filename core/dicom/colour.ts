/** Colour frames to RGB u8 [rows, columns, 3] (PS3.3, C.7.6.3.1.2). */
import type { DicomImage } from './image.ts';
import { lookUp, readLut } from './lookup-table.ts';
import type { Frame } from './pixels.ts';
import { TAG } from './tags.ts';

export function colourRgb(image: DicomImage, { values, isRgb }: Frame): Uint8Array<ArrayBuffer> {
  const rgb = new Uint8Array(image.rows * image.columns * 3);
  if (image.photometric === 'PALETTE COLOR') {
    for (const channel of [0, 1, 2]) {
      const table = readLut(
        image.file.dataSet,
        TAG.RedPaletteDescriptor + channel,
        TAG.RedPaletteData + channel,
        image.signed,
      );
      const shift = table.bits > 8 ? 8 : 0;
      for (let i = 0; i < values.length; i++) rgb[i * 3 + channel] = lookUp(table, values[i]!) >> shift;
    }
    return rgb;
  }
  const shift = isRgb ? 0 : Math.max(0, image.bitsStored - 8);
  const sample = (at: number) => values[at]! >> shift;
  if (isRgb || image.photometric === 'RGB') {
    for (let i = 0; i < rgb.length; i++) rgb[i] = sample(i);
    return rgb;
  }
  const isHalf = image.photometric === 'YBR_FULL_422' && values.length < rgb.length;
  for (let pixel = 0; pixel * 3 < rgb.length; pixel++) {
    // Two pixels share their chroma: Y Y Cb Cr.
    const pair = (pixel >> 1) * 4;
    const y = sample(isHalf ? pair + (pixel & 1) : pixel * 3);
    const cb = sample(isHalf ? pair + 2 : pixel * 3 + 1) - 128;
    const cr = sample(isHalf ? pair + 3 : pixel * 3 + 2) - 128;
    rgb[pixel * 3] = clamped(y + 1.402 * cr);
    rgb[pixel * 3 + 1] = clamped(y - 0.344136 * cb - 0.714136 * cr);
    rgb[pixel * 3 + 2] = clamped(y + 1.772 * cb);
  }
  return rgb;
}

function clamped(value: number): number {
  return Math.min(255, Math.max(0, Math.floor(value + 0.5)));
}
