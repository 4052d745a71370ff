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

/** UTF-16 units of text that are compared live. */
export const maxText = 200_000;

/** The host that ids of repositories belong to. */
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
  /** Of a text file that was not taken. */
  textFailure = $state.raw<Failure>();
  /** The address was to hold a text and does not. */
  linkBroken = $state(false);
  readonly #counter = new TotalsCounter();
  readonly totals = $derived(this.#counter.totals(this.live.units, BASE));
  #started = false;

  /** @param page address of the page; vocabulary and packs lie beside it */
  constructor(page: string) {
    this.tokenizers = new Tokenizers(this.worker, page);
    this.live.text = examples.clinical;
  }

  /** At the first visit: what the address asks for, then the tokenizers, the base before what builds on it. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    place.onArrival((address) => void this.#arrive(address));
    void this.#loadAll();
  }

  /** Files from a picker or dropped on the page: what they are says where they go. */
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

  /** Fetches again what failed, or for the first time what a link named; packs come with their base. */
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

  /** What a link to this comparison has to hold. */
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

  async #arrive({ lab, query }: Address): Promise<void> {
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
    // Tens of megabytes from elsewhere: the visitor says when.
    const ids = shared.tokenizers.filter((key) => key.startsWith(hubPrefix)).map((key) => key.slice(hubPrefix.length));
    for (const id of ids) {
      if (/^[\w-]+\/[\w.-]+$/.test(id)) this.tokenizers.announce({ type: 'hugging-face', id, root: hub }, id);
    }
    this.#use();
  }

  /** What is built in and not there. */
  async #loadAll(): Promise<void> {
    for (const entry of this.tokenizers.entries) {
      if (!entry.builtIn || entry.ready || entry.state === 'loading') continue;
      if (entry.key !== BASE && !this.tokenizers.base) continue;
      await this.tokenizers.load(entry);
      this.#use();
    }
  }

  /** Into a worker that knows nothing: the tokenizers, then the text. One that cannot be loaded again is not tried twice. */
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
