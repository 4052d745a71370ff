/**
 * Distance functions of lesion outlines. They use only + − × ÷ √, which IEEE 754 rounds exactly, so that every JavaScript
 * engine draws the same bytes. Math.sin and similar functions do not guarantee this.
 */
import type { Lesion, Shape } from './phantom.ts';

const { sqrt } = Math;
const PI = 3.141592653589793;

/**
 * For area π: half the side of the square, and the arm length of the cross. Its arms are 2/3 as wide as long; its area
 * is 20/9 arm².
 */
const HALF_SIDE = sqrt(PI) / 2;
const ARM = sqrt((9 / 20) * PI);
const HALF_WIDTH = ARM / 3;

/** Signed distance from a point to the outline of a shape around the origin; negative inside; a lower bound at corners. */
export function outlineDistance(shape: Shape, radius: number, x: number, y: number): number {
  switch (shape) {
    case 'round':
      return sqrt(x * x + y * y) - radius;
    case 'square':
      return Math.max(Math.abs(x), Math.abs(y)) - radius * HALF_SIDE;
    case 'cross-shaped': {
      const [dx, dy] = [Math.abs(x), Math.abs(y)];
      const [arm, halfWidth] = [radius * ARM, radius * HALF_WIDTH];
      const lying = Math.max(dx - arm, dy - halfWidth);
      const standing = Math.max(dx - halfWidth, dy - arm);
      return Math.min(lying, standing);
    }
  }
}

/** Extent of a shape from its centroid, the same up, down, left and right. */
export function reach(shape: Shape, radius: number): number {
  switch (shape) {
    case 'round':
      return radius;
    case 'square':
      return radius * HALF_SIDE;
    case 'cross-shaped':
      return radius * ARM;
  }
}

const DIAGONAL = sqrt(0.5);

/** Points of the outline that can be the farthest in some direction. */
export function extremePoints({
  shape,
  radius,
  x,
  y,
}: Pick<Lesion, 'shape' | 'radius' | 'x' | 'y'>): [number, number][] {
  const far = reach(shape, radius);
  const at = (points: [number, number][]) => points.map(([dx, dy]): [number, number] => [x + dx, y + dy]);
  switch (shape) {
    case 'round': {
      const d = radius * DIAGONAL;
      return at([...corners(d, d), [far, 0], [-far, 0], [0, far], [0, -far]]);
    }
    case 'square':
      return at(corners(far, far));
    case 'cross-shaped': {
      const half = radius * HALF_WIDTH;
      return at([...corners(far, half), ...corners(half, far)]);
    }
  }
}

function corners(x: number, y: number): [number, number][] {
  return [
    [x, y],
    [x, -y],
    [-x, y],
    [-x, -y],
  ];
}
