import { FailureError, type Failure } from '#core/failure.ts';
import type { WeightsOpenEvent, WeightsSource } from '#core/protocol/weights.ts';
import type { Inspection, MatrixInfo, WeightFacts } from '#core/quant/inspection.ts';
import type { QuantSettings } from '#core/quant/settings.ts';
import { WeightsWorker } from '../../workers/weights-worker.ts';
import { settingsOf } from './presets.ts';

/** Bars of the histogram, cells of the error map and of the detail, each way. */
const bins = 96;
const mapSize = 48;
export const DETAIL = 16;

/** Where matrices come from: the original beside the page, what the chat has open, a file of the visitor's. */
export type Origin = 'original' | 'open-package' | 'file';

/** One matrix under one setting. The newest request wins; everything is computed in a worker. */
export class Microscope {
  settings = $state.raw<QuantSettings>(settingsOf('q8'));
  origin = $state<Origin>('original');
  /** Of what is open. */
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
  /** Counts sources and inspections: what an older one answers is not taken. */
  #source = 0;
  #inspection = 0;
  #asked = 0;
  #reopen: (() => Promise<void>) | undefined;
  /** The worker was replaced, and what was open in it is not open in the next. */
  #isLost = false;

  /** Opens what `find` gives in place of what was open. @param find may throw FailureError */
  async open(origin: Origin, find: () => Promise<WeightsSource>): Promise<void> {
    this.#reopen = () => this.open(origin, find);
    const mine = ++this.#source;
    this.#inspection++;
    // Jobs wait for each other: what still runs is about something else.
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
      const source = await find();
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

  /** After a failure: once more from the start. */
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

  /** Moves the detail so that it holds a weight, and points at that. */
  async look(row: number, column: number): Promise<void> {
    const { shown } = this;
    if (!shown) return;
    // Of a matrix that is too large, fewer rows are looked at.
    const rows = this.result?.inspectedRows ?? shown.rows;
    const [atRow, atColumn] = [within(row, rows - 1), within(column, shown.columns - 1)];
    const [first, left] = [start(atRow, this.row, rows), start(atColumn, this.column, shown.columns)];
    const isElsewhere = first !== this.row || left !== this.column;
    [this.row, this.column] = [first, left];
    if (isElsewhere) this.inspect();
    await this.point(atRow, atColumn);
  }

  /** The arithmetic of one weight. */
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

  /** With the settings, matrix and place as they are now; an older inspection that still runs gives way. */
  inspect(): void {
    // What opens is inspected as soon as it is open.
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

  /** Newest wins here too: a pointer crosses many weights. */
  async #ask(): Promise<void> {
    const { pointed } = this;
    // It will be asked again behind what runs.
    if (!pointed || this.busy) return;
    const mine = ++this.#asked;
    try {
      const { facts } = await this.#worker.ask('weightAt', pointed);
      if (mine === this.#asked) this.facts = facts;
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      // The worker broke off, and the job that broke it says why.
      if (mine === this.#asked) this.facts = undefined;
    }
  }
}

/** A matrix of attention, where there is one: small enough to see, and not as plain as a table of words. */
function firstToShow(matrices: readonly MatrixInfo[]): string | undefined {
  return (matrices.find(({ name }) => name.includes('q_proj')) ?? matrices[0])?.name;
}

function within(value: number, most: number): number {
  return Math.min(most, Math.max(0, Math.floor(value)));
}

/** First row of a detail that holds `at`: where it is, if that does; else half a detail before it. */
function start(at: number, now: number, size: number): number {
  if (at >= now && at < now + DETAIL) return now;
  return within(at - DETAIL / 2, Math.max(0, size - DETAIL));
}
