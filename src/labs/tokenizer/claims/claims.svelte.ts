import type { Failure } from '#core/failure.ts';
import type { TokenizerKey } from '#core/protocol/tokenizer.ts';
import { claimCounts, claimPairs, type ClaimCounts } from './claims.ts';
import type { TokenizerWorker } from '../../../workers/tokenizer-worker.ts';

/** The claims, counted in the tokenizer worker by every tokenizer that is compared. */
export class Claims {
  counts = $state.raw<readonly ClaimCounts[]>([]);
  failure = $state.raw<Failure>();
  #keys: readonly TokenizerKey[] = [];
  #counted: readonly TokenizerKey[] | undefined;
  #counting = false;

  constructor(private readonly worker: TokenizerWorker) {}

  /** Sets the compared tokenizers. */
  follow(keys: readonly TokenizerKey[]): void {
    this.#keys = keys;
    void this.#pump();
  }

  again(): void {
    this.#counted = undefined;
    void this.#pump();
  }

  async #pump(): Promise<void> {
    if (this.#counting) return;
    this.#counting = true;
    while (this.#keys !== this.#counted) {
      const keys = this.#keys;
      this.#counted = keys;
      if (keys.length > 0) await this.#count(keys);
    }
    this.#counting = false;
  }

  async #count(keys: readonly TokenizerKey[]): Promise<void> {
    const end = await this.worker.start('measurePairs', { pairs: claimPairs, keys }).ended;
    if (end.type === 'done') this.counts = end.counts.map(claimCounts);
    this.failure = end.type === 'failed' ? end.failure : undefined;
  }
}
