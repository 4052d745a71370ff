/** Baseline accuracy of guessing, to compare with the accuracy of a model that sees the image. */
import type { Pair } from './pairs.ts';

export interface GuessingBaseline {
  questions: number;
  /** Number of distinct answers. */
  answers: number;
  /** Accuracy of always giving the most frequent answer of the kind. */
  majority: number;
  /** Accuracy of giving the most frequent answer to each question: the maximum without seeing the image. */
  text_only: number;
}

type Tally = Map<string, number>;

/** Counts answers by kind and language; all phrasings of a question count as one question. */
export class GuessingBaselines {
  /** `count ko` → name of the question → answer → number of occurrences. */
  private readonly tallies = new Map<string, Map<string, Tally>>();

  add({ kind, language, name, answer }: Pair): void {
    const byName = entry(this.tallies, `${kind} ${language}`, () => new Map<string, Tally>());
    const tally = entry(byName, name, () => new Map<string, number>());
    tally.set(answer, (tally.get(answer) ?? 0) + 1);
  }

  /** By kind and language, e.g. `count ko`, sorted. */
  results(): Map<string, GuessingBaseline> {
    const floors = new Map<string, GuessingBaseline>();
    for (const [key, byName] of [...this.tallies].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const overall: Tally = new Map();
      let right = 0;
      for (const tally of byName.values()) {
        right += Math.max(...tally.values());
        for (const [answer, count] of tally) overall.set(answer, (overall.get(answer) ?? 0) + count);
      }
      const questions = [...overall.values()].reduce((sum, count) => sum + count, 0);
      floors.set(key, {
        questions,
        answers: overall.size,
        majority: Math.max(...overall.values()) / questions,
        text_only: right / questions,
      });
    }
    return floors;
  }
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
