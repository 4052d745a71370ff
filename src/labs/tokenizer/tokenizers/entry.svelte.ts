import type { Failure } from '#core/failure.ts';
import type { TokenizerInfo, TokenizerKey, TokenizerSource } from '#core/protocol/tokenizer.ts';

/** A tokenizer of the lab: waiting, loading, ready, or failed. */
export class Entry {
  state = $state<'waiting' | 'loading' | 'ready' | 'failed'>('waiting');
  /** Bytes while an address is being fetched. */
  progress = $state.raw<{ done: number; total: number | undefined }>();
  info = $state.raw<TokenizerInfo>();
  failure = $state.raw<Failure>();
  /** True if it is part of the comparison. */
  shown = $state(true);
  readonly ready = $derived(this.state === 'ready');

  constructor(
    readonly key: TokenizerKey,
    readonly source: TokenizerSource,
    /** Name of a visitor's tokenizer: a file name or a repository. Names of built-in ones are in the messages. */
    readonly given: string,
    /** Number of its lane colour. */
    readonly hue: number,
    /** False: a built-in tokenizer that is loaded when the visitor asks for it. */
    public atStart = true,
  ) {}

  get builtIn(): boolean {
    return this.source.type === 'base' || this.source.type === 'pack';
  }
}
