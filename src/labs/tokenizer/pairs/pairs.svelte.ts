import type { PairsResult, TokenizerKey } from '#core/protocol/tokenizer.ts';
import type { Failure } from '#core/failure.ts';
import type { TextEncoding } from '#core/text/encoding.ts';
import { isDecomposedHangul } from '#core/text/hangul.ts';
import { readPairs, type ReadPairs } from '#core/tokenizer/statistics/read-pairs.ts';
import type { TokenizerWorker } from '../../../workers/tokenizer-worker.ts';

/** Pairs as they were read, with all that must be told about the reading. */
export interface MeasuredPairs extends ReadPairs {
  /** Name of the file; undefined for typed pairs and for the examples. */
  file: string | undefined;
  /** Set if the encoding of the file was guessed. */
  encoding: TextEncoding | undefined;
  /** Pairs with decomposed Hangul. */
  decomposed: number;
}

/** Sentences with their translations, measured with the compared tokenizers. */
export class Pairs {
  read = $state.raw<MeasuredPairs>();
  results = $state.raw<readonly PairsResult[]>([]);
  progress = $state.raw<{ done: number; total: number }>();
  failure = $state.raw<Failure>();
  #keys: readonly TokenizerKey[] = [];
  #measured = 0;

  constructor(private readonly worker: TokenizerWorker) {}

  /** Sets the compared tokenizers; pairs that were measured with others are measured again. */
  use(keys: readonly TokenizerKey[]): void {
    this.#keys = keys;
    void this.#measure();
  }

  /**
   * @param file undefined for typed text
   * @param name of the file or of the typed text, for messages
   * @param encoding set if it was guessed
   */
  take(text: string, file: string | undefined, name: string, encoding?: TextEncoding): void {
    const read = readPairs(text);
    this.failure = 'problem' in read ? { code: read.problem, detail: { file: name } } : undefined;
    if ('problem' in read) return;
    const decomposed = read.pairs.filter(({ korean }) => isDecomposedHangul(korean)).length;
    this.read = { ...read, file, encoding, decomposed };
    void this.#measure();
  }

  async #measure(): Promise<void> {
    const mine = ++this.#measured;
    if (this.#keys.length === 0 || !this.read) return;
    const request = { pairs: this.read.pairs, keys: this.#keys };
    // Only the newest request counts: the worker stops the previous one.
    const end = await this.worker.start('comparePairs', request, (event) => {
      if (mine === this.#measured && event.type === 'progress') this.progress = event;
    }).ended;
    if (mine !== this.#measured) return;
    this.progress = undefined;
    if (end.type === 'done') this.results = end.results;
    if (end.type === 'failed') this.failure = end.failure;
  }
}
