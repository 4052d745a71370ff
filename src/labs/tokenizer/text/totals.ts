import { BYTE_KIND, KIND_BITS, UNKNOWN_KIND, type TokenizerKey } from '#core/protocol/tokenizer.ts';
import { countText, type TextCounts } from '#core/tokenizer/statistics/text-counts.ts';
import type { UnitTokens, Unit } from './live-text.svelte.ts';
import { countSentences } from './sentences.ts';

/** Totals of the text in one tokenizer. */
export interface Row {
  tokens: number;
  byteTokens: number;
  unknownTokens: number;
  /** Change relative to the base, if that is compared; numbers of sentences that became shorter and longer. */
  ofBase: { change: number; shorter: number; longer: number } | undefined;
}

export interface Totals {
  size: TextCounts;
  sentences: number;
  rows: ReadonlyMap<TokenizerKey, Row>;
}

/** Sums over the units. Counts are cached per unit, so that a keystroke counts one sentence. */
export class TotalsCounter {
  readonly #sizes = new WeakMap<Unit, TextCounts>();
  readonly #marks = new WeakMap<UnitTokens, { bytes: number; unknown: number }>();

  totals(units: readonly Unit[], base: TokenizerKey): Totals {
    const size: TextCounts = { characters: 0, bytes: 0, words: 0, syllables: 0 };
    const rows = new Map<TokenizerKey, Row>();
    // Tokens of the sentence so far: tokens may reach from one of its units to the next, so units are not compared.
    let sentence = new Map<TokenizerKey, number>();
    for (const unit of units) {
      const counts = this.#sizeOf(unit);
      size.characters += counts.characters;
      size.bytes += counts.bytes;
      size.words += counts.words;
      size.syllables += counts.syllables;
      if (!unit.inside) {
        compareSentence(sentence, base, rows);
        sentence = new Map();
      }
      for (const lane of unit.lanes) {
        sentence.set(lane.key, (sentence.get(lane.key) ?? 0) + lane.count);
        this.#add(lane, rows);
      }
    }
    compareSentence(sentence, base, rows);
    const first = rows.get(base)?.tokens;
    for (const row of rows.values()) if (row.ofBase && first) row.ofBase.change = row.tokens / first - 1;
    return { size, sentences: countSentences(units), rows };
  }

  #add(lane: UnitTokens, rows: Map<TokenizerKey, Row>): void {
    let row = rows.get(lane.key);
    if (!row) rows.set(lane.key, (row = { tokens: 0, byteTokens: 0, unknownTokens: 0, ofBase: undefined }));
    const { bytes, unknown } = this.#marksOf(lane);
    row.tokens += lane.count;
    row.byteTokens += bytes;
    row.unknownTokens += unknown;
  }

  #sizeOf(unit: Unit): TextCounts {
    let counts = this.#sizes.get(unit);
    if (!counts) {
      counts = { characters: 0, bytes: 0, words: 0, syllables: 0 };
      countText(unit.text, counts);
      this.#sizes.set(unit, counts);
    }
    return counts;
  }

  #marksOf(lane: UnitTokens): { bytes: number; unknown: number } {
    let found = this.#marks.get(lane);
    if (!found) {
      found = { bytes: 0, unknown: 0 };
      for (const mark of lane.marks) {
        if ((mark & KIND_BITS) === BYTE_KIND) found.bytes++;
        if ((mark & KIND_BITS) === UNKNOWN_KIND) found.unknown++;
      }
      this.#marks.set(lane, found);
    }
    return found;
  }
}

function compareSentence(
  sentence: ReadonlyMap<TokenizerKey, number>,
  base: TokenizerKey,
  rows: ReadonlyMap<TokenizerKey, Row>,
): void {
  const before = sentence.get(base);
  if (before === undefined) return;
  for (const [key, count] of sentence) {
    const row = rows.get(key);
    if (!row) continue;
    row.ofBase ??= { change: 0, shorter: 0, longer: 0 };
    if (count < before) row.ofBase.shorter++;
    if (count > before) row.ofBase.longer++;
  }
}
