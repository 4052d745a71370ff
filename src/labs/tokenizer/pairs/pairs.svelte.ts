import type { PairsResult, TokenizerKey } from '#core/protocol/tokenizer.ts';
import type { Failure } from '#core/failure.ts';
import type { Pair } from '#core/tokenizer/statistics/measure.ts';
import type { TokenizerWorker } from '../../../workers/tokenizer-worker.ts';
import { readPairs } from './read-pairs.ts';

/** Sentences with their translations, measured with the compared tokenizers. */
export class Pairs {
  /** Name of the file; undefined for typed pairs and for the examples. */
  file = $state.raw<string>();
  pairs = $state.raw<readonly Pair[]>([]);
  koreanFirst = $state(false);
  results = $state.raw<readonly PairsResult[]>([]);
  progress = $state.raw<{ done: number; total: number }>();
  failure = $state.raw<Failure>();
  #keys: readonly TokenizerKey[] = [];
  #measured = 0;

  constructor(private readonly worker: TokenizerWorker) {}

  /** Sets the compared tokenizers; pairs that were measured with others are measured again. */
  use(keys: readonly TokenizerKey[]): void {
    this.#keys = keys;
    if (this.pairs.length > 0) void this.#measure();
  }

  /** @param file undefined for typed text @param typed name of typed text, from the messages */
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
    // Only the newest request counts: the worker stops the previous one.
    const end = await this.worker.start('comparePairs', { pairs: this.pairs, keys: this.#keys }, (event) => {
      if (mine === this.#measured && event.type === 'progress') this.progress = event;
    }).ended;
    if (mine !== this.#measured) return;
    this.progress = undefined;
    if (end.type === 'done') this.results = end.results;
    if (end.type === 'failed') this.failure = end.failure;
  }
}
