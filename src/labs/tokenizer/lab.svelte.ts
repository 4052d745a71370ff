import type { Failure } from '#core/failure.ts';
import type { TokenizerKey } from '#core/protocol/tokenizer.ts';
import { TokenizerWorker } from '../../workers/tokenizer-worker.ts';
import { place, type Address } from '../../platform/place.svelte.ts';
import type { Entry } from './tokenizers/entry.svelte.ts';
import { examples } from './text/examples.ts';
import { LiveText } from './text/live-text.svelte.ts';
import { Pairs } from './pairs/pairs.svelte.ts';
import { unpackShared, type Shared } from './share.ts';
import { BASE, Tokenizers } from './tokenizers/tokenizers.svelte.ts';
import { TotalsCounter } from './text/totals.ts';

/** Longest text that is compared live, in UTF-16 units. */
export const maxText = 200_000;

/** Host of the repositories. */
const hub = 'https://huggingface.co';

const hubPrefix = 'hf:';

/** Everything the tokenizer lab holds. It works without a model. */
export class TokenizerLab {
  readonly worker = new TokenizerWorker(() => {
    this.#restored = this.#restore();
  });
  readonly tokenizers: Tokenizers;
  readonly live = new LiveText(this.worker, () => this.#restored);
  readonly pairs = new Pairs(this.worker);
  /** Failure of a text file that was not accepted. */
  textFailure = $state.raw<Failure>();
  /** True if the address should contain a text and does not. */
  linkBroken = $state(false);
  readonly #counter = new TotalsCounter();
  readonly totals = $derived(this.#counter.totals(this.live.units, BASE));
  #started = false;

  /** @param page address of the page; vocabulary and packs are in folders beside it */
  constructor(page: string) {
    this.tokenizers = new Tokenizers(this.worker, page);
    this.live.text = examples.clinical;
  }

  /** Called at the first visit: applies the address, then loads the tokenizers, the base before its packs. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    place.onArrival((address) => void this.#applyAddress(address));
    void this.#loadAll();
  }

  /** Adds picked or dropped files: their type decides whether they are a text, pairs or a tokenizer. */
  async addFiles(files: readonly File[]): Promise<void> {
    for (const file of files) {
      const kind = /\.(tsv|txt|md)$/i.exec(file.name)?.[1]?.toLowerCase() ?? (file.type === 'text/plain' ? 'txt' : '');
      if (kind === '') {
        await this.tokenizers.add({ type: 'file', file, name: file.name }, file.name);
        this.#use();
      } else await this.#addText(file, kind === 'tsv');
    }
  }

  async addFromHub(id: string): Promise<void> {
    await this.tokenizers.add({ type: 'hugging-face', id, root: hub }, id);
    this.#use();
  }

  /** Loads a tokenizer that failed or that a link named. Loading the base also loads its packs. */
  async retry(entry: Entry): Promise<void> {
    await this.tokenizers.load(entry);
    if (entry.key === BASE) await this.#loadAll();
    this.#use();
  }

  remove(entry: Entry): void {
    this.tokenizers.remove(entry);
    this.#use();
  }

  show(entry: Entry, shown: boolean): void {
    entry.shown = shown;
    this.#use();
  }

  /** The state that a link to this comparison stores. */
  shared(): Shared {
    const tokenizers = this.tokenizers.shown.flatMap(({ key, source, builtIn }) => {
      if (builtIn) return [key];
      return source.type === 'hugging-face' ? [hubPrefix + source.id] : [];
    });
    return { text: this.live.text, tokenizers };
  }

  async #addText(file: File, isPairs: boolean): Promise<void> {
    const failed = (failure: Failure) => {
      if (isPairs) this.pairs.failure = failure;
      else this.textFailure = failure;
    };
    this.textFailure = undefined;
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer()).replaceAll('\r\n', '\n');
    } catch {
      return failed({ code: 'encoding', detail: { file: file.name } });
    }
    if (isPairs) return this.pairs.take(text, file.name, file.name);
    if (text.length > maxText) {
      return failed({ code: 'text-too-long', detail: { file: file.name, length: text.length, limit: maxText } });
    }
    this.live.text = text;
  }

  async #applyAddress({ lab, query }: Address): Promise<void> {
    if (lab !== 'tokenizer') return;
    const packed = query.get('s');
    const text = query.get('text');
    this.linkBroken = false;
    if (text !== null) this.live.text = text.slice(0, maxText);
    if (packed === null) return;
    const shared = await unpackShared(packed);
    this.linkBroken = shared === undefined;
    if (!shared) return;
    this.live.text = shared.text;
    for (const entry of this.tokenizers.entries) {
      if (entry.builtIn) entry.shown = shared.tokenizers.includes(entry.key);
    }
    // Downloads of tens of megabytes from another host start when the visitor agrees.
    const ids = shared.tokenizers.filter((key) => key.startsWith(hubPrefix)).map((key) => key.slice(hubPrefix.length));
    for (const id of ids) {
      if (/^[\w-]+\/[\w.-]+$/.test(id)) this.tokenizers.announce({ type: 'hugging-face', id, root: hub }, id);
    }
    this.#use();
  }

  /** Loads the built-in tokenizers that are not loaded. */
  async #loadAll(): Promise<void> {
    for (const entry of this.tokenizers.entries) {
      if (!entry.builtIn || entry.ready || entry.state === 'loading') continue;
      if (entry.key !== BASE && !this.tokenizers.base) continue;
      await this.tokenizers.load(entry);
      this.#use();
    }
  }

  /** Restores a new worker: loads the tokenizers, then sends the text. A tokenizer that fails is not tried again. */
  async #restore(): Promise<void> {
    for (const entry of this.tokenizers.entries) if (entry.ready) await this.tokenizers.load(entry);
    this.#use();
    this.live.resend();
  }

  #restored: Promise<void> = Promise.resolve();

  #keys: readonly TokenizerKey[] = [];

  #use(): void {
    const keys = this.tokenizers.shown.map((entry) => entry.key);
    if (keys.join() === this.#keys.join()) return;
    this.#keys = keys;
    this.live.use(keys);
    this.pairs.use(keys);
  }
}
