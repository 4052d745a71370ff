/**
 * Outlines of lesions as distances, and nothing but + − × ÷ √ in them: those are exact in IEEE 754, so that every engine
 * draws the same bytes, which Math.sin and its like do not promise.
 */
import type { Lesion, Shape } from './phantom.ts';

const { sqrt } = Math;
const PI = 3.141592653589793;

/** Of the area π: half the side of the square, and the arm of the cross, whose arms are 2/3 as wide as long: 20/9 arm². */
const HALF_SIDE = sqrt(PI) / 2;
const ARM = sqrt((9 / 20) * PI);
const HALF_WIDTH = ARM / 3;

/** Signed distance from a point to the outline of a shape around the origin; negative inside. At corners a lower bound. */
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

/** How far a shape reaches from its centroid, up, down, left and right alike. */
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

/** Points of the outline that lie farthest out in some direction. */
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
