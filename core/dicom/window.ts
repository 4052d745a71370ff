/** From values to grey: VOI LUT (PS3.3, C.11.2). */
import { holderOf, rescaleOf, type DicomImage } from './image.ts';
import { lookUp, readLut, type LookupTable } from './lookup-table.ts';
import { TAG } from './tags.ts';

export type VoiFunction = 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID';

/** Which values become black and white. */
export interface GreyWindow {
  /** In the unit of the values: Hounsfield units in CT. */
  center: number;
  width: number;
  function: VoiFunction;
}

/** How a frame is shown: with a window, or with the file's own table of that index. */
export type Voi = { type: 'window'; window: GreyWindow } | { type: 'table'; index: number };

/** A way to show a frame that the file itself offers. */
export interface FileVoi {
  voi: Voi;
  /** The file's own words; empty where it has none. */
  explanation: string;
}

/** The file's own windows and tables, the first one first. Windows without a positive width are left out. */
export function fileVois(image: DicomImage, frame: number): FileVoi[] {
  const holder = holderOf(image, frame, TAG.WindowCenter);
  const centers = holder.numbers(TAG.WindowCenter, 'DS');
  const widths = holder.numbers(TAG.WindowWidth, 'DS');
  const explanations = holder.texts(TAG.WindowCenterWidthExplanation);
  const shape = voiFunction(holder.text(TAG.VOILUTFunction));
  const vois: FileVoi[] = [];
  for (const [index, center] of centers.entries()) {
    const width = widths[index];
    if (width === undefined || !(width > 0) || (shape === 'LINEAR' && width < 1)) continue;
    const window = { center, width, function: shape };
    vois.push({ voi: { type: 'window', window }, explanation: explanations[index] ?? '' });
  }
  for (const [index, item] of image.file.dataSet.items(TAG.VOILUTSequence).entries()) {
    vois.push({ voi: { type: 'table', index }, explanation: item.text(0x00283003) });
  }
  return vois;
}

/** An unknown function is read as LINEAR, which is the default of the standard. */
function voiFunction(text: string): VoiFunction {
  return text === 'SIGMOID' || text === 'LINEAR_EXACT' ? text : 'LINEAR';
}

/** The window that shows every value. */
export function fullRange(lowest: number, highest: number): GreyWindow {
  return { center: (lowest + highest) / 2, width: highest - lowest, function: 'LINEAR_EXACT' };
}

/** A value → grey, 0 to 255, not rounded. Source of the formulas: PS3.3, C.11.2.1.2 and C.11.2.1.3. */
export function greyOf({ center, width, function: shape }: GreyWindow, value: number): number {
  if (shape === 'SIGMOID') return 255 / (1 + Math.exp((-4 * (value - center)) / width));
  const isExact = shape === 'LINEAR_EXACT';
  const middle = isExact ? center : center - 0.5;
  const span = isExact ? width : width - 1;
  if (value <= middle - span / 2) return 0;
  if (value > middle + span / 2) return 255;
  return ((value - middle) / span + 0.5) * 255;
}

/** From stored values to the modality's: a table, or slope and intercept. */
export function modalityFunction(image: DicomImage, frame: number): (stored: number) => number {
  const { modalityLut } = image;
  if (modalityLut) return (stored) => lookUp(modalityLut, stored);
  const { slope, intercept } = rescaleOf(image, frame) ?? { slope: 1, intercept: 0 };
  return (stored) => stored * slope + intercept;
}

/** From the modality's values to grey, 0 to 255, rounded. @throws ImageError for a table that is damaged */
export function voiGrey(image: DicomImage, voi: Voi): (value: number) => number {
  if (voi.type === 'window') return (value) => Math.floor(greyOf(voi.window, value) + 0.5);
  const item = image.file.dataSet.items(TAG.VOILUTSequence)[voi.index];
  if (!item) throw new RangeError(`the file has no VOI LUT ${voi.index}`);
  const table: LookupTable = readLut(item, TAG.LUTDescriptor, TAG.LUTData, image.signed || !!rescaleOf(image, 0));
  const top = 2 ** table.bits - 1;
  return (value) => Math.floor((lookUp(table, Math.round(value)) * 255) / top + 0.5);
}
