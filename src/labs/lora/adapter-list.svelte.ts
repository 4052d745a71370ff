import { MAX_ADAPTERS } from '#core/lora/stack.ts';
import type { SetAdaptersEvent, SetAdaptersRequest } from '#core/protocol/adapters.ts';
import type { ModelInfo } from '#core/protocol/engine.ts';
import type { Failure, FailureCode } from '#core/failure.ts';
import { uniqueName } from '#core/text/unique-name.ts';
import { adapterAmong, adapterAt } from './adapter-files.ts';
import { AdapterEntry, type AdapterSource } from './adapter-entry.svelte.ts';
import type { SharedAdapter } from './share.ts';

export const strengths = { least: -1, most: 2, step: 0.05, usual: 1 } as const;

/** A rank slider that is dragged sends many values: the last one is applied, after this delay. */
const settleMilliseconds = 200;

/** Failures that are an adapter's own fault. */
const OF_ONE_ADAPTER: ReadonlySet<FailureCode> = new Set(['adapter-refused', 'other-file']);

type Outcome = Extract<SetAdaptersEvent, { type: 'done' | 'stopped' | 'failed' }>;

/** The part of the engine client (src/workers/engine.svelte.ts) that the list needs. */
export interface AdapterEngine {
  readonly model: ModelInfo | undefined;
  setAdapters(request: SetAdaptersRequest, on: (event: SetAdaptersEvent) => void): Promise<void>;
  setStrengths(strengths: readonly number[]): void;
  /** Stops the lab job; resolves when it has ended. */
  stopLabJob(): Promise<void>;
}

interface Installed {
  model: ModelInfo;
  entries: readonly AdapterEntry[];
  ranks: readonly (number | undefined)[];
}

/** The adapters of the open model, each with its strength and rank. */
export class AdapterList {
  entries = $state.raw<readonly AdapterEntry[]>([]);
  /** 0 … 1 while adapters are being applied. */
  progress = $state<number>();
  /** Failure of the last change, if no single adapter caused it. */
  failure = $state.raw<Failure>();
  /** Failure of added files that contain no adapter. */
  fileFailure = $state.raw<Failure>();
  #installed = $state.raw<Installed>();
  /** Adapters that the engine has applied, in its order. */
  readonly applied = $derived(this.#installed?.entries ?? []);
  readonly full = $derived(this.entries.length >= MAX_ADAPTERS);
  #changes: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param adapters address of the folder of shipped adapters, with "/"
   * @param free stops the lab's jobs: the engine runs one job at a time
   */
  constructor(
    private readonly engine: AdapterEngine,
    private readonly adapters: string,
    private readonly free: () => Promise<void>,
  ) {}

  /** The strengths of the applied adapters, in the engine's order. */
  get strengths(): number[] {
    return this.applied.map(({ strength }) => strength);
  }

  shipped(name: string): AdapterEntry | undefined {
    return this.entries.find(({ source }) => source.type === 'url' && source.shipped === name);
  }

  async addShipped(name: string): Promise<AdapterEntry | undefined> {
    const known = this.shipped(name);
    if (known && known.state !== 'failed') return known;
    if (known) this.#drop(known);
    return this.#add(name, { type: 'url', url: `${this.adapters}${name}/`, shipped: name });
  }

  /** @param url address of the folder, with "/" at the end */
  async addUrl(url: string): Promise<void> {
    await this.#add(nameOf(url), { type: 'url', url, shipped: undefined });
  }

  /** @param name by default that of the folder or file */
  async addFiles(files: readonly File[], name?: string): Promise<void> {
    this.fileFailure = undefined;
    const found = await adapterAmong(files);
    if (found.type === 'failed') {
      this.fileFailure = found.failure;
      return;
    }
    const entry = this.#addEntry(name ?? found.files.name, { type: 'files' });
    if (!entry) return;
    entry.files = { ...found.files, name: entry.name };
    entry.state = 'fetched';
    await this.sync();
  }

  /** Fetches the files of an entry that a link named or that failed, and applies it. */
  async fetch(entry: AdapterEntry): Promise<void> {
    entry.failure = undefined;
    if (!entry.files && entry.source.type === 'url') {
      entry.state = 'fetching';
      const found = await adapterAt(entry.source.url, entry.name, entry.signal);
      if (!this.entries.includes(entry)) return;
      if (found.type === 'failed') return entry.fail(found.failure);
      entry.files = found.files;
    }
    entry.state = 'fetched';
    await this.sync();
  }

  async remove(entry: AdapterEntry): Promise<void> {
    this.#drop(entry);
    await this.sync();
  }

  async clear(): Promise<void> {
    for (const entry of this.entries) this.#drop(entry);
    await this.sync();
  }

  /** Replaces the list with the adapters of a link. Adapters from other hosts wait until the visitor agrees. */
  async replace(shared: readonly SharedAdapter[], urlOf: (address: string) => string | undefined): Promise<void> {
    for (const entry of this.entries) this.#drop(entry);
    const fetched: Promise<void>[] = [];
    for (const { address, strength, rank } of shared) {
      const isShipped = /^[\w.-]+$/u.test(address);
      const url = isShipped ? `${this.adapters}${address}/` : urlOf(address);
      if (url === undefined) continue;
      const name = isShipped ? address : nameOf(url);
      const entry = this.#addEntry(name, { type: 'url', url, shipped: isShipped ? address : undefined });
      if (!entry) continue;
      entry.strength = strength;
      entry.rank = rank;
      if (isShipped) fetched.push(this.fetch(entry));
    }
    await Promise.all([...fetched, this.sync()]);
  }

  /** Stops applying adapters. Those that are not applied yet are not tried again until the visitor asks for them. */
  async stop(): Promise<void> {
    for (const entry of this.entries) if (entry.state === 'fetched') entry.fail({ code: 'stopped', detail: {} });
    await this.engine.stopLabJob();
  }

  /** Takes effect at the next token, also of an answer that is being written. */
  setStrength(entry: AdapterEntry, strength: number): void {
    if (!Number.isFinite(strength)) return;
    // Steps of 0.05 add up to 0.15000000000000002.
    const rounded = Math.round(strength * 100) / 100;
    entry.strength = Math.min(strengths.most, Math.max(strengths.least, rounded));
    if (this.applied.includes(entry)) this.engine.setStrengths(this.strengths);
  }

  /** @param rank the adapter's full rank or more means no truncation */
  setRank(entry: AdapterEntry, rank: number): void {
    entry.rank = rank >= entry.fullRank ? undefined : Math.max(1, Math.round(rank));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.sync(), settleMilliseconds);
  }

