/** Statistics to compare tokenizers on texts. */
import { countText, type TextCounts } from './text-counts.ts';
import { TopTexts, type TextChange } from './top-texts.ts';
import type { Tokenizer } from '../tokenizer.ts';

export interface TextMeasure extends TextCounts {
  texts: number;
  tokens: number;
  /** Tokens that are one byte of a character (byte fallback). */
  byteTokens: number;
  unknownTokens: number;
  /** Number of distinct tokens that occurred. */
  usedTokens: number;
  rates: Rates;
  /** Change relative to the first tokenizer; undefined for the first. */
  change: Change | undefined;
}

/** Ratios; undefined if the divisor is 0. */
export interface Rates {
  tokensPerText: number | undefined;
  charactersPerToken: number | undefined;
  bytesPerToken: number | undefined;
  tokensPerWord: number | undefined;
  /** Tokens per Hangul syllable; only meaningful for Korean text. */
  tokensPerSyllable: number | undefined;
}

export interface Change {
  /** Relative change of the token count: −0.187 means 18.7 % fewer than the first tokenizer. */
  tokens: number | undefined;
  /** Number of texts with fewer, more, and equally many tokens. */
  shorter: number;
  longer: number;
  same: number;
  mostSaved: TextChange[];
  mostHurt: TextChange[];
}

/** Measures texts incrementally, for corpora of any size. */
export class TextMeter {
  private texts = 0;
  private readonly counts: TextCounts = { characters: 0, bytes: 0, words: 0, syllables: 0 };
  private readonly columns: Column[];

  /** @param examples number of texts with the largest changes to keep */
  constructor(tokenizers: readonly Tokenizer[], examples = 5) {
    this.columns = tokenizers.map((tokenizer) => new Column(tokenizer, examples));
  }

  add(text: string): void {
    this.texts++;
    countText(text, this.counts);
    let first: number | undefined;
    for (const column of this.columns) {
      const tokens = column.add(text, first);
      first ??= tokens;
    }
  }

  /** In the order of the tokenizers. */
  results(): TextMeasure[] {
    const first = this.columns[0]?.tokens;
    return this.columns.map((column, index) => ({
      texts: this.texts,
      ...this.counts,
      tokens: column.tokens,
      ...column.kinds(),
      rates: ratesOf(column.tokens, this.texts, this.counts),
      change: index === 0 || first === undefined ? undefined : column.change(first),
    }));
  }
}

/** One measure per tokenizer. */
export function measureTexts(tokenizers: readonly Tokenizer[], texts: Iterable<string>, examples = 5): TextMeasure[] {
  const meter = new TextMeter(tokenizers, examples);
  for (const text of texts) meter.add(text);
  return meter.results();
}

export interface Pair {
  english: string;
  korean: string;
}

export interface PairsMeasure {
  english: TextMeasure;
  korean: TextMeasure;
  /** Korean tokens per English token for the same content. Undefined without English tokens. */
  ratio: number | undefined;
}

/** Measures the same content in two languages. One measure per tokenizer. */
export function measurePairs(tokenizers: readonly Tokenizer[], pairs: readonly Pair[], examples = 5): PairsMeasure[] {
  const side = (language: keyof Pair) =>
    measureTexts(
      tokenizers,
      pairs.map((pair) => pair[language]),
      examples,
    );
  return pairsMeasures(side('english'), side('korean'));
}

/** Combines the measures of both sides, which have one entry per tokenizer. */
export function pairsMeasures(english: readonly TextMeasure[], korean: readonly TextMeasure[]): PairsMeasure[] {
  return korean.flatMap((measure, index) => {
    const other = english[index];
    return other ? [{ english: other, korean: measure, ratio: ratio(measure.tokens, other.tokens) }] : [];
  });
}

/** Accumulated counts of one tokenizer. */
class Column {
  tokens = 0;
  private readonly used = new Map<number, number>();
  private readonly tally = { shorter: 0, longer: 0, same: 0 };
  private readonly saved: TopTexts;
  private readonly hurt: TopTexts;

  constructor(
    private readonly tokenizer: Tokenizer,
    examples: number,
  ) {
    this.saved = new TopTexts(examples);
    this.hurt = new TopTexts(examples);
  }

  /** @returns tokens of the text */
  add(text: string, before: number | undefined): number {
    const ids = this.tokenizer.encode(text);
    for (const id of ids) this.used.set(id, (this.used.get(id) ?? 0) + 1);
    this.tokens += ids.length;
    if (before === undefined) return ids.length;
    const saved = before - ids.length;
    this.tally[saved > 0 ? 'shorter' : saved < 0 ? 'longer' : 'same']++;
    this.saved.offer(saved, { text, before, after: ids.length });
    this.hurt.offer(-saved, { text, before, after: ids.length });
    return ids.length;
  }

  kinds(): Pick<TextMeasure, 'byteTokens' | 'unknownTokens' | 'usedTokens'> {
    const kinds = { byteTokens: 0, unknownTokens: 0, usedTokens: this.used.size };
    for (const [id, count] of this.used) {
      const kind = this.tokenizer.kindOf(id);
      if (kind === 'byte') kinds.byteTokens += count;
      if (kind === 'unknown') kinds.unknownTokens += count;
    }
    return kinds;
  }

  change(first: number): Change {
    return {
      tokens: first === 0 ? undefined : this.tokens / first - 1,
      ...this.tally,
      mostSaved: this.saved.list(),
      mostHurt: this.hurt.list(),
    };
  }
}

function ratesOf(tokens: number, texts: number, counts: TextCounts): Rates {
  return {
    tokensPerText: ratio(tokens, texts),
    charactersPerToken: ratio(counts.characters, tokens),
    bytesPerToken: ratio(counts.bytes, tokens),
    tokensPerWord: ratio(tokens, counts.words),
    tokensPerSyllable: ratio(tokens, counts.syllables),
  };
}

function ratio(a: number, b: number): number | undefined {
  return b === 0 ? undefined : a / b;
}
