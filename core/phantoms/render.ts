import { Random } from '../sampling/random.ts';
import { grain } from './chance.ts';
import { depth, RIM_WIDTH } from './draw.ts';
import { SIDE, type Phantom } from './phantom.ts';
import { outlineDistance } from './shapes.ts';

/**
 * Grey levels, u8 [size, size], row by row from the top. The teaching model's input has `size` 64; larger sizes, with
 * interpolated noise, are for display.
 * @param size edge in pixels
 * @param noise false leaves the noise out
 * @throws RangeError for a size that is not a positive integer
 */
export function renderPhantom(phantom: Phantom, { size = SIDE, noise = true } = {}): Uint8Array<ArrayBuffer> {
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`size must be a positive integer, got ${size}`);
  const pixels = new Uint8Array(size * size);
  const grains = noise ? noiseField(phantom) : undefined;
  const step = SIDE / size;
  for (let row = 0, at = 0; row < size; row++) {
    for (let column = 0; column < size; column++, at++) {
      const x = (column + 0.5) * step;
      const y = (row + 0.5) * step;
      let level = levelAt(phantom, x, y);
      if (grains) level += phantom.noise * interpolate(grains, x - 0.5, y - 0.5);
      pixels[at] = Math.max(0, Math.min(255, Math.floor(level + 0.5)));
    }
  }
  return pixels;
}

/** Grey level of the noiseless phantom at a point in SIDE coordinates. */
function levelAt({ body, background, blur, lesions, patches }: Phantom, x: number, y: number): number {
  const below = depth(body, x, y);
  if (below < -blur) return background;
  let tissue = body.level + body.rim * (1 - edge(below - RIM_WIDTH, blur));
  for (const patch of patches) {
    const [dx, dy] = [(x - patch.x) / patch.radius, (y - patch.y) / patch.radius];
    const rest = 1 - dx * dx - dy * dy;
    if (rest > 0) tissue += patch.contrast * rest * rest;
  }
  for (const lesion of lesions) {
    const distance = outlineDistance(lesion.shape, lesion.radius, x - lesion.x, y - lesion.y);
    if (distance < blur) tissue += lesion.contrast * edge(-distance, blur);
  }
  return background + (tissue - background) * edge(below, blur);
}

/** Side of the map that `lesionMap` draws, in cells. */
export const MAP_SIDE = 32;

/**
 * Segmentation map of the lesions, i8 [MAP_SIDE, MAP_SIDE]: the covered fraction of each cell times 127, negative for dark
 * lesions. A training target for the vision tower, so that it learns outlines.
 */
export function lesionMap({ lesions }: Pick<Phantom, 'lesions'>): Int8Array<ArrayBuffer> {
  const map = new Int8Array(MAP_SIDE * MAP_SIDE);
  const points = 4;
  const step = SIDE / MAP_SIDE / points;
  for (const { shape, radius, x, y, brightness } of lesions) {
    for (let at = 0; at < map.length; at++) {
      const [left, top] = [(at % MAP_SIDE) * points, Math.floor(at / MAP_SIDE) * points];
      let inside = 0;
      for (let point = 0; point < points * points; point++) {
        const dx = (left + (point % points) + 0.5) * step - x;
        const dy = (top + Math.floor(point / points) + 0.5) * step - y;
        if (outlineDistance(shape, radius, dx, dy) < 0) inside++;
      }
      const covered = Math.floor((127 * inside) / (points * points) + 0.5);
      // Lesions are too far apart to share a cell.
      if (covered > 0) map[at] = brightness === 'bright' ? covered : -covered;
    }
  }
  return map;
}

/** Smoothstep 3t² − 2t³ from 0 to 1 over the width of a soft edge. @param inside distance from the edge, positive inside */
function edge(inside: number, width: number): number {
  const t = Math.max(0, Math.min(1, 0.5 + inside / width));
  return t * t * (3 - 2 * t);
}

/** Noise per pixel of the model's image, [SIDE, SIDE]. Uses negative seeds, which no phantom has, for an independent stream. */
function noiseField({ seed }: Phantom): Float64Array {
  const random = Random.fromSeed(-1 - seed);
  return Float64Array.from({ length: SIDE * SIDE }, () => grain(random));
}

/** Bilinear interpolation; exact at integer coordinates. */
function interpolate(grains: Float64Array, x: number, y: number): number {
  const cx = Math.max(0, Math.min(SIDE - 1, x));
  const cy = Math.max(0, Math.min(SIDE - 1, y));
  const left = Math.min(SIDE - 2, Math.floor(cx));
  const top = Math.min(SIDE - 2, Math.floor(cy));
  const [fx, fy] = [cx - left, cy - top];
  const at = top * SIDE + left;
  const upper = grains[at]! + (grains[at + 1]! - grains[at]!) * fx;
  const lower = grains[at + SIDE]! + (grains[at + SIDE + 1]! - grains[at + SIDE]!) * fx;
  return upper + (lower - upper) * fy;
}
