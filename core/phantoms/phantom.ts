/**
 * A phantom is a synthetic image similar to a scan: a body with a rim, noise, blur, and up to three lesions. Its content is
 * known, so every answer about it can be checked. It represents no patient and no disease.
 */

/**
 * In reading order, which is also the order of lesions in truths and answers. Left and right of the image, not of the
 * patient.
 */
export const QUADRANTS = ['upper-left', 'upper-right', 'lower-left', 'lower-right'] as const;
export type Quadrant = (typeof QUADRANTS)[number];

export const SHAPES = ['round', 'square', 'cross-shaped'] as const;
export type Shape = (typeof SHAPES)[number];

/** Relative to the tissue around the lesion. */
export const BRIGHTNESSES = ['bright', 'dark'] as const;
export type Brightness = (typeof BRIGHTNESSES)[number];

export const MAX_LESIONS = 3;

/**
 * Side of the square coordinate system of a phantom, and of the teaching model's input in pixels. All lengths use this
 * unit.
 */
export const SIDE = 64;

export interface Lesion {
  /** A quadrant has at most one lesion, which does not touch the midlines of the image. */
  quadrant: Quadrant;
  shape: Shape;
  brightness: Brightness;
  /** Centroid; x to the right, y down. */
  x: number;
  y: number;
  /** Radius of the disc with the same area. */
  radius: number;
  /** Grey level of the lesion minus that of the tissue; negative for dark lesions. */
  contrast: number;
}

export interface Body {
  x: number;
  y: number;
  /** Half axes. */
  width: number;
  height: number;
  /** Unit vector along the axis of `width`. */
  direction: readonly [x: number, y: number];
  /** Grey level of the tissue. */
  level: number;
  /** Grey level of the rim minus that of the tissue. */
  rim: number;
}

/** A soft patch of slightly brighter or darker tissue, with far less contrast than a lesion. */
export interface Patch {
  x: number;
  y: number;
  radius: number;
  contrast: number;
}

export interface Phantom {
  seed: number;
  /** In reading order of the quadrants. */
  lesions: readonly Lesion[];
  /** The lesion with the clearly largest radius and area; undefined without lesions. */
  largest: Lesion | undefined;
  body: Body;
  patches: readonly Patch[];
  /** Grey level outside the body. */
  background: number;
  /** Width of the soft edges. */
  blur: number;
  /** Standard deviation in grey levels. */
  noise: number;
}

/** Minimum differences between answers, which `drawPhantom` guarantees and tests check. */
export const MARGINS = {
  /** Between a lesion's outline and the midlines of the image. */
  midline: 1.25,
  /** Between a lesion's outline and the inner side of the rim. */
  rim: 1,
  /** Largest radius divided by the second largest. */
  sizeRatio: 1.42,
  /** Grey levels between lesion and tissue, at least. */
  contrast: 50,
  smallestRadius: 5.2,
  largestRadius: 7.8,
} as const;
