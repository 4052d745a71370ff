/** Words of several texts, each counted with the weight of its text. */
import { PackError } from './pack-error.ts';
import { PhraseCounts } from './phrase-counts.ts';
import { WordCounts } from './word-counts.ts';

/** `times`: every word of the text counts so often. `share`: the words of the text are this part of all counted words, 0 to 1. */
export type TextWeight = { times: number } | { share: number };

/** Weights are multiples of 1/1024, so that sums of counts are exact and do not depend on their order. */
const STEP = 1 / 1024;

interface Source {
  weight: TextWeight;
  words: WordCounts;
  /** Counted words, repetitions included. */
  counted: number;
}

export interface MixtureOptions {
  /** Maximum number of distinct words; beyond it the rarest are dropped. */
  wordLimit: number;
  /** A word counts at most so often between the same two neighbours. 0: always. */
  cap: number;
}

export class TextMixture {
  private readonly sources: Source[] = [];
  private readonly phrases: PhraseCounts | undefined;
  private mixed: WordCounts | undefined;
  /** Occurrences that the cap left out. */
  capped = 0;

  constructor(private readonly options: MixtureOptions) {
    if (options.cap > 0) this.phrases = new PhraseCounts();
  }

  /** The lines that follow belong to a text with this weight. */
  begin(weight: TextWeight): void {
    this.sources.push({ weight, words: new WordCounts(this.options.wordLimit), counted: 0 });
  }

  /**
   * Counts words of a line, given by their borders: word i is `line.slice(borders[i], borders[i + 1])`.
   * @param own whether the word counts; the others are only neighbours
   */
  add(line: string, borders: readonly number[], own: readonly boolean[]): void {
    const source = this.current();
    for (let i = 0; i < own.length; i++) {
      if (!own[i]) continue;
      const [start, end] = [borders[i]!, borders[i + 1]!];
      if (this.phrases) {
        const [from, to] = [borders[Math.max(0, i - 1)]!, borders[Math.min(own.length, i + 2)]!];
        if (this.phrases.add(line, from, to, start) > this.options.cap) {
          this.capped++;
          continue;
        }
      }
      source.counted++;
      source.words.add(line, start, end);
    }
  }

  /** Occurrences of words that were dropped because of `wordLimit`. */
  get dropped(): number {
    const ofSources = this.sources.reduce((sum, { words }) => sum + words.dropped, 0);
    const isSource = this.sources.some(({ words }) => words === this.mixed);
    return ofSources + (isSource ? 0 : (this.mixed?.dropped ?? 0));
  }

  /**
   * Number of times that a word of each text counts.
   * @throws PackError if a text has a share and another has none, a text with a share has no words, or a weight is too small
   */
  weights(): number[] {
    const all = this.sources.reduce((sum, { counted }) => sum + counted, 0);
    const shares = this.sources.flatMap(({ weight }) => ('share' in weight ? [weight.share] : []));
    if (shares.length > 0 && shares.length < this.sources.length) {
      throw new PackError('option', 'Give every text a share in percent, or none.');
    }
    const sum = shares.reduce((a, b) => a + b, 0);
    return this.sources.map(({ weight, counted }, index) => {
      if ('share' in weight && counted === 0) {
        throw new PackError('option', `Text ${index + 1} has a share and no word in the scripts of the new pieces.`);
      }
      const times = 'share' in weight ? ((weight.share / sum) * all) / counted : weight.times;
      const rounded = Math.round(times / STEP) * STEP;
      if (rounded > 0) return rounded;
      throw new PackError('option', `A word of text ${index + 1} would count ${times} times; the least is ${STEP}.`);
    });
  }

  /** The words of all texts with their weighted counts. Texts are let go; call it once no line is added any more. */
  words(): WordCounts {
    if (this.mixed) return this.mixed;
    const weights = this.weights();
    const [only] = this.sources;
    if (!only || (this.sources.length === 1 && weights[0] === 1)) return (this.mixed = this.current().words);
    const mixed = new WordCounts(this.options.wordLimit);
    for (const [index, { words }] of this.sources.entries()) {
      for (const [word, count] of words.entries()) mixed.add(word, 0, word.length, count * weights[index]!);
      words.clear();
    }
    return (this.mixed = mixed);
  }

  private current(): Source {
    if (this.sources.length === 0) this.begin({ times: 1 });
    return this.sources[this.sources.length - 1]!;
  }
}
