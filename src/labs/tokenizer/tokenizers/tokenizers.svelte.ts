import { RECOMMENDED_PACK, SHIPPED_PACKS, type ShippedPackName } from '#core/tokenizer/korean/shipped-packs.ts';
import type { TokenFacts, TokenizerKey, TokenizerSource } from '#core/protocol/tokenizer.ts';
import type { TokenizerWorker } from '../../../workers/tokenizer-worker.ts';
import { withToken } from '../../../platform/access-tokens.svelte.ts';
import { Entry } from './entry.svelte.ts';

export const BASE: TokenizerKey = 'base';
/** Packs that are loaded with the base; the others when the visitor asks for them. */
const loadedAtStart: readonly ShippedPackName[] = [RECOMMENDED_PACK, 'ko-8960', 'ko-20480'];

/** Lane colours of the shipped packs. */
const packHues: Record<ShippedPackName, number> = {
  'ko-8960': 1,
  'ko-20480': 2,
  'ko-med-16384': 3,
  'ko-med-8960': 4,
  'ko-med-20480': 5,
};

export const hues = 6;

/** The tokenizers that are compared, the base first. */
export class Tokenizers {
  entries = $state.raw<readonly Entry[]>([]);
  readonly shown = $derived(this.entries.filter((entry) => entry.ready && entry.shown));
  readonly base = $derived(this.entries.find((entry) => entry.key === BASE && entry.ready));
  readonly #worker: TokenizerWorker;
  readonly #loading = new Map<Entry, { stop(): void }>();
  readonly #facts = new Map<string, Promise<TokenFacts | undefined>>();
  #count = 0;

  constructor(worker: TokenizerWorker, page: string) {
    this.#worker = worker;
    const url = (path: string) => new URL(path, page).href;
    this.entries = [
      new Entry(BASE, { type: 'base', url: url('tokenizer/gemma3.vocabulary') }, BASE, 0),
      ...SHIPPED_PACKS.map(({ name }) => {
        const source = { type: 'pack', url: url(`korean/${name}.json`) } as const;
        return new Entry(name, source, name, packHues[name], loadedAtStart.includes(name));
      }),
    ];
  }

  async load(entry: Entry): Promise<void> {
    entry.state = 'loading';
    entry.failure = undefined;
    entry.progress = undefined;
    const job = this.#worker.start('load', { key: entry.key, source: withToken(entry.source) }, (event) => {
      if (event.type === 'progress') entry.progress = { done: event.doneBytes, total: event.totalBytes };
    });
    this.#loading.set(entry, job);
    const end = await job.ended;
    this.#loading.delete(entry);
    if (end.type === 'done') {
      entry.info = end.tokenizer;
      entry.state = 'ready';
    } else {
      entry.failure = end.type === 'failed' ? end.failure : { code: 'stopped', detail: {} };
      entry.state = 'failed';
    }
  }

  /** Adds a visitor's tokenizer; one that fails stays in the list with the reason until it is removed. */
  async add(source: TokenizerSource, given: string): Promise<Entry> {
    const entry = this.announce(source, given);
    await this.load(entry);
    return entry;
  }

  /** Adds it to the list without loading it, unless it is in the list already. */
  announce(source: TokenizerSource, given: string): Entry {
    const there = this.entries.find((entry) => source.type === 'hugging-face' && entry.given === given);
    if (there) return there;
    const entry = new Entry(`own-${++this.#count}`, source, given, this.#freeHue());
    this.entries = [...this.entries, entry];
    return entry;
  }

  remove(entry: Entry): void {
    this.entries = this.entries.filter((other) => other !== entry);
    this.#loading.get(entry)?.stop();
    if (this.#worker.isRunning) this.#worker.start('forget', entry.key);
  }

  /** Undefined if the worker no longer has the tokenizer. */
  inspect(key: TokenizerKey, id: number): Promise<TokenFacts | undefined> {
    const name = `${key}/${id}`;
    const known = this.#facts.get(name);
    if (known) return known;
    const asked = this.#worker.ask('inspect', { key, id }).then(
      ({ facts }) => facts,
      () => {
        // The worker crashed: the next one may answer.
        this.#facts.delete(name);
        return undefined;
      },
    );
    this.#facts.set(name, asked);
    return asked;
  }

  #freeHue(): number {
    const taken = this.entries.map((entry) => entry.hue);
    const free = Array.from({ length: hues }, (_, hue) => hue).find((hue) => !taken.includes(hue));
    return free ?? this.entries.length % hues;
  }
}
