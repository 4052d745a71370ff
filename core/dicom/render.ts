/** A frame as the model gets it. */
import { ctColours, type Rgb } from './ct.ts';
import { colourRgb } from './colour.ts';
import type { DicomImage } from './image.ts';
import type { Frame } from './pixels.ts';
import { fullRange, modalityFunction, voiGrey, type GreyWindow, type Voi } from './window.ts';

/** A way to make RGB of a frame: `ct-colours` puts three windows into red, green and blue; `full` shows every value. */
export type Rendering = Voi | { type: 'ct-colours' } | { type: 'full' };

/** RGB u8 [rows, columns, 3]. Colour images have no window. @throws ImageError for tables that are damaged */
export function renderFrame(
  image: DicomImage,
  index: number,
  frame: Frame,
  rendering: Rendering,
): Uint8Array<ArrayBuffer> {
  if (image.samples === 3 || image.photometric === 'PALETTE COLOR') return colourRgb(image, frame);
  const modality = modalityFunction(image, index);
  const { padding } = image;
  let colours: (value: number) => Rgb;
  if (rendering.type === 'ct-colours') colours = ctColours;
  else {
    const voi: Voi =
      rendering.type === 'full' ? { type: 'window', window: fullWindow(image, index, frame) } : rendering;
    const grey = voiGrey(image, voi);
    const isInverted = image.photometric === 'MONOCHROME1';
    colours = (value) => {
      const level = isInverted ? 255 - grey(value) : grey(value);
      return [level, level, level];
    };
  }
  const colourOf = (stored: number): number => {
    // Padding is background: black, also where low values are white.
    if (padding && stored >= padding[0] && stored <= padding[1]) return 0;
    const [red, green, blue] = colours(modality(stored));
    return (red << 16) | (green << 8) | blue;
  };
  const known = new Map<number, number>();
  const rgb = new Uint8Array(frame.values.length * 3);
  let at = 0;
  let previous = NaN;
  let colour = 0;
  for (const stored of frame.values) {
    if (stored !== previous) {
      previous = stored;
      const found = known.get(stored);
      colour = found ?? colourOf(stored);
      if (found === undefined) known.set(stored, colour);
    }
    rgb[at++] = colour >> 16;
    rgb[at++] = (colour >> 8) & 255;
    rgb[at++] = colour & 255;
  }
  return rgb;
}

/** The window from the lowest to the highest value of a frame, padding left out. */
export function fullWindow(image: DicomImage, index: number, frame: Frame): GreyWindow {
  const { lowest, highest } = rangeOf(image, index, frame);
  return fullRange(lowest, highest);
}

/** Lowest and highest value in the modality's unit, padding left out; both 0 where nothing is left. */
export function rangeOf(image: DicomImage, index: number, { values }: Frame): { lowest: number; highest: number } {
  const modality = modalityFunction(image, index);
  const { padding } = image;
  let [lowest, highest] = [Infinity, -Infinity];
  for (const stored of new Set(values)) {
    if (padding && stored >= padding[0] && stored <= padding[1]) continue;
    const value = modality(stored);
    lowest = Math.min(lowest, value);
    highest = Math.max(highest, value);
  }
  return lowest <= highest ? { lowest, highest } : { lowest: 0, highest: 0 };
}
