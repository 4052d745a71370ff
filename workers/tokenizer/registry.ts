import { FailureError } from '#core/failure.ts';
import type { TokenizerKey, TokenizerSource } from '#core/protocol/tokenizer.ts';
import { fetchBytes, MAX_TOKENIZER_BYTES, nameOf, unpacked, type Progress } from './bytes.ts';
import type { Pausing } from '../jobs/running-job.ts';
import { readBase, readTokenizer, type Base } from './read-tokenizer.ts';
import type { RegisteredTokenizer } from './registered-tokenizer.ts';

/** The tokenizers that the worker holds. */
export class TokenizerRegistry {
  readonly #tokenizers = new Map<TokenizerKey, RegisteredTokenizer>();
  #base: Base | undefined;

  get(key: TokenizerKey): RegisteredTokenizer | undefined {
    return this.#tokenizers.get(key);
  }

  /** The base that packs extend. @throws FailureError before it is loaded */
  get base(): Base {
    if (!this.#base) throw new FailureError('no-base');
    return this.#base;
  }

  forget(key: TokenizerKey): void {
    this.#tokenizers.delete(key);
  }

  /** Reads a tokenizer and stores it under `key`. @throws FailureError; nothing has changed then */
  async load(
    key: TokenizerKey,
    source: TokenizerSource,
    job: Pausing,
    progress: Progress,
  ): Promise<RegisteredTokenizer> {
    const registered = await this.#read(source, job, progress);
    this.#tokenizers.set(key, registered);
    return registered;
  }

  async #read(source: TokenizerSource, job: Pausing, progress: Progress): Promise<RegisteredTokenizer> {
    switch (source.type) {
      case 'base': {
        const file = nameOf(source.url);
        this.#base = readBase(await unpacked(await fetchBytes(source.url, job, progress), file), file);
        return this.#base;
      }
      case 'pack':
        return readTokenizer(await fetchBytes(source.url, job, progress), nameOf(source.url), () => this.base);
      case 'file': {
        const { file, name } = source;
        if (file.size > MAX_TOKENIZER_BYTES) {
          throw new FailureError('too-large', { file: name, bytes: file.size, limit: MAX_TOKENIZER_BYTES });
        }
        return readTokenizer(new Uint8Array(await file.arrayBuffer()), name, () => this.base);
      }
      case 'hugging-face': {
        const bytes = await this.#fromHub(source, job, progress);
        return readTokenizer(bytes, `${source.id}/tokenizer.json`, () => this.base);
      }
    }
  }

  async #fromHub(
    { id, root, token }: Extract<TokenizerSource, { type: 'hugging-face' }>,
    job: Pausing,
    progress: Progress,
  ): Promise<Uint8Array> {
    try {
      return await fetchBytes(`${root}/${id}/resolve/main/tokenizer.json`, job, progress, token);
    } catch (error) {
      if (error instanceof FailureError && error.code === 'file-missing')
        throw new FailureError('not-found', { id }, { cause: error });
      throw error;
    }
  }
}
