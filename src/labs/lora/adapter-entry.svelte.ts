import type { AdapterFiles } from '#core/protocol/adapters.ts';
import type { AdapterInfo } from '#core/lora/describe.ts';
import type { Failure } from '#core/failure.ts';

/** Where an adapter comes from. `shipped`: its name in the folder of adapters beside the page. */
export type AdapterSource = { type: 'url'; url: string; shipped: string | undefined } | { type: 'files' };

/**
 * waiting: named by a link, to be fetched from elsewhere when the visitor says so · fetched: its files are here, no model has
 * taken it yet · ready: it is applied to the open model
 */
export type AdapterState = 'waiting' | 'fetching' | 'fetched' | 'ready' | 'failed';

let made = 0;

/** One adapter of the list. */
export class AdapterEntry {
  readonly id = `adapter-${++made}`;
  state = $state<AdapterState>('waiting');
  strength = $state(1);
  /** Cut to this rank; undefined is whole. */
  rank = $state<number>();
  /** As the engine read it, whatever `rank` makes of it; undefined before it did. */
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

  /** What a link calls it; undefined for one that came from files. */
  get address(): string | undefined {
    return this.source.type === 'url' ? (this.source.shipped ?? this.source.url) : undefined;
  }

  /** The largest rank that any of its modules has. */
  get fullRank(): number {
    return Math.max(1, ...(this.info?.modules.map(({ rank }) => rank) ?? []));
  }
}
