/** How often the shipped teaching model answers right, and how few right answers out of many would be too few. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const rates = fileURLToPath(new URL('../../public/models/results.json', import.meta.url));

/** Exact match of teaching-ko in 4 bits on unseen phantoms, as `npm run evaluate` measured it. */
export async function shippedRate(): Promise<number> {
  const json: { models?: Record<string, { packages?: Record<string, { exact_match_about_images?: unknown }> }> } =
    JSON.parse(await readFile(rates, 'utf8'));
  const rate = json.models?.['teaching-ko']?.packages?.['q4']?.exact_match_about_images;
  if (typeof rate !== 'number') throw new Error(`${rates} has no rate of teaching-ko in q4`);
  return rate;
}

/** Right answers out of `asked` that all but one run in a thousand reach, by the binomial distribution. */
export function leastOf(asked: number, rate: number): number {
  // The probability of exactly `right`, from all of them down.
  let probability = rate ** asked;
  let reached = probability;
  let right = asked;
  while (reached < 0.999) {
    probability *= ((right / (asked - right + 1)) * (1 - rate)) / rate;
    reached += probability;
    right--;
  }
  return right;
}
