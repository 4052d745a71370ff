import type { LabFailure, PairsEvent, TokenizerKey } from '#core/protocol/tokenizer.ts';
import { claimCounts, claimPairs, type ClaimCounts } from './claims.ts';
import type { TokenizerWorker } from '../../../workers/tokenizer-worker.ts';

/** The claims, counted in the lab worker by every tokenizer that is compared. */
export class Claims {
  counts = $state.raw<readonly ClaimCounts[]>([]);
  failure = $state.raw<LabFailure>();
  #keys: readonly TokenizerKey[] = [];
  #counted: readonly TokenizerKey[] | undefined;
  #counting = false;

  constructor(private readonly link: TokenizerWorker) {}

  /** The tokenizers that take part. */
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
    const job = this.link.newJob();
    await this.link.run<PairsEvent>(
      job,
      (api, on) => api.measurePairs(job, { pairs: claimPairs, keys }, on),
      (event) => {
        if (event.type === 'progress') return;
        if (event.type === 'done') this.counts = event.counts.map(claimCounts);
        this.failure = event.type === 'failed' ? event.failure : undefined;
      },
    );
  }
}
