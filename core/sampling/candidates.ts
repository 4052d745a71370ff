/**
 * A choice from the most probable tokens of a row instead of all of it. It is the one that `chooseToken` makes from the whole row,
 * or none where the candidates do not decide it.
 */
import { chooseRanked, expWeights, type Cuts } from './choose.ts';
import type { Ranked } from './top-k.ts';

export interface Candidates extends Ranked {
  /** Tokens of the whole row. The candidates are the first ones in order of rank: none that is missing is before one of them. */
  vocabulary: number;
  /** Bounds of the sum of exp((logit − largest) / temperature) over the whole row. */
  total: Interval;
}

export interface Interval {
  low: number;
  high: number;
}

/** What float64 sums of the same weights in another order may differ by, relative. */
const rounding = 1e-12;

/**
 * Top-k of no more tokens than there are candidates is always decided. Otherwise the sum over the kept tokens is known within
 * bounds, and the choice is decided if it is the same at both ends of them.
 * @param u as for `chooseToken`
 * @returns undefined if the row must be looked at
 */
export function chooseCandidate(candidates: Candidates, cuts: Cuts, u: number): number | undefined {
  const { ids, logits, vocabulary, total } = candidates;
  const { temperature, topP: p } = cuts;
  const count = ids.length;
  if (!isRanked(candidates)) return undefined;
  const k = cuts.topK > 0 ? Math.min(cuts.topK, vocabulary) : vocabulary;
  if (k <= count && k < vocabulary)
    return chooseRanked({ ids: ids.subarray(0, k), logits: logits.subarray(0, k) }, temperature, p, u);

  const { weights } = expWeights(logits, logits[0], temperature);
  const sums = cumulated(weights);
  const known = sums[count - 1] ?? 0;
  const lightest = weights[count - 1] ?? 0;
  // No token beyond the candidates is heavier than the last of them.
  const beyond = (k - count) * lightest;
  const mass: Interval = {
    low: k < vocabulary ? known : Math.max(known, total.low),
    high: Math.min(known + beyond, total.high),
  };
  if (!(mass.low <= mass.high * (1 + rounding))) return undefined;
  const kept = p < 1 ? nucleus(sums, widened({ low: p * mass.low, high: p * mass.high }), mass, lightest) : mass;
  const target = widened({ low: u * kept.low, high: u * kept.high });
  const at = sums.findIndex((sum) => sum > target.low);
  // The token after the cut cannot be meant: the target is below what is kept.
  return at >= 0 && sums[at]! > target.high ? ids[at] : undefined;
}

/** Bounds of what top-p keeps, which ends with the token that reaches `target`. */
function nucleus(sums: Float64Array, target: Interval, mass: Interval, lightest: number): Interval {
  const reach = (least: number) => sums.find((sum) => sum >= least);
  return {
    low: reach(target.low) ?? target.low,
    high: reach(target.high) ?? Math.min(mass.high, target.high + lightest),
  };
}

function cumulated(weights: Float64Array): Float64Array {
  let sum = 0;
  return weights.map((weight) => (sum += weight));
}

function widened({ low, high }: Interval): Interval {
  return { low: low * (1 - rounding), high: high * (1 + rounding) };
}

/** False also if a logit is NaN or the largest is infinite: the whole row says which token it is. */
function isRanked({ ids, logits }: Ranked): boolean {
  if (!Number.isFinite(logits[0])) return false;
  for (let at = 1; at < ids.length; at++) {
    const [before, logit] = [logits[at - 1]!, logits[at]!];
    if (!(before > logit || (before === logit && ids[at - 1]! < ids[at]!))) return false;
  }
  return true;
}
