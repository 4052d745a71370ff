/**
 * Continues BPE training (Sennrich et al., arXiv 1508.07909) from an existing tokenizer: the base tokenizer splits the
 * text, and the most frequent pair of adjacent tokens is merged repeatedly.
 */
import { MergeRules } from './merge-rules.ts';
import { PairQueue } from './pair-queue.ts';
import { PackError } from './pack-error.ts';
import { PairTable, REFUSED } from './pair-table.ts';
import { countPieces, mergesFor, type FilteredMerges } from './piece-filter.ts';
import { Scripts } from './scripts.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { TextMixture, type TextWeight } from './text-mixture.ts';
import { TokenRuns } from './token-runs.ts';

export interface TrainingOptions {
  /** Minimum frequency of a merged pair. */
  minFrequency: number;
  /** Maximum characters of a piece, "▁" not counted. */
  longest: number;
  /** Unicode scripts allowed in new pieces; each piece contains a character of a script other than Common and Inherited. */
  scripts: readonly string[];
  /** Pieces may also contain punctuation: "다." */
  punctuation: boolean;
  /** Pieces may end with one of these characters: "다." with ".,". */
  endings: string;
  /** Pieces may span several words. Then lines instead of words are counted, so memory grows with the text. */
  superwords: boolean;
  /**
   * Normalizes text to NFC first. Off, as an encoder does not compose either: tokens learned from composed text would save
   * nothing on the decomposed text they came from.
   */
  nfc: boolean;
  /** A word counts at most so often between the same two neighbours, over all texts; 0: always. With `superwords`, a line. */
  cap: number;
  /** Maximum number of distinct words (with `superwords`, lines); beyond it the rarest are dropped. */
  wordLimit: number;
}

export const TRAINING_DEFAULTS: TrainingOptions = {
  minFrequency: 2,
  longest: 8,
  scripts: ['Hangul'],
  punctuation: false,
  endings: '',
  superwords: false,
  nfc: false,
  cap: 0,
  wordLimit: 2 ** 23,
};

export interface TrainedMerge {
  left: string;
  right: string;
  /** Frequency of the pair in the text before the merge. */
  frequency: number;
}

interface Prepared {
  runs: TokenRuns;
  table: PairTable;
  queue: PairQueue;
}

/** Call `add` for every line, then `next` for each merge. Callers can report progress, pause or stop between calls. */
export class VocabularyTrainer {
  /** Current number of tokens of the counted words; 0 before the first merge. */
  tokens = 0;
  /** Number of distinct counted words; 0 before the first merge. */
  differentWords = 0;
  private readonly options: TrainingOptions;
  private readonly scripts: Scripts;
  private readonly rules: MergeRules;
  private readonly texts: TextMixture;
  /** Units that do not end a word, because a base piece continues from them across a space. */
  private readonly bridges: ReadonlySet<number>;
  private prepared: Prepared | undefined;

  constructor(
    private readonly base: Tokenizer,
    options: Partial<TrainingOptions> = {},
  ) {
    this.options = { ...TRAINING_DEFAULTS, ...options };
    this.scripts = new Scripts(this.options.scripts, { ...this.options, characters: this.options.endings });
    this.rules = new MergeRules(base, this.scripts, this.options);
    this.texts = new TextMixture(this.options);
    this.bridges = unitsBeforeSpaces(base);
  }

  /** Occurrences of words that were dropped because of `wordLimit`. */
  get droppedWords(): number {
    return this.texts.dropped;
  }

  /** Occurrences of words that `cap` left out. */
  get cappedWords(): number {
    return this.texts.capped;
  }

  /** How often a word of each text counts. @throws PackError if shares and other weights are mixed */
  weights(): number[] {
    return this.texts.weights();
  }

  /** The lines that follow are another text. Without a call all lines are one text, of which each word counts once. */
  beginText(weight: TextWeight): void {
    this.texts.begin(weight);
  }

