/** What guessing scores: the accuracy that any figure about a model that looks has to be held against. */
import type { Pair } from './pairs.ts';

export interface Floor {
  questions: number;
  /** Different answers. */
  answers: number;
  /** Fraction right when the commonest answer of the kind is always given. */
  majority: number;
  /** Fraction right when the commonest answer to each question is given: all that can be had without looking. */
  text_only: number;
}

type Tally = Map<string, number>;

/** Counts pairs as they come, by kind and language; phrasings of a question count as one. */
export class GuessingFloors {
  /** `count ko` → name of the question → answer → how often. */
  private readonly tallies = new Map<string, Map<string, Tally>>();

  add({ kind, language, name, answer }: Pair): void {
    const byName = entry(this.tallies, `${kind} ${language}`, () => new Map<string, Tally>());
    const tally = entry(byName, name, () => new Map<string, number>());
    tally.set(answer, (tally.get(answer) ?? 0) + 1);
  }

  /** By kind and language, e.g. `count ko`, sorted. */
  floors(): Map<string, Floor> {
    const floors = new Map<string, Floor>();
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
