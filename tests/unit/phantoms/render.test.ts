import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { drawPhantom } from '#core/phantoms/draw.ts';
import { QUADRANTS, SIDE, type Phantom, type Quadrant, type Shape } from '#core/phantoms/phantom.ts';
import { lesionMap, MAP_SIDE, renderPhantom } from '#core/phantoms/render.ts';

const SCALE = 4;
const SIZE = SIDE * SCALE;

interface Measured {
  x: number;
  y: number;
  area: number;
  /** Of the bounding box. */
  filled: number;
  contrast: number;
}

/** What stands out in a noiseless picture against the same phantom without lesions, by quadrant; lengths in units of SIDE. */
function measure(phantom: Phantom): Map<Quadrant, Measured> {
  const picture = renderPhantom(phantom, { size: SIZE, noise: false });
  const empty = renderPhantom({ ...phantom, lesions: [] }, { size: SIZE, noise: false });
  const found = new Map<Quadrant, Measured>();
  for (const quadrant of QUADRANTS) {
    const points: { column: number; row: number; difference: number }[] = [];
    for (let at = 0; at < picture.length; at++) {
      const [column, row] = [at % SIZE, Math.floor(at / SIZE)];
      if (quadrant.endsWith('left') !== column < SIZE / 2 || quadrant.startsWith('upper') !== row < SIZE / 2) continue;
      points.push({ column, row, difference: (picture[at] ?? 0) - (empty[at] ?? 0) });
    }
    const peak = Math.max(...points.map(({ difference }) => Math.abs(difference)));
    // The outline of a soft edge is where it has reached half its height.
    const inside = points.filter(({ difference }) => peak > 25 && Math.abs(difference) > peak / 2);
    if (inside.length === 0) continue;
    const of = (pick: (point: (typeof inside)[number]) => number) => inside.map(pick);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value) / values.length;
    const extent = (values: number[]) => Math.max(...values) - Math.min(...values) + 1;
    const [columns, rows] = [of(({ column }) => column), of(({ row }) => row)];
    found.set(quadrant, {
      x: (mean(columns) + 0.5) / SCALE,
      y: (mean(rows) + 0.5) / SCALE,
      area: inside.length / SCALE ** 2,
      filled: inside.length / (extent(columns) * extent(rows)),
      contrast: mean(of(({ difference }) => difference)),
    });
  }
  return found;
}

const shapeOf = (filled: number): Shape => (filled > 0.9 ? 'square' : filled > 0.68 ? 'round' : 'cross-shaped');

describe('what a picture shows', () => {
  it('is what the truth says: number, place, size, brightness and shape, measured in the pixels', () => {
    let seen = 0;
    for (let seed = 0; seed < 30; seed++) {
      const phantom = drawPhantom(seed);
      const found = measure(phantom);
      expect([...found.keys()]).toEqual(phantom.lesions.map(({ quadrant }) => quadrant));
      const areas = [...found.values()].map(({ area }) => area);
      for (const lesion of phantom.lesions) {
        const measured = found.get(lesion.quadrant);
        if (!measured) throw new Error('unreachable');
        expect(Math.abs(measured.x - lesion.x), `x ${seed}`).toBeLessThan(0.35);
        expect(Math.abs(measured.y - lesion.y), `y ${seed}`).toBeLessThan(0.35);
        const area = Math.PI * lesion.radius ** 2;
        expect(measured.area / area, `area ${seed}`).toBeGreaterThan(0.9);
        expect(measured.area / area, `area ${seed}`).toBeLessThan(1.05);
        expect(measured.contrast > 0, `brightness ${seed}`).toBe(lesion.brightness === 'bright');
        expect(shapeOf(measured.filled), `shape ${seed}`).toBe(lesion.shape);
        expect(measured.area === Math.max(...areas), `largest ${seed}`).toBe(lesion === phantom.largest);
        seen++;
      }
    }
    expect(seen).toBeGreaterThan(40);
  });

  it('stands out of the noise in the image that the model reads', () => {
    for (let seed = 0; seed < 200; seed++) {
      const phantom = drawPhantom(seed);
      const image = renderPhantom(phantom);
      for (const { x, y, radius, contrast } of phantom.lesions) {
        const inside: number[] = [];
        const around: number[] = [];
        for (let i = 0; i < SIDE * SIDE; i++) {
          const distance = Math.hypot((i % SIDE) + 0.5 - x, Math.floor(i / SIDE) + 0.5 - y);
          const level = image[i] ?? 0;
          if (distance < 0.35 * radius) inside.push(level);
          else if (distance > 1.35 * radius && distance < 1.35 * radius + 2 && level > 40) around.push(level);
        }
        const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
        const difference = median(inside) - median(around);
        expect(difference * Math.sign(contrast), `seed ${seed}`).toBeGreaterThan(3 * phantom.noise);
      }
    }
  });
});

