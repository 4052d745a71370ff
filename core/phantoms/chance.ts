/** Random draws that use exact arithmetic only. */
import type { Random } from '../sampling/random.ts';

/** Uniform in [from, to). */
export function between(random: Random, from: number, to: number): number {
  return from + (to - from) * random.uniform();
}

/** Uniform integer in 0 … count − 1. */
export function index(random: Random, count: number): number {
  return Math.floor(random.uniform() * count);
}

/** A uniformly drawn entry. @throws RangeError for an empty list */
export function choose<T>(random: Random, list: readonly T[]): T {
  if (list.length === 0) throw new RangeError('nothing to choose from');
  return list[index(random, list.length)]!;
}

/** `count` different entries, in random order (Fisher and Yates). */
export function sample<T>(random: Random, list: readonly T[], count: number): T[] {
  const left = [...list];
  const drawn: T[] = [];
  while (drawn.length < count && left.length > 0) drawn.push(...left.splice(index(random, left.length), 1));
  return drawn;
}

/** An entry drawn with probability proportional to its weight. @throws RangeError if no weight is positive */
export function weighted<T>(random: Random, entries: readonly (readonly [value: T, weight: number])[]): T {
  let left = random.uniform() * entries.reduce((sum, [, weight]) => sum + weight, 0);
  let last: readonly [T, number] | undefined;
  for (const entry of entries) {
    if (entry[1] <= 0) continue;
    last = entry;
    left -= entry[1];
    if (left < 0) break;
  }
  if (!last) throw new RangeError('nothing to choose from');
  return last[0];
}

/** Standard deviation of the sum of four uniform bytes; its mean is 510. */
const DEVIATION = Math.sqrt((4 * (256 * 256 - 1)) / 12);

/** Approximately normal, mean 0, standard deviation 1: the sum of four uniform bytes (Irwin–Hall), at most 3.5. */
export function grain(random: Random): number {
  const word = random.uint32();
  return ((word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24) - 510) / DEVIATION;
}
