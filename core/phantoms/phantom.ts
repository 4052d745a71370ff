/**
 * A phantom is a drawn image in the manner of a scan: a body with a rim, noise, blur, and up to three lesions. What it shows
 * is known, so that every answer about it can be checked. It has nothing to do with a patient or a disease.
 */

/** Reading order: the order of lesions in truths and answers. Left and right as seen, not the patient's. */
export const QUADRANTS = ['upper-left', 'upper-right', 'lower-left', 'lower-right'] as const;
export type Quadrant = (typeof QUADRANTS)[number];

export const SHAPES = ['round', 'square', 'cross-shaped'] as const;
export type Shape = (typeof SHAPES)[number];

/** Against the tissue around the lesion. */
export const BRIGHTNESSES = ['bright', 'dark'] as const;
export type Brightness = (typeof BRIGHTNESSES)[number];

export const MAX_LESIONS = 3;

/** Edge of the square in which a phantom is laid out, and of the image that the teaching model reads. All lengths are in it. */
export const SIDE = 64;

export interface Lesion {
  /** At most one lesion a quadrant; it does not touch the midlines of the image. */
  quadrant: Quadrant;
  shape: Shape;
  brightness: Brightness;
  /** Centroid; x to the right, y down. */
  x: number;
  y: number;
  /** Radius of the disc of the same area. */
  radius: number;
  /** Grey levels between the lesion and the tissue; negative for dark ones. */
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
  /** Grey levels that the rim is above the tissue. */
  rim: number;
}

/** A soft patch of tissue that is a little brighter or darker; far below the contrast of a lesion. */
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
  /** The lesion of the largest radius and area, clearly; undefined where there is none. */
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

/** The grey levels that separate answers: what `drawPhantom` keeps to, and what tests hold it to. */
export const MARGINS = {
  /** Between a lesion's outline and the midlines of the image. */
  midline: 1.25,
  /** Between a lesion's outline and the inner side of the rim. */
  rim: 1,
  /** Largest radius over the next. */
  sizeRatio: 1.42,
  /** Grey levels between lesion and tissue, at least. */
  contrast: 50,
  smallestRadius: 5.2,
  largestRadius: 7.8,
} as const;
