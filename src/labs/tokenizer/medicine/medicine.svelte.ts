import type { Failure } from '#core/failure.ts';
import type { PairCounts, TextCuts, TextPair, TokenizerKey } from '#core/protocol/tokenizer.ts';
import { readPairs } from '#core/tokenizer/statistics/read-pairs.ts';
import type { TokenizerWorker } from '../../../workers/tokenizer-worker.ts';
import { BASE } from '../tokenizers/tokenizers.svelte.ts';
import { readTerms, type Term } from './terms.ts';

/** Sentences of each kind, files of `korean/`: written for this page, trained on by no pack. */
export const SOURCES = ['general', 'clinical'] as const;
export type SourceName = (typeof SOURCES)[number];

/** Korean tokens of the sentences of a source. */
export interface SourceCounts {
  tokens: number;
  /** Relative to the base; undefined for the base. */
  change: number | undefined;
  longer: number;
}

export interface MedicineRow {
  key: TokenizerKey;
  sources: Readonly<Record<SourceName, SourceCounts>>;
}

interface Loaded {
  pairs: readonly TextPair[];
  /** Number of pairs of each source, in their order. */
  lengths: Readonly<Record<SourceName, number>>;
  terms: readonly Term[];
}

/** General and medical Korean side by side, and terms with the tokens that they take. */
export class Medicine {
  loaded = $state.raw<Loaded>();
  rows = $state.raw<readonly MedicineRow[]>([]);
  cuts = $state.raw<readonly TextCuts[]>([]);
  failure = $state.raw<Failure>();
  query = $state('');
  readonly #worker: TokenizerWorker;
  readonly #url: (file: string) => string;
  #keys: readonly TokenizerKey[] = [];
  #seen = false;
  #asked = 0;

  /** @param page address of the page */
  constructor(worker: TokenizerWorker, page: string) {
    this.#worker = worker;
    this.#url = (file) => new URL(`korean/${file}`, page).href;
  }

  /** The section is looked at: loads what it shows. */
  async see(): Promise<void> {
    if (this.#seen) return;
    this.#seen = true;
    await this.again();
  }

  /** Sets the compared tokenizers. */
  use(keys: readonly TokenizerKey[]): void {
    // The base is counted even where it is not shown: changes are relative to it.
    this.#keys = [BASE, ...keys.filter((key) => key !== BASE)];
    if (this.#seen) void this.#count();
  }

  async again(): Promise<void> {
    this.failure = undefined;
    try {
      this.loaded ??= await this.#load();
    } catch {
      this.failure = { code: 'network', detail: {} };
      return;
    }
    await this.#count();
  }

  async #load(): Promise<Loaded> {
    const [general = [], clinical = []] = await Promise.all(
      SOURCES.map(async (name) => {
        const read = readPairs(await this.#text(`${name}.en-ko.tsv`));
        if ('problem' in read) throw new TypeError(`${name}: ${read.problem}`);
        return read.pairs;
      }),
    );
    const terms = readTerms(await this.#text('medical-terms.tsv'));
    return {
      pairs: [...general, ...clinical],
      lengths: { general: general.length, clinical: clinical.length },
      terms,
    };
  }

  async #text(file: string): Promise<string> {
    const response = await fetch(this.#url(file));
    if (!response.ok) throw new TypeError(`${file}: ${response.status}`);
    return response.text();
  }

  async #count(): Promise<void> {
    const { loaded } = this;
    const keys = this.#keys;
    const mine = ++this.#asked;
    if (!loaded || keys.length === 0) return;
    // As in running text: behind a space.
    const texts = loaded.terms.map(({ korean }) => ` ${korean}`);
    const [counted, cut] = await Promise.all([
      this.#worker.start('measurePairs', { pairs: loaded.pairs, keys }).ended,
      this.#worker.start('cut', { texts, keys }).ended,
    ]);
    if (mine !== this.#asked) return;
    for (const end of [counted, cut]) if (end.type === 'failed') this.failure = end.failure;
    if (counted.type === 'done') this.rows = rowsOf(counted.counts, loaded.lengths);
    if (cut.type === 'done') this.cuts = cut.cuts;
  }
}

/** @param lengths pairs of each source, one source behind the other */
export function rowsOf(
  counts: readonly PairCounts[],
  lengths: Readonly<Record<SourceName, number>>,
): readonly MedicineRow[] {
  const base = counts.find(({ key }) => key === BASE)?.korean;
  const spans: Record<SourceName, [from: number, to: number]> = {
    general: [0, lengths.general],
    clinical: [lengths.general, lengths.general + lengths.clinical],
  };
  return counts.map(({ key, korean }) => {
    const of = (name: SourceName): SourceCounts => {
      const own = korean.subarray(...spans[name]);
      const first = base?.subarray(...spans[name]);
      const tokens = sum(own);
      const before = first ? sum(first) : 0;
      return {
        tokens,
        change: key === BASE || before === 0 ? undefined : tokens / before - 1,
        longer: own.filter((length, index) => length > (first?.[index] ?? Infinity)).length,
      };
    };
    return { key, sources: { general: of('general'), clinical: of('clinical') } };
  });
}

function sum(values: Int32Array): number {
  return values.reduce((total, value) => total + value, 0);
}
