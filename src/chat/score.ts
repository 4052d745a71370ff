import type { Verdict } from '#core/phantoms/verdict.ts';

export type { Verdict };

export interface Score {
  asked: number;
  right: number;
}

export function tally(verdicts: Iterable<Verdict | undefined>): Score {
  const score = { asked: 0, right: 0 };
  for (const verdict of verdicts) {
    if (!verdict) continue;
    score.asked++;
    if (verdict.right) score.right++;
  }
  return score;
}

export function sum(a: Score, b: Score): Score {
  return { asked: a.asked + b.asked, right: a.right + b.right };
}
