import type { LabFailure, LoadEvent, TokenFacts, TokenizerKey, TokenizerSource } from '#core/protocol/tokenizer.ts';
import type { TokenizerWorker } from '../../../workers/tokenizer-worker.ts';
import { Entry } from './entry.svelte.ts';

export const BASE: TokenizerKey = 'base';
/** Packs that are shipped beside the page: names of files in `korean/`. */
export const packNames = ['ko-8960', 'ko-20480'] as const;

export const hues = 6;

/** The tokenizers that are compared, the base first. */
export class Tokenizers {
  entries = $state.raw<readonly Entry[]>([]);
  readonly shown = $derived(this.entries.filter((entry) => entry.ready && entry.shown));
  readonly base = $derived(this.entries.find((entry) => entry.key === BASE && entry.ready));
  readonly #link: TokenizerWorker;
  readonly #facts = new Map<string, Promise<TokenFacts | undefined>>();
  #count = 0;

  constructor(link: TokenizerWorker, page: string) {
    this.#link = link;
    const url = (path: string) => new URL(path, page).href;
    this.entries = [
      new Entry(BASE, { type: 'base', url: url('tokenizer/gemma3.vocabulary') }, BASE, 0),
      ...packNames.map((name, index) => {
        return new Entry(name, { type: 'pack', url: url(`korean/${name}.json`) }, name, index + 1);
      }),
    ];
  }

  async load(entry: Entry): Promise<void> {
    entry.state = 'loading';
    entry.failure = undefined;
    entry.progress = undefined;
    const job = this.#link.newJob();
    await this.#link.run<LoadEvent>(
      job,
      (api, on) => api.load(job, entry.key, entry.source, on),
      (event) => {
        if (event.type === 'progress') entry.progress = { done: event.doneBytes, total: event.totalBytes };
        else if (event.type === 'done') {
          entry.info = event.tokenizer;
          entry.state = 'ready';
        } else {
          entry.failure = event.type === 'failed' ? event.failure : stopped;
          entry.state = 'failed';
        }
      },
    );
  }

  /** A tokenizer of the visitor's; one that is refused stays in the list with the reason, until it is removed. */
  async add(source: TokenizerSource, given: string): Promise<Entry> {
    const entry = this.announce(source, given);
    await this.load(entry);
    return entry;
  }

  /** Puts it into the list without loading it; one that is there already stays. */
  announce(source: TokenizerSource, given: string): Entry {
    const there = this.entries.find((entry) => source.type === 'hugging-face' && entry.given === given);
    if (there) return there;
    const entry = new Entry(`own-${++this.#count}`, source, given, this.#freeHue());
    this.entries = [...this.entries, entry];
    return entry;
  }

  remove(entry: Entry): void {
    this.entries = this.entries.filter((other) => other !== entry);
    void this.#link.running?.forget(entry.key);
  }

  /** Undefined where the worker no longer holds the tokenizer. */
  inspect(key: TokenizerKey, id: number): Promise<TokenFacts | undefined> {
    const name = `${key}/${id}`;
    const known = this.#facts.get(name);
    if (known) return known;
    const asked = this.#link
      .ask((api) => api.inspect(key, id))
      .catch(() => {
        // The worker broke off: the next one may know.
        this.#facts.delete(name);
        return undefined;
      });
    this.#facts.set(name, asked);
    return asked;
  }

  #freeHue(): number {
    const taken = this.entries.map((entry) => entry.hue);
    const free = Array.from({ length: hues }, (_, hue) => hue).find((hue) => !taken.includes(hue));
    return free ?? this.entries.length % hues;
  }
}

const stopped: LabFailure = { code: 'worker', detail: { reason: 'stopped' } };
