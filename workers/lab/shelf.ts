import type { TokenizerInfo, TokenizerKey, TokenizerSource } from '#core/protocol/tokenizer-lab.ts';
import { LabFailureError } from '#core/protocol/tokenizer-lab.ts';
import type { Pack } from '#core/tokenizer/pack.ts';
import type { Tokenizer } from '#core/tokenizer/tokenizer.ts';
import type { RunningJob } from './jobs.ts';

/** A tokenizer that was read, with what its origin tells about it. */
export interface Shelved {
  tokenizer: Tokenizer;
  info: TokenizerInfo;
  /** No token reaches across the cuts of `unitEnds`: units can be encoded one by one. */
  cutsAreSafe: boolean;
  /** What made it out of the base. */
  pack: Pack | undefined;
}

/** The tokenizers that the worker holds. */
export class Shelf {
  readonly #shelved = new Map<TokenizerKey, Shelved>();

  get(key: TokenizerKey): Shelved | undefined {
    return this.#shelved.get(key);
  }

  put(key: TokenizerKey, shelved: Shelved): void {
    this.#shelved.set(key, shelved);
  }

  forget(key: TokenizerKey): void {
    this.#shelved.delete(key);
  }

  load(
    _key: TokenizerKey,
    _source: TokenizerSource,
    _job: RunningJob,
    _progress: (doneBytes: number, totalBytes: number | undefined) => void,
  ): Promise<Shelved> {
    return Promise.reject(new LabFailureError('worker', { reason: 'no reader yet' }));
  }
}
