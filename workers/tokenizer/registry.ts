import { LabFailureError, type TokenizerKey, type TokenizerSource } from '#core/protocol/tokenizer.ts';
import { fetchBytes, MAX_TOKENIZER_BYTES, unpacked, type Progress } from './bytes.ts';
import type { RunningJob } from './jobs.ts';
import { readBase, readTokenizer, type Base } from './read-tokenizer.ts';
import type { RegisteredTokenizer } from './registered-tokenizer.ts';

/** The tokenizers that the worker holds. */
export class TokenizerRegistry {
  readonly #tokenizers = new Map<TokenizerKey, RegisteredTokenizer>();
  #base: Base | undefined;

  get(key: TokenizerKey): RegisteredTokenizer | undefined {
    return this.#tokenizers.get(key);
  }

  /** What packs build on; throws LabFailureError while there is none. */
  get base(): Base {
    if (!this.#base) throw new LabFailureError('no-base');
    return this.#base;
  }

  forget(key: TokenizerKey): void {
    this.#tokenizers.delete(key);
  }

  /** Reads a tokenizer and puts it under `key`. Throws LabFailureError, and then nothing has changed. */
  async load(
    key: TokenizerKey,
    source: TokenizerSource,
    job: RunningJob,
    progress: Progress,
  ): Promise<RegisteredTokenizer> {
    const registered = await this.#read(source, job, progress);
    this.#tokenizers.set(key, registered);
    return registered;
  }

  async #read(source: TokenizerSource, job: RunningJob, progress: Progress): Promise<RegisteredTokenizer> {
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
          throw new LabFailureError('too-large', { file: name, bytes: file.size, limit: MAX_TOKENIZER_BYTES });
        }
        return readTokenizer(new Uint8Array(await file.arrayBuffer()), name, () => this.base);
      }
      case 'hugging-face': {
        const bytes = await this.#fromHub(source.id, source.root, job, progress);
        return readTokenizer(bytes, `${source.id}/tokenizer.json`, () => this.base);
      }
    }
  }

  async #fromHub(id: string, root: string, job: RunningJob, progress: Progress): Promise<Uint8Array> {
    try {
      return await fetchBytes(`${root}/${id}/resolve/main/tokenizer.json`, job, progress);
    } catch (error) {
      if (!(error instanceof LabFailureError)) throw error;
      if (error.code === 'file-missing') throw new LabFailureError('not-found', { id }, { cause: error });
      if (error.code === 'gated') throw new LabFailureError('gated', { id, ...error.detail }, { cause: error });
      throw error;
    }
  }
}

function nameOf(url: string): string {
  return new URL(url).pathname.split('/').at(-1) ?? url;
}
