/**
 * Outlines of lesions as distances, and nothing but + − × ÷ √ in them: those are exact in IEEE 754, so that every engine
 * draws the same bytes, which Math.sin and its like do not promise.
 */
import type { Lesion, Shape } from './phantom.ts';

const { sqrt } = Math;
const SQRT3 = 1.7320508075688772;
const PI = 3.141592653589793;

/** Half the side of the square of the area π, and inner radius of the equilateral triangle of the area 4/5 π. */
const HALF_SIDE = sqrt(PI) / 2;
const INNER_RADIUS = sqrt((0.8 * PI) / (3 * SQRT3));

/** Signed distance from a point to the outline of a shape around the origin; negative inside. At corners a lower bound. */
export function outlineDistance(shape: Shape, radius: number, x: number, y: number): number {
  switch (shape) {
    case 'round':
      return sqrt(x * x + y * y) - radius;
    case 'square':
      return Math.max(Math.abs(x), Math.abs(y)) - radius * HALF_SIDE;
    case 'triangular':
      // Points up: one side below, two that lean on each other.
      return Math.max(y, (SQRT3 / 2) * Math.abs(x) - y / 2) - radius * INNER_RADIUS;
  }
}

/** How far a shape of radius 1 reaches from its centroid. */
export interface Reach {
  sideways: number;
  up: number;
  down: number;
}

const REACH: Readonly<Record<Shape, Reach>> = {
  round: { sideways: 1, up: 1, down: 1 },
  square: { sideways: HALF_SIDE, up: HALF_SIDE, down: HALF_SIDE },
  triangular: { sideways: SQRT3 * INNER_RADIUS, up: 2 * INNER_RADIUS, down: INNER_RADIUS },
};

export function reach(shape: Shape, radius: number): Reach {
  const unit = REACH[shape];
  return { sideways: unit.sideways * radius, up: unit.up * radius, down: unit.down * radius };
}

const DIAGONAL = sqrt(0.5);

/** Points of the outline that lie farthest out in some direction. */
export function extremePoints({
  shape,
  radius,
  x,
  y,
}: Pick<Lesion, 'shape' | 'radius' | 'x' | 'y'>): [number, number][] {
  const { sideways, up, down } = reach(shape, radius);
  switch (shape) {
    case 'round': {
      const d = radius * DIAGONAL;
      return [
        [x + radius, y],
        [x - radius, y],
        [x, y + radius],
        [x, y - radius],
        [x + d, y + d],
        [x + d, y - d],
        [x - d, y + d],
        [x - d, y - d],
      ];
    }
    case 'square':
      return [
        [x + sideways, y + down],
        [x + sideways, y - up],
        [x - sideways, y + down],
        [x - sideways, y - up],
      ];
    case 'triangular':
      return [
        [x, y - up],
        [x + sideways, y + down],
        [x - sideways, y + down],
      ];
  }
}