  /** Counts the words of one line, given without its line break. Must not be called after the first merge. */
  add(line: string): void {
    if (this.prepared) throw new Error('Lines come before the first merge.');
    const text = this.options.nfc ? line.normalize('NFC') : line;
    const borders = [0];
    let start = 0;
    const owns: boolean[] = [];
    let own = false;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit === 0x20 && !this.options.superwords && i > start && !this.bridges.has(text.charCodeAt(i - 1))) {
        start = i;
        borders.push(i);
        owns.push(own);
        own = false;
      } else {
        own ||= this.scripts.ownUnits[unit] === 1;
      }
    }
    borders.push(text.length);
    owns.push(own);
    this.texts.add(text, borders, owns);
  }

  /**
   * Cuts the words with the base tokenizer and counts their pairs, in steps; yields the fraction done. `next`
   * calls it if necessary.
   */
  *prepare(): Generator<number> {
    if (this.prepared) return;
    const runs = new TokenRuns((id) => this.rules.mergeable(id));
    const words = this.texts.words();
    let done = 0;
    for (const [word, count] of words.entries()) {
      this.tokens += runs.add(this.base.encode(word), count) * count;
      if (++done % 4096 === 0) yield (0.8 * done) / words.size;
    }
    this.differentWords = words.size;
    words.clear();
    const table = new PairTable(runs.size, (left, right) => this.rules.mayMerge(left, right));
    for (let place = 0; place < runs.size; place++) {
      const behind = runs.next(place);
      if (behind >= 0) table.add(place, runs.ids[place]!, runs.ids[behind]!, runs.weights[place]!);
      if (place % 65536 === 65535) yield 0.8 + (0.2 * place) / runs.size;
    }
    const queue = new PairQueue(table, Math.max(1, this.options.minFrequency));
    for (let pair = 0; pair < table.size; pair++) queue.push(pair);
    this.prepared = { runs, table, queue };
    yield 1;
  }

  /** The next merge; undefined if no pair is frequent enough. */
  next(): TrainedMerge | undefined {
    const { table, queue } = this.ready();
    for (;;) {
      const pair = queue.pop();
      if (pair === undefined) return undefined;
      const [left, right] = [this.rules.textOf(table.left[pair]!), this.rules.textOf(table.right[pair]!)];
      // Another merge may have created the same piece in the meantime.
      if (this.rules.isNew(left + right)) return this.merge(pair, left, right);
    }
  }

  /**
   * Merges this pair next, regardless of its frequency.
   *
   * @throws PackError if a side is not a piece yet, or the new piece already exists or is forbidden by the options
   */
  join(left: string, right: string): TrainedMerge {
    const { table } = this.ready();
    const [first, second] = [this.rules.idOf(left), this.rules.idOf(right)];
    const pair = first === undefined || second === undefined ? REFUSED : table.pairOf(first, second);
    if (pair === REFUSED || !this.rules.isNew(left + right)) {
      throw new PackError('option', `"${left}" and "${right}" cannot be joined into a new piece.`);
    }
    return this.merge(pair, left, right);
  }

  /**
   * Merges for the frequent pieces of another tokenizer, to be passed to `join` in this order. Call it before the
   * first merge. Runs in steps; yields the fraction of words done.
   */
  *filter(intermediate: Tokenizer, tokens: number): Generator<number, FilteredMerges> {
    const words = this.texts.words();
    const counting = countPieces(intermediate, words.entries());
    for (;;) {
      const step = counting.next();
      if (step.done) {
        return mergesFor(step.value, this.base, this.rules, { tokens, minFrequency: this.options.minFrequency });
      }
      yield step.value / words.size;
    }
  }

  private merge(pair: number, left: string, right: string): TrainedMerge {
    const { runs, table, queue } = this.ready();
    const frequency = table.count[pair]!;
    const before = table.size;
    this.tokens -= runs.merge(pair, this.rules.make(left + right), table);
    for (let made = before; made < table.size; made++) queue.push(made);
    return { left, right, frequency };
  }

  private ready(): Prepared {
    const preparing = this.prepare();
    while (preparing.next().done !== true);
    if (!this.prepared) throw new Error('unreachable: prepare() sets it');
    return this.prepared;
  }
}

/** UTF-16 units that precede a space within a piece. Gemma 3: the space itself, and ">" because of ">▁</". */
function unitsBeforeSpaces(base: Tokenizer): Set<number> {
  const units = new Set([0x20]);
  for (let id = 0; id < base.size; id++) {
    const piece = base.pieceOf(id) ?? '';
    for (let at = piece.search(/(?<=.)[▁ ]/s); at >= 0 && at < piece.length; at++) {
      if ('▁ '.includes(piece.charAt(at))) units.add(piece.charCodeAt(at - 1));
    }
  }
  return units;
}
