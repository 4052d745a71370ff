import { FailureError, type Failure } from '#core/failure.ts';
import type { WeightsOpenEvent, WeightsSource } from '#core/protocol/weights.ts';
import type { Inspection, MatrixInfo, WeightFacts } from '#core/quant/inspection.ts';
import type { QuantSettings } from '#core/quant/settings.ts';
import { WeightsWorker } from '../../workers/weights-worker.ts';
import { settingsOf } from './presets.ts';
import { withToken } from '../../platform/access-tokens.svelte.ts';

/** Bars of the histogram, cells of the error map and of the detail, each way. */
const bins = 96;
const mapSize = 48;
export const DETAIL = 16;

/** Where matrices come from: the shipped original, the package that the chat has open, or a file of the visitor. */
export type Origin = 'original' | 'open-package' | 'file';

/** One matrix under one setting. The newest request wins; everything is computed in a worker. */
export class Microscope {
  settings = $state.raw<QuantSettings>(settingsOf('q8'));
  origin = $state<Origin>('original');
  /** Name of the open source. */
  name = $state('');
  opening = $state.raw<{ file: string; doneBytes: number; totalBytes: number }>();
  matrices = $state.raw<readonly MatrixInfo[]>([]);
  matrix = $state<string>();
  row = $state(0);
  column = $state(0);
  result = $state.raw<Inspection>();
  failure = $state.raw<Failure>();
  busy = $state(false);
  pointed = $state.raw<{ row: number; column: number }>();
  facts = $state.raw<WeightFacts>();
  readonly shown = $derived(this.matrices.find(({ name }) => name === this.matrix));
  readonly #worker = new WeightsWorker(() => (this.#isLost = true));
  /** Counters of opened sources and inspections: the results of older ones are ignored. */
  #source = 0;
  #inspection = 0;
  #asked = 0;
  #reopen: (() => Promise<void>) | undefined;
  /** True after the worker was replaced: the new one has no open source. */
  #isLost = false;

  /** Opens the source that `find` returns in place of the previous one. @param find may throw FailureError */
  async open(origin: Origin, find: () => Promise<WeightsSource>): Promise<void> {
    this.#reopen = () => this.open(origin, find);
    const mine = ++this.#source;
    this.#inspection++;
    // Jobs of a worker run one after another, and a running one is about the previous source.
    if (this.busy || this.opening) this.#worker.end();
    this.#isLost = false;
    this.busy = false;
    this.origin = origin;
    this.name = '';
    this.matrices = [];
    this.result = undefined;
    this.failure = undefined;
    this.clearPointed();
    this.opening = { file: '', doneBytes: 0, totalBytes: 0 };
    try {
      const found = await find();
      const source = found.type === 'package' ? { ...found, source: withToken(found.source) } : found;
      if (mine !== this.#source) return;
      await this.#worker.start('open', source, (event) => {
        if (mine === this.#source) this.#onOpen(event);
      }).ended;
    } catch (error) {
      if (mine !== this.#source) return;
      this.opening = undefined;
      this.failure =
        error instanceof FailureError
          ? error.failure
          : { code: 'runtime', detail: { reason: error instanceof Error ? error.message : String(error) } };
    }
  }

  /** Opens the source again after a failure. */
  async retry(): Promise<void> {
    await this.#reopen?.();
  }

  set(settings: QuantSettings): void {
    this.settings = settings;
    this.inspect();
  }

  choose(matrix: string): void {
    if (matrix === this.matrix && this.result) return;
    this.matrix = matrix;
    [this.row, this.column] = [0, 0];
    this.clearPointed();
    this.inspect();
  }

  /** Moves the detail so that it contains a weight, and points at the weight. */
  async look(row: number, column: number): Promise<void> {
    const { shown } = this;
    if (!shown) return;
    // In a matrix that is too large, only the first rows are inspected.
    const rows = this.result?.inspectedRows ?? shown.rows;
    const [atRow, atColumn] = [within(row, rows - 1), within(column, shown.columns - 1)];
    const [first, left] = [start(atRow, this.row, rows), start(atColumn, this.column, shown.columns)];
    const isElsewhere = first !== this.row || left !== this.column;
    [this.row, this.column] = [first, left];
    if (isElsewhere) this.inspect();
    await this.point(atRow, atColumn);
  }

  /** Points at a weight and shows its arithmetic. */
  async point(row: number, column: number): Promise<void> {
    if (this.pointed?.row === row && this.pointed.column === column && this.facts) return;
    this.pointed = { row, column };
    await this.#ask();
  }

  clearPointed(): void {
    this.#asked++;
    this.pointed = undefined;
    this.facts = undefined;
  }

  /** Inspects the current matrix with the current settings and place; the result of an older inspection is ignored. */
  inspect(): void {
    // A source that is being opened is inspected when it is open.
    if (this.opening) return;
    if (this.#isLost) void this.retry();
    else void this.#inspect();
  }

  async #inspect(): Promise<void> {
    const { matrix, shown } = this;
    if (matrix === undefined || !shown) return;
    const place = {
      detailRow: within(this.row, Math.max(0, shown.rows - DETAIL)),
      detailColumn: within(this.column, Math.max(0, shown.columns - DETAIL)),
    };
    const request = { matrix, settings: this.settings, bins, mapSize, detailSize: DETAIL, ...place };
    const mine = ++this.#inspection;
    this.busy = true;
    const end = await this.#worker.start('inspect', request).ended;
    if (mine !== this.#inspection) return;
    this.busy = false;
    if (end.type !== 'stopped') {
      this.result = end.type === 'done' ? end.inspection : undefined;
      this.failure = end.type === 'failed' ? end.failure : undefined;
    }
    if (this.pointed && this.result) await this.#ask();
  }

  #onOpen(event: WeightsOpenEvent): void {
    if (event.type === 'progress') {
      this.opening = event;
      return;
    }
    this.opening = undefined;
    this.busy = false;
    if (event.type === 'stopped') return;
    if (event.type === 'failed') {
      this.failure = event.failure;
      return;
    }
    this.name = event.name;
    this.matrices = event.matrices;
    const isThere = event.matrices.some(({ name }) => name === this.matrix);
    if (!isThere) {
      this.matrix = firstToShow(event.matrices);
      [this.row, this.column] = [0, 0];
    }
    this.inspect();
  }

  /** Asks for the facts of the pointed weight. Only the newest reply counts: a pointer crosses many weights. */
  async #ask(): Promise<void> {
    const { pointed } = this;
    // While an inspection runs: it asks again when it has ended.
    if (!pointed || this.busy) return;
    const mine = ++this.#asked;
    try {
      const { facts } = await this.#worker.ask('weightAt', pointed);
      if (mine === this.#asked) this.facts = facts;
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      // The worker crashed; the job that caused it reports why.
      if (mine === this.#asked) this.facts = undefined;
    }
  }
}

/** An attention matrix, if there is one: it is small and shows more than the embedding table. */
function firstToShow(matrices: readonly MatrixInfo[]): string | undefined {
  return (matrices.find(({ name }) => name.includes('q_proj')) ?? matrices[0])?.name;
}

function within(value: number, most: number): number {
  return Math.min(most, Math.max(0, Math.floor(value)));
}

/** First row of a detail that contains `at`: the current one if that does, else half a detail before `at`. */
function start(at: number, now: number, size: number): number {
  if (at >= now && at < now + DETAIL) return now;
  return within(at - DETAIL / 2, Math.max(0, size - DETAIL));
}
