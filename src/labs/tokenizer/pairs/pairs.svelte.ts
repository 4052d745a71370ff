import type { JobId } from '#core/protocol/engine.ts';
import type { CompareEvent, LabFailure, PairsResult, TokenizerKey } from '#core/protocol/tokenizer.ts';
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
  failure = $state.raw<LabFailure>();
  #keys: readonly TokenizerKey[] = [];
  #job: JobId | undefined;

  constructor(private readonly link: TokenizerWorker) {}

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
    if (this.#job) this.link.stop(this.#job);
    const job = this.link.newJob();
    this.#job = job;
    const request = { pairs: this.pairs, keys: this.#keys };
    if (this.#keys.length === 0) return;
    await this.link.run<CompareEvent>(
      job,
      (api, on) => api.comparePairs(job, request, on),
      (event) => {
        // Of a job that was replaced nothing is wanted any more.
        if (this.#job !== job) return;
        this.progress = event.type === 'progress' ? { done: event.done, total: event.total } : undefined;
        if (event.type === 'done') this.results = event.results;
        if (event.type === 'failed') this.failure = event.failure;
      },
    );
  }
}