  /** As `setRank`, without a delay. Resolves when the rank is applied. */
  async cut(entry: AdapterEntry, rank: number | undefined): Promise<void> {
    entry.rank = rank;
    await this.sync();
  }

  /** Called when another model is open, or none: applies the adapters to it. */
  async follow(): Promise<void> {
    if (this.#installed && this.#installed.model !== this.engine.model) this.#installed = undefined;
    if (!this.engine.model) return;
    for (const entry of this.entries) {
      // An adapter that the visitor stopped is not tried again.
      if (!entry.files || entry.state === 'fetching' || entry.failure?.code === 'stopped') continue;
      entry.state = 'fetched';
      entry.failure = undefined;
    }
    await this.sync();
  }

  /** Applies the list to the engine. Each change waits for the previous one. */
  sync(): Promise<void> {
    this.#changes = this.#changes.then(() => this.#sync()).catch((error: unknown) => console.error(error));
    return this.#changes;
  }

  async #sync(): Promise<void> {
    const { model } = this.engine;
    if (!model) return;
    const usable = () => this.entries.filter(({ state }) => state === 'ready' || state === 'fetched');
    if (this.#isApplied(usable())) return;
    await this.free();
    this.failure = undefined;
    const all = await this.#set(usable());
    if (all.type === 'done') return;
    if (all.type !== 'failed' || !OF_ONE_ADAPTER.has(all.failure.code)) return this.#reportFailure(all);
    // One of them does not fit: those that were applied are known to fit, the others are tried one at a time.
    let proven = usable().filter((entry) => this.applied.includes(entry));
    const others = usable().filter((entry) => !this.applied.includes(entry));
    for (const entry of others) {
      const outcome = others.length === 1 ? all : await this.#set([...proven, entry]);
      if (outcome.type === 'done') proven = [...proven, entry];
      else if (outcome.type === 'failed') entry.fail(outcome.failure);
    }
    if (!this.#isApplied(proven)) await this.#set(proven);
  }

  #isApplied(entries: readonly AdapterEntry[]): boolean {
    const { model } = this.engine;
    if (entries.length === 0 && !this.#installed) return true;
    return (
      this.#installed?.model === model &&
      this.#installed?.entries.length === entries.length &&
      entries.every((entry, at) => this.#installed?.entries[at] === entry && this.#installed.ranks[at] === entry.rank)
    );
  }

  async #set(entries: readonly AdapterEntry[]): Promise<Outcome> {
    const { model } = this.engine;
    if (!model) return { type: 'stopped' };
    const ranks = entries.map(({ rank }) => rank);
    const request = {
      adapters: entries.flatMap(({ id, files }) => (files ? [{ ...files, id }] : [])),
      strengths: entries.map(({ strength }) => strength),
      truncateTo: ranks,
    };
    const ends: Outcome[] = [];
    this.progress = 0;
    await this.engine.setAdapters(request, (event) => {
      if (event.type === 'progress') this.progress = event.totalBytes > 0 ? event.doneBytes / event.totalBytes : 0;
      else ends.push(event);
    });
    this.progress = undefined;
    return this.#take(ends[0] ?? { type: 'stopped' }, { model, entries, ranks });
  }

  #take(outcome: Outcome, asked: Installed): Outcome {
    if (outcome.type !== 'done') return outcome;
    for (const [at, entry] of asked.entries.entries()) {
      entry.info = outcome.adapters[at];
      entry.state = 'ready';
    }
    this.#installed = asked.entries.length > 0 ? asked : undefined;
    // Sliders may have moved meanwhile.
    if (asked.entries.length > 0) this.engine.setStrengths(this.strengths);
    return outcome;
  }

  #reportFailure(outcome: Outcome): void {
    if (outcome.type === 'failed') {
      this.failure = outcome.failure;
      for (const entry of this.entries) if (entry.state === 'fetched') entry.fail(outcome.failure);
    }
  }

  async #add(name: string, source: AdapterSource): Promise<AdapterEntry | undefined> {
    const entry = this.#addEntry(name, source);
    if (entry) await this.fetch(entry);
    return entry;
  }

  #addEntry(name: string, source: AdapterSource): AdapterEntry | undefined {
    if (this.full) return undefined;
    const taken = new Set(this.entries.map((entry) => entry.name));
    const entry = new AdapterEntry(uniqueName(name, taken), source);
    this.entries = [...this.entries, entry];
    return entry;
  }

  #drop(entry: AdapterEntry): void {
    entry.discard();
    this.entries = this.entries.filter((other) => other !== entry);
  }
}

function nameOf(url: string): string {
  const { host, pathname } = new URL(url);
  const parts = pathname.split('/').filter(Boolean);
  return host === 'huggingface.co' ? parts.slice(0, 2).join('/') : (parts.at(-1) ?? host);
}
