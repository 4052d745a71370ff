/**
 * CT for MedGemma 1.5: three windows in the three colours, and evenly sampled slices.
 * Source: Google-Health/medgemma, notebooks/high_dimensional_ct_hugging_face.ipynb.
 */
import { holderOf, type DicomImage } from './image.ts';
import { TAG } from './tags.ts';

export type Rgb = readonly [number, number, number];

/** Lowest and highest Hounsfield unit of red (wide), green (soft tissue) and blue (brain). */
export const CT_RANGES = [
  [-1024, 1024],
  [-135, 215],
  [0, 80],
] as const;

/** Most slices that MedGemma 1.5 was trained with. */
export const MAX_SLICES = 85;

/** float32, rounded half to even, as NumPy does in the notebook. */
export function ctColours(hounsfield: number): Rgb {
  const channel = ([low, high]: readonly [number, number]): number => {
    const clipped = Math.min(high, Math.max(low, hounsfield));
    return halfToEven(Math.fround(Math.fround(Math.fround(clipped - low) / Math.fround(high - low)) * 255));
  };
  return [channel(CT_RANGES[0]), channel(CT_RANGES[1]), channel(CT_RANGES[2])];
}

function halfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** Indices of `count` of `slices` slices, evenly over the whole; all where there are no more. */
export function sampledSlices(slices: number, count: number): number[] {
  if (slices <= count) return Array.from({ length: slices }, (_, index) => index);
  return Array.from({ length: count }, (_, index) => halfToEven(((index + 1) / count) * (slices - 1)));
}

/** What the order of slices is told by. */
export interface SlicePlace {
  instanceNumber: number | undefined;
  frame: number;
  /** ImagePositionPatient, mm: x, y, z of the first pixel; empty where the file has none. */
  position: readonly number[];
  /** ImageOrientationPatient: directions of the rows and of the columns; empty where the file has none. */
  orientation: readonly number[];
}

export function placeOf(image: DicomImage, frame: number): SlicePlace {
  const numbers = (tag: number) => holderOf(image, frame, tag).numbers(tag, 'DS');
  return {
    instanceNumber: image.instanceNumber,
    frame,
    position: numbers(TAG.ImagePositionPatient),
    orientation: numbers(TAG.ImageOrientationPatient),
  };
}

/**
 * Slices in the order of the body: by their position along the normal of the image plane, in the direction of their instance
 * numbers. Where positions are missing or the planes are not parallel, by instance number, then as they came.
 */
export function sortedSlices<Slice extends SlicePlace>(slices: readonly Slice[]): Slice[] {
  const number = (slice: Slice) => slice.instanceNumber ?? 0;
  const byNumber = slices.toSorted((a, b) => number(a) - number(b) || a.frame - b.frame);
  const normal = byNumber[0] && normalOf(byNumber[0]);
  if (!normal) return byNumber;
  const positions = new Map<Slice, number>();
  for (const slice of byNumber) {
    const own = normalOf(slice);
    if (!own || slice.position.length !== 3 || Math.abs(dot(own, normal)) < 0.99) return byNumber;
    positions.set(slice, dot(slice.position, normal));
  }
  const at = (slice: Slice) => positions.get(slice) ?? 0;
  const first = byNumber[0];
  const last = byNumber.at(-1);
  const direction = first && last && at(last) < at(first) ? -1 : 1;
  return byNumber.toSorted((a, b) => direction * (at(a) - at(b)));
}

/** Cross product of the directions of rows and columns. */
function normalOf({ orientation }: SlicePlace): number[] | undefined {
  const [a, b, c, d, e, f] = orientation;
  if (a === undefined || b === undefined || c === undefined) return undefined;
  if (d === undefined || e === undefined || f === undefined) return undefined;
  return [b * f - c * e, c * d - a * f, a * e - b * d];
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}
