import { FailureError, type Failure } from '#core/failure.ts';
import { readTable } from '#core/lora/training/kept-run.ts';
import {
  readRowsFile,
  rowsFiles,
  withImages,
  type FileProblem,
  type RowsWithImages,
} from '#core/lora/training/own-rows-file.ts';
import { checkRows, MOST_ROWS, splitRows, type RowProblem } from '#core/lora/training/own-rows.ts';
import type { TrainingImage, WishedAnswer } from '#core/lora/training/wished-answer.ts';
import type { TextEncoding } from '#core/text/encoding.ts';
import { PhantomSource } from '../../chat/phantoms.ts';
import { csv } from '../../platform/csv.ts';
import type { NamedBlob } from '../../platform/save-files.ts';
import { ImageWorker } from '../../workers/image-worker.ts';
import type { Keeping } from './keeping.svelte.ts';

/** Of the images and questions that are kept aside. */
export const HELD_OUT = 0.2;
/** An empty table begins with the fewest rows that can be trained on. */
const EMPTY_ROWS = 5;

export interface TableRow extends WishedAnswer {
  id: number;
}

/** What was read of the last files, as far as it is not plain. */
export interface ImportedRows {
  count: number;
  /** Why none of them was added. */
  refused: RowProblem | undefined;
  problems: readonly FileProblem[];
  missing: RowsWithImages['missing'];
  guessed: TextEncoding | undefined;
}

/** The visitor's own rows. */
export class OwnTable {
  rows = $state.raw<readonly TableRow[]>([]);
  /** Rows before some were removed, until the next change. */
  removed = $state.raw<readonly TableRow[]>();
  imported = $state.raw<ImportedRows>();
  failure = $state.raw<Failure>();
  readonly checked = $derived(checkRows(this.rows));
  readonly #phantoms = new PhantomSource();
  readonly #reader = new ImageWorker();
  #made = 0;
  /** Changes are kept one after the other. */
  #kept: Promise<void> = Promise.resolve();

  constructor(private readonly keeping: Keeping) {
    this.rows = this.#empty();
  }

  async restore(): Promise<void> {
    const kept = await this.keeping.table();
    if (kept === undefined || this.isWritten) return;
    try {
      const rows = readTable(kept);
      if (rows.length > 0) this.rows = rows.map((row) => ({ ...row, id: ++this.#made }));
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      this.failure = error.failure;
    }
  }

  get isWritten(): boolean {
    return this.rows.some(isWritten);
  }

  /** The same rows and seed are parted the same way. */
  split(seed: number): { trained: WishedAnswer[]; heldOut: WishedAnswer[] } {
    return splitRows(this.checked.rows, HELD_OUT, seed);
  }

  add(): void {
    this.#set([...this.rows, this.#row()]);
  }

  change(id: number, cells: Partial<WishedAnswer>): void {
    this.#set(this.rows.map((row) => (row.id === id ? { ...row, ...cells } : row)));
  }

  remove(id: number): void {
    const { rows } = this;
    const row = rows.find((each) => each.id === id);
    this.#set(rows.filter((each) => each !== row));
    if (row && isWritten(row)) this.removed = rows;
  }

  clear(): void {
    this.imported = undefined;
    this.failure = undefined;
    const { rows } = this;
    this.#set(this.#empty());
    this.removed = rows;
  }

  takeBack(): void {
    if (this.removed) this.#set(this.removed);
  }

  drawPhantom(id: number): void {
    this.change(id, { image: { type: 'phantom', seed: this.#phantoms.next().phantom.seed } });
  }

  /** An image that cannot be read leaves the row as it is, and `failure` says why. */
  async setFile(id: number, file: File): Promise<void> {
    const image = await this.#image(file);
    if (image) this.change(id, { image });
  }

  /** Tables with their images; images alone become rows without texts. */
  async addFiles(files: readonly File[]): Promise<void> {
    this.imported = undefined;
    this.failure = undefined;
    const tables = files.filter(({ name, type }) => isTable(name, type));
    const images = files.filter((file) => !tables.includes(file));
    if (tables.length === 0) {
      const read = await Promise.all(images.map((file) => this.#image(file)));
      this.#append(read.flatMap((image) => (image ? [{ question: '', answer: '', image }] : [])));
      return;
    }
    for (const table of tables) await this.#addTable(table, images);
  }

  /** `rows.jsonl` with its images, as training/ and `npm run lora` read it. */
  async files(): Promise<NamedBlob[]> {
    const files = await rowsFiles(this.checked.rows);
    return files.map(({ name, bytes }) => ({ name, blob: new Blob([bytes]) }));
  }

  /** A table for spreadsheets: images by their names. */
  csv(): string {
    const rows = this.checked.rows.map(({ question, answer, image }) => [question, answer, nameOf(image)]);
    return csv([['question', 'answer', 'image'], ...rows]);
  }

  async #addTable(table: File, images: readonly File[]): Promise<void> {
    try {
      const { rows, problems, guessed } = readRowsFile(new Uint8Array(await table.arrayBuffer()), table.name);
      const found = withImages(rows, new Map(images.map((file) => [file.name, file])));
      const rowsThen = this.rows.filter(isWritten).length + found.rows.length;
      // Nobody mends thousands of rows by hand, and a page with so many cells answers slowly.
      const refused =
        rowsThen > MOST_ROWS ? ({ code: 'too-many', rows: rowsThen, most: MOST_ROWS } as const) : undefined;
      this.imported = { count: found.rows.length, refused, problems, missing: found.missing, guessed };
      if (!refused) this.#append(found.rows);
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      this.failure = error.failure;
    }
  }

  async #image(file: File): Promise<TrainingImage | undefined> {
    this.failure = undefined;
    const { name } = file;
    const end = await this.#reader.start('read', { name, file }).ended;
    if (end.type === 'failed') this.failure = end.failure;
    if (end.type !== 'done') return undefined;
    if (end.read.type === 'dicom') {
      this.failure = { code: 'image-kind', detail: { name, kind: 'dicom' } };
      return undefined;
    }
    return { type: 'file', name, blob: end.read.type === 'png' ? end.read.png : file };
  }

  /** In place of rows in which nothing is written yet. */
  #append(rows: readonly WishedAnswer[]): void {
    this.#set([...this.rows.filter(isWritten), ...rows.map((row) => ({ ...row, id: ++this.#made }))]);
  }

  #set(rows: readonly TableRow[]): void {
    this.rows = rows;
    this.removed = undefined;
    const plain = rows.map(({ question, answer, image }) => ({ question, answer, image }));
    this.#kept = this.#kept.then(() => this.keeping.keepTable(plain));
  }

  #row(): TableRow {
    return { id: ++this.#made, question: '', answer: '', image: undefined };
  }

  #empty(): TableRow[] {
    return Array.from({ length: EMPTY_ROWS }, () => this.#row());
  }
}

function isWritten({ question, answer, image }: WishedAnswer): boolean {
  return question !== '' || answer !== '' || image !== undefined;
}

function isTable(name: string, type: string): boolean {
  return /\.(jsonl?|ndjson|csv|tsv|txt)$/iu.test(name) || type.startsWith('text/');
}

function nameOf(image: TrainingImage | undefined): string {
  if (!image) return '';
  return image.type === 'phantom' ? `phantom-${image.seed}.png` : image.name;
}
