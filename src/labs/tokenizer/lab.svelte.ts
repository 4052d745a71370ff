import { FailureError, type Failure } from '#core/failure.ts';
import { fileGone } from '#core/files/file-gone.ts';
import type { TokenizerKey } from '#core/protocol/tokenizer.ts';
import { cutText } from '#core/text/cut.ts';
import type { DecodedText, TextEncoding } from '#core/text/encoding.ts';
import { withLineFeeds } from '#core/text/line-ends.ts';
import { textOfFile } from '#core/text/text-file.ts';
import { TokenizerWorker } from '../../workers/tokenizer-worker.ts';
import { place, type Address } from '../../platform/place.svelte.ts';
import type { Entry } from './tokenizers/entry.svelte.ts';
import { exampleNames, examples } from './text/examples.ts';
import { LiveText } from './text/live-text.svelte.ts';
import { ReplacedText } from './text/replaced-text.svelte.ts';
import { Medicine } from './medicine/medicine.svelte.ts';
import { Pairs } from './pairs/pairs.svelte.ts';
import { unpackShared, type Shared } from './share.ts';
import { BASE, Tokenizers } from './tokenizers/tokenizers.svelte.ts';
import { TotalsCounter } from './text/totals.ts';

/** Longest text that is compared live, in UTF-16 units. */
export const maxText = 200_000;

/** Largest file that is read as a text or as pairs, in bytes: it is read at once, on the page's thread. */
const maxTextFile = 50_000_000;

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
  readonly medicine: Medicine;
  /** Brings back a text that an example, a file or a link replaced. */
  readonly replaced: ReplacedText;
  /** Failure of a text file that was not accepted. */
  textFailure = $state.raw<Failure>();
  /** The text file whose encoding is not UTF-8, as long as its text is shown. */
  readAs = $state.raw<ReadAs>();
  /** True if the address should contain a text and does not. */
  linkBroken = $state(false);
  readonly #counter = new TotalsCounter();
  readonly totals = $derived(this.#counter.totals(this.live.units, BASE));
  #started = false;

  /** @param page address of the page; vocabulary and packs are in folders beside it */
  constructor(page: string) {
    this.tokenizers = new Tokenizers(this.worker, page);
    this.medicine = new Medicine(this.worker, page);
    this.live.text = examples.clinical;
    this.replaced = new ReplacedText(
      { get: () => this.live.text, set: (text) => this.#setText(text) },
      (text) => !exampleNames.some((name) => examples[name] === text),
    );
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
      const kind =
        /\.(tsv|csv|txt|md)$/i.exec(file.name)?.[1]?.toLowerCase() ?? (file.type === 'text/plain' ? 'txt' : '');
      if (kind === '') {
        await this.tokenizers.add({ type: 'file', file, name: file.name }, file.name);
        this.#use();
      } else if (kind === 'tsv' || kind === 'csv') await this.addPairs(file);
      else await this.addText(file);
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

  /** Compares the text of a file, whatever the name of the file. */
  async addText(file: File): Promise<void> {
    const read = await readText(file);
    this.textFailure = 'code' in read ? read : undefined;
    if ('code' in read) return;
    const { text, encoding, guessed } = read;
    if (text.length > maxText) {
      this.textFailure = { code: 'text-too-long', detail: { file: file.name, length: text.length, limit: maxText } };
      return;
    }
    this.replaced.replace(text);
    this.readAs = guessed ? { file: file.name, encoding } : undefined;
  }

  /** Measures the pairs of a file, whatever the name of the file. */
  async addPairs(file: File): Promise<void> {
    const read = await readText(file, 'pairs');
    if ('code' in read) this.pairs.failure = read;
    else this.pairs.take(read.text, file.name, file.name, read.guessed ? read.encoding : undefined);
  }

  /** Tokens of a text as it stands and composed to NFC; undefined if the worker does not answer. */
  async countComposed(text: string, key: TokenizerKey): Promise<{ now: number; composed: number } | undefined> {
    const pairs = [{ english: text, korean: text.normalize('NFC') }];
    const end = await this.worker.start('measurePairs', { pairs, keys: [key] }).ended;
    const [counts] = end.type === 'done' ? end.counts : [];
    const [now, composed] = [counts?.english[0], counts?.korean[0]];
    return now === undefined || composed === undefined ? undefined : { now, composed };
  }

  #setText(text: string): void {
    this.live.text = text;
    this.readAs = undefined;
  }

  async #applyAddress({ lab, query }: Address): Promise<void> {
    if (lab !== 'tokenizer') return;
    const packed = query.get('s');
    const text = query.get('text');
    this.linkBroken = false;
    if (text !== null) this.replaced.replace(cutText(withLineFeeds(text), maxText));
    if (packed === null) return;
    const shared = await unpackShared(packed);
    this.linkBroken = shared === undefined;
    if (!shared) return;
    this.replaced.replace(withLineFeeds(shared.text));
    for (const entry of this.tokenizers.entries) {
      if (!entry.builtIn) continue;
      entry.shown = shared.tokenizers.includes(entry.key);
      entry.atStart ||= entry.shown;
    }
    // Downloads of tens of megabytes from another host start when the visitor agrees.
    const ids = shared.tokenizers.filter((key) => key.startsWith(hubPrefix)).map((key) => key.slice(hubPrefix.length));
    for (const id of ids) {
      if (/^[\w-]+\/[\w.-]+$/.test(id)) this.tokenizers.announce({ type: 'hugging-face', id, root: hub }, id);
    }
    if (this.tokenizers.base) void this.#loadAll();
    this.#use();
  }

  /** Loads the built-in tokenizers that are to be there from the start. */
  async #loadAll(): Promise<void> {
    for (const entry of this.tokenizers.entries) {
      if (!entry.builtIn || !entry.atStart || entry.ready || entry.state === 'loading') continue;
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
    this.medicine.use(keys);
  }
}

export interface ReadAs {
  file: string;
  encoding: TextEncoding;
}

async function readText(file: File, wanted: 'text' | 'pairs' = 'text'): Promise<DecodedText | Failure> {
  const { name, size } = file;
  if (size > maxTextFile) return { code: 'too-large', detail: { file: name, bytes: size, limit: maxTextFile } };
  try {
    return textOfFile(new Uint8Array(await file.arrayBuffer()), name, wanted);
  } catch (error) {
    if (error instanceof FailureError) return { code: error.code, detail: error.detail };
    return fileGone(name, error).failure;
  }
}
