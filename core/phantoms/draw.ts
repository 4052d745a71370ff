import { Random } from '../sampling/random.ts';
import { between, choose, index, sample, weighted } from './chance.ts';
import {
  BRIGHTNESSES,
  MARGINS,
  QUADRANTS,
  SHAPES,
  SIDE,
  type Body,
  type Lesion,
  type Patch,
  type Phantom,
  type Quadrant,
} from './phantom.ts';
import { extremePoints, reach } from './shapes.ts';

/** Weights of 0, 1, 2 and 3 lesions. 0 is less frequent, since all other questions then have the same answer. */
const COUNTS = [
  [0, 1],
  [1, 2],
  [2, 2],
  [3, 2],
] as const;

export const RIM_WIDTH = 2;

/**
 * Draws the phantom of a seed, identically in every JavaScript engine. Quadrants, shapes, brightness and which lesion is
 * largest are drawn uniformly and independently.
 * @throws RangeError for a seed that is not an integer from 0 to 2^52
 */
export function drawPhantom(seed: number): Phantom {
  if (!Number.isInteger(seed) || seed < 0 || seed > 2 ** 52) {
    throw new RangeError(`the seed of a phantom must be an integer from 0 to 2^52, got ${seed}`);
  }
  const random = Random.fromSeed(seed);
  const body = drawBody(random);
  const patches = Array.from({ length: 4 }, () => drawPatch(random));
  const quadrants = sample(random, QUADRANTS, weighted(random, COUNTS));
  const inReadingOrder = QUADRANTS.filter((quadrant) => quadrants.includes(quadrant));
  const largestAt = index(random, Math.max(1, quadrants.length));
  const { smallestRadius, largestRadius: most, sizeRatio } = MARGINS;
  const largestRadius = between(random, quadrants.length > 1 ? smallestRadius * sizeRatio : smallestRadius, most);
  const lesions = inReadingOrder.map((quadrant, at) => {
    const radius = at === largestAt ? largestRadius : between(random, smallestRadius, largestRadius / sizeRatio);
    return drawLesion(random, quadrant, radius, body);
  });
  return {
    seed,
    lesions,
    largest: lesions[largestAt],
    body,
    patches,
    background: between(random, 6, 16),
    blur: between(random, 1.0, 1.8),
    noise: between(random, 3, 8),
  };
}

function drawBody(random: Random): Body {
  // t = tan(tilt / 2) gives sine and cosine with exact arithmetic only. The tilt is at most 14 degrees.
  const t = between(random, -0.125, 0.125);
  const scale = 1 + t * t;
  return {
    x: SIDE / 2 + between(random, -0.5, 0.5),
    y: SIDE / 2 + between(random, -0.5, 0.5),
    width: between(random, 28.75, 30),
    height: between(random, 28.75, 30.5),
    direction: [(1 - t * t) / scale, (2 * t) / scale],
    level: between(random, 92, 116),
    rim: between(random, 35, 60),
  };
}

function drawPatch(random: Random): Patch {
  return {
    x: between(random, 8, SIDE - 8),
    y: between(random, 8, SIDE - 8),
    radius: between(random, 12, 20),
    contrast: between(random, -9, 9),
  };
}

/** Maximum attempts to place a lesion. In 200,000 phantoms none took more than 353. */
const TRIES = 10_000;

function drawLesion(random: Random, quadrant: Quadrant, radius: number, body: Body): Lesion {
  const shape = choose(random, SHAPES);
  const brightness = choose(random, BRIGHTNESSES);
  const contrast =
    brightness === 'bright' ? between(random, MARGINS.contrast, 85) : -between(random, MARGINS.contrast, 70);
  const far = reach(shape, radius);
  const middle = SIDE / 2;
  const isLeft = quadrant.endsWith('left');
  const isUpper = quadrant.startsWith('upper');
  for (let tries = 0; tries < TRIES; tries++) {
    const fromMiddleX = between(random, far + MARGINS.midline, middle - far);
    const fromMiddleY = between(random, far + MARGINS.midline, middle - far);
    const x = isLeft ? middle - fromMiddleX : middle + fromMiddleX;
    const y = isUpper ? middle - fromMiddleY : middle + fromMiddleY;
    const lesion: Lesion = { quadrant, shape, brightness, x, y, radius, contrast };
    const clearance = RIM_WIDTH + MARGINS.rim;
    if (extremePoints(lesion).every(([px, py]) => depth(body, px, py) > clearance)) return lesion;
  }
  throw new Error(`no room for a ${shape} lesion of radius ${radius} in the ${quadrant}`);
}

/** Approximate distance of a point from the body's outline, positive inside. First order; exact for a circle. */
export function depth({ x, y, width, height, direction: [cos, sin] }: Body, px: number, py: number): number {
  const along = ((px - x) * cos + (py - y) * sin) / width;
  const across = ((py - y) * cos - (px - x) * sin) / height;
  const relative = Math.sqrt(along * along + across * across);
  // The derivative of the relative distance, in each direction, is its share over the half axis.
  const slope = Math.sqrt((along * along) / (width * width) + (across * across) / (height * height));
  return slope === 0 ? Math.min(width, height) : ((1 - relative) * relative) / slope;
}
