import type { Failure } from '#core/failure.ts';
import type { TokenizerInfo, TokenizerKey, TokenizerSource } from '#core/protocol/tokenizer.ts';

/** A tokenizer of the lab: there, on its way, or refused. */
export class Entry {
  state = $state<'waiting' | 'loading' | 'ready' | 'failed'>('waiting');
  /** Done of total bytes, while an address is being fetched. */
  progress = $state.raw<{ done: number; total: number | undefined }>();
  info = $state.raw<TokenizerInfo>();
  failure = $state.raw<Failure>();
  /** Takes part in the comparison. */
  shown = $state(true);
  readonly ready = $derived(this.state === 'ready');

  constructor(
    readonly key: TokenizerKey,
    readonly source: TokenizerSource,
    /** What the visitor calls it: a file name, a repository. Built-in ones are named by the messages. */
    readonly given: string,
    /** Which of the lane colours it has. */
    readonly hue: number,
  ) {}

  get builtIn(): boolean {
    return this.source.type === 'base' || this.source.type === 'pack';
  }
}
