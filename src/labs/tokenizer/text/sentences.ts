import type { TokenizerKey } from '#core/protocol/tokenizer.ts';
import type { Unit } from './live-text.svelte.ts';

/** A sentence with its tokens. Long sentences are several units, and a token that reaches from one to the next counts once. */
export interface Sentence {
  /** Id of its first unit. */
  id: number;
  text: string;
  counts: ReadonlyMap<TokenizerKey, number>;
}

/** @param most sentences to make, at most */
export function sentencesOf(units: readonly Unit[], most = Infinity): Sentence[] {
  const sentences: Sentence[] = [];
  let texts: string[] = [];
  let counts = new Map<TokenizerKey, number>();
  for (const [index, unit] of units.entries()) {
    if (!unit.inside) {
      if (sentences.length === most) break;
      texts = [];
      counts = new Map();
      sentences.push({ id: unit.id, text: '', counts });
    }
    texts.push(unit.text);
    for (const { key, count } of unit.lanes) counts.set(key, (counts.get(key) ?? 0) + count);
    const sentence = sentences.at(-1);
    if (sentence && units[index + 1]?.inside !== true) sentence.text = texts.join('');
  }
  return sentences;
}

export function countSentences(units: readonly Unit[]): number {
  return units.reduce((count, { inside }) => count + (inside ? 0 : 1), 0);
}