describe('lesionMap', () => {
  it('covers what stands out in the picture, with its sign', () => {
    for (let seed = 0; seed < 30; seed++) {
      const phantom = drawPhantom(seed);
      const map = lesionMap(phantom);
      for (const { x, y, radius, brightness, quadrant } of phantom.lesions) {
        let [sum, sumX, sumY] = [0, 0, 0];
        map.forEach((covered, at) => {
          const [column, row] = [((at % MAP_SIDE) + 0.5) * 2, (Math.floor(at / MAP_SIDE) + 0.5) * 2];
          if (quadrant.endsWith('left') !== column < SIDE / 2 || quadrant.startsWith('upper') !== row < SIDE / 2)
            return;
          sum += covered;
          sumX += covered * column;
          sumY += covered * row;
        });
        expect(sum > 0).toBe(brightness === 'bright');
        const area = Math.PI * radius ** 2;
        expect(Math.abs((4 * Math.abs(sum)) / 127 / area - 1)).toBeLessThan(0.1);
        expect(Math.abs(sumX / sum - x)).toBeLessThan(0.35);
        expect(Math.abs(sumY / sum - y)).toBeLessThan(0.35);
      }
      expect(map.some((covered) => covered !== 0)).toBe(phantom.lesions.length > 0);
    }
  });
});

describe('renderPhantom', () => {
  it('gives these bytes: another hash is another set of phantoms, and PHANTOM_SET_FORMAT must say so', () => {
    const hash = createHash('sha256');
    for (let seed = 0; seed < 32; seed++) hash.update(renderPhantom(drawPhantom(seed)));
    expect(hash.digest('hex')).toBe('8711b95662b97e26c41b23924212c690406e5fab7aefe25a72954824f8ed1cf5');
  });

  it('shows the same phantom in any size', () => {
    const phantom = drawPhantom(3);
    const small = renderPhantom(phantom);
    const large = renderPhantom(phantom, { size: SIZE });
    const averaged = small.map((_, i) => {
      let sum = 0;
      for (let dy = 0; dy < SCALE; dy++)
        for (let dx = 0; dx < SCALE; dx++)
          sum += large[(Math.floor(i / SIDE) * SCALE + dy) * SIZE + (i % SIDE) * SCALE + dx] ?? 0;
      return sum / SCALE ** 2;
    });
    const error = averaged.reduce((sum, level, i) => sum + Math.abs(level - (small[i] ?? 0)), 0) / small.length;
    expect(error).toBeLessThan(phantom.noise);
  });

  it('leaves the noise out on request', () => {
    const phantom = drawPhantom(3);
    const clean = renderPhantom(phantom, { noise: false });
    const noisy = renderPhantom(phantom);
    const squares = noisy.reduce((sum, level, i) => sum + (level - (clean[i] ?? 0)) ** 2, 0);
    expect(Math.sqrt(squares / noisy.length)).toBeCloseTo(phantom.noise, 0);
  });

  it.each([0, -1, 1.5, NaN])('refuses the size %d', (size) => {
    expect(() => renderPhantom(drawPhantom(0), { size })).toThrow(RangeError);
  });
});
