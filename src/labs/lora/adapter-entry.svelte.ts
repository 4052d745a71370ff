import type { AdapterFiles } from '#core/protocol/adapters.ts';
import type { AdapterInfo } from '#core/lora/describe.ts';
import type { Failure } from '#core/failure.ts';

/** Where an adapter comes from. `shipped`: its name in the folder of adapters beside the page. */
export type AdapterSource = { type: 'url'; url: string; shipped: string | undefined } | { type: 'files' };

/**
 * waiting: named by a link to another host, fetched when the visitor agrees · fetched: its files are here, but it is not yet
 * applied to a model · ready: it is applied to the open model
 */
export type AdapterState = 'waiting' | 'fetching' | 'fetched' | 'ready' | 'failed';

let made = 0;

/** One adapter of the list. */
export class AdapterEntry {
  readonly id = `adapter-${++made}`;
  state = $state<AdapterState>('waiting');
  strength = $state(1);
  /** Truncated to this rank; undefined: full rank. */
  rank = $state<number>();
  /** The engine's description of the adapter before truncation; undefined until it was applied. */
  info = $state.raw<AdapterInfo>();
  failure = $state.raw<Failure>();
  files: AdapterFiles | undefined;
  readonly #abort = new AbortController();

  constructor(
    readonly name: string,
    readonly source: AdapterSource,
  ) {}

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Ends a download. */
  discard(): void {
    this.#abort.abort();
  }

  fail(failure: Failure): void {
    this.state = 'failed';
    this.failure = failure;
  }

  /** Name or address for a link; undefined for an adapter from files. */
  get address(): string | undefined {
    return this.source.type === 'url' ? (this.source.shipped ?? this.source.url) : undefined;
  }

  /** The largest rank that any of its modules has. */
  get fullRank(): number {
    return Math.max(1, ...(this.info?.modules.map(({ rank }) => rank) ?? []));
  }
}
