import type { PairsResult, TokenizerKey } from '#core/protocol/tokenizer.ts';
import type { Failure } from '#core/failure.ts';
import type { Pair } from '#core/tokenizer/statistics/measure.ts';
import type { TokenizerWorker } from '../../../workers/tokenizer-worker.ts';
import { readPairs } from './read-pairs.ts';

/** Sentences with their translations, measured with the tokenizers that take part. */
export class Pairs {
  /** What they are called: a file, or undefined for what was typed or the page's own. */
  file = $state.raw<string>();
  pairs = $state.raw<readonly Pair[]>([]);
  koreanFirst = $state(false);
  results = $state.raw<readonly PairsResult[]>([]);
  progress = $state.raw<{ done: number; total: number }>();
  failure = $state.raw<Failure>();
  #keys: readonly TokenizerKey[] = [];
  #measured = 0;

  constructor(private readonly worker: TokenizerWorker) {}

  /** The tokenizers that take part; what was measured with others is measured again. */
  use(keys: readonly TokenizerKey[]): void {
    this.#keys = keys;
    if (this.pairs.length > 0) void this.#measure();
  }

  /** @param file undefined for what was typed, which the messages name */
  take(text: string, file: string | undefined, typed: string): void {
    const read = readPairs(text, file ?? typed);
    this.failure = read.type === 'failed' ? read.failure : undefined;
    if (read.type === 'failed') return;
    this.file = file;
    this.pairs = read.pairs;
    this.koreanFirst = read.koreanFirst;
    void this.#measure();
  }

  async #measure(): Promise<void> {
    const mine = ++this.#measured;
    if (this.#keys.length === 0) return;
    // The newest request wins: the worker stops the one before.
    const end = await this.worker.start('comparePairs', { pairs: this.pairs, keys: this.#keys }, (event) => {
      if (mine === this.#measured && event.type === 'progress') this.progress = event;
    }).ended;
    if (mine !== this.#measured) return;
    this.progress = undefined;
    if (end.type === 'done') this.results = end.results;
    if (end.type === 'failed') this.failure = end.failure;
  }
}
