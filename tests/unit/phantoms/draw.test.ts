import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { depth, drawPhantom, RIM_WIDTH } from '#core/phantoms/draw.ts';
import { MARGINS, QUADRANTS, SHAPES, SIDE, BRIGHTNESSES, type Lesion } from '#core/phantoms/phantom.ts';
import { extremePoints } from '#core/phantoms/shapes.ts';

const MANY = Array.from({ length: 4000 }, (_, seed) => drawPhantom(seed));
const lesions = MANY.flatMap((phantom) => phantom.lesions);

/** Every share lies within five standard deviations of what a uniform draw gives. */
function expectUniform<T>(values: readonly T[], over: readonly T[], weights = over.map(() => 1)): void {
  const sum = weights.reduce((a, b) => a + b);
  over.forEach((value, i) => {
    const expected = (weights[i] ?? 0) / sum;
    const share = values.filter((other) => other === value).length / values.length;
    expect(Math.abs(share - expected), String(value)).toBeLessThan(
      5 * Math.sqrt((expected * (1 - expected)) / values.length),
    );
  });
}

describe('drawPhantom', () => {
  it('draws the same phantom for the same seed, another for another', () => {
    expect(drawPhantom(7)).toEqual(drawPhantom(7));
    expect(drawPhantom(7).body).not.toEqual(drawPhantom(8).body);
    expect(drawPhantom(2 ** 52).seed).toBe(2 ** 52);
  });

  it.each([-1, 0.5, NaN, 2 ** 53])('refuses the seed %d', (seed) => {
    expect(() => drawPhantom(seed)).toThrow(/must be an integer from 0/);
  });

  it('draws count, place, shape, brightness and the largest independently, none favoured', () => {
    const counts = MANY.map((phantom) => phantom.lesions.length);
    expectUniform(counts, [0, 1, 2, 3], [1, 2, 2, 2]);
    const of = <T>(pick: (lesion: Lesion) => T) => lesions.map(pick);
    expectUniform(
      of(({ quadrant }) => quadrant),
      QUADRANTS,
    );
    expectUniform(
      of(({ shape }) => shape),
      SHAPES,
    );
    expectUniform(
      of(({ brightness }) => brightness),
      BRIGHTNESSES,
    );
    const triples = MANY.filter((phantom) => phantom.lesions.length === 3);
    expectUniform(
      triples.map(({ lesions: [...three], largest }) => (largest ? three.indexOf(largest) : -1)),
      [0, 1, 2],
    );
    expectUniform(
      triples.map(({ largest }) => `${largest?.shape} ${largest?.brightness}`),
      SHAPES.flatMap((shape) => BRIGHTNESSES.map((brightness) => `${shape} ${brightness}`)),
    );
  });

  it('keeps every lesion inside its quadrant and the body, with room around', () => {
    for (const { body, lesions } of MANY) {
      for (const lesion of lesions) {
        for (const [x, y] of extremePoints(lesion)) {
          const isLeft = lesion.quadrant.endsWith('left');
          const isUpper = lesion.quadrant.startsWith('upper');
          expect(isLeft ? SIDE / 2 - x : x - SIDE / 2).toBeGreaterThan(MARGINS.midline - 1e-9);
          expect(isUpper ? SIDE / 2 - y : y - SIDE / 2).toBeGreaterThan(MARGINS.midline - 1e-9);
          expect(depth(body, x, y)).toBeGreaterThan(RIM_WIDTH + MARGINS.rim);
        }
        expect(Math.abs(lesion.contrast)).toBeGreaterThanOrEqual(MARGINS.contrast);
        expect(lesion.contrast > 0).toBe(lesion.brightness === 'bright');
      }
    }
  });

  it('names the lesion that is clearly the largest, and has one lesion a quadrant, in reading order', () => {
    for (const { lesions, largest } of MANY) {
      const order = lesions.map(({ quadrant }) => QUADRANTS.indexOf(quadrant));
      expect(order).toEqual([...new Set(order)].sort());
      if (lesions.length === 0) expect(largest).toBeUndefined();
      for (const lesion of lesions) {
        if (!largest || lesion === largest) continue;
        expect(largest.radius / lesion.radius).toBeGreaterThan(MARGINS.sizeRatio - 1e-9);
      }
    }
  });
});

it('computes with what IEEE 754 defines exactly, so that every engine draws the same', () => {
  const folder = new URL('../../../core/phantoms/', import.meta.url);
  const drawing = ['draw.ts', 'render.ts', 'shapes.ts', 'chance.ts'];
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(drawing));
  const exact = new Set(['sqrt', 'abs', 'min', 'max', 'floor', 'ceil', 'imul']);
  for (const name of drawing) {
    const source = readFileSync(new URL(name, folder), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    const used = [...source.matchAll(/Math\.(\w+)/g)].map(([, called]) => called);
    expect(
      used.filter((called) => called !== undefined && !exact.has(called)),
      name,
    ).toEqual([]);
    // 2 ** 52 is a whole number; of others the power may differ in the last bit.
    expect(source.replaceAll('2 ** 52', ''), name).not.toContain('**');
  }
});
