import { FailureError, type Failure } from '#core/failure.ts';
import { fileGone } from '#core/files/file-gone.ts';
import type { ImageNote } from '#core/image/note.ts';
import type { Phantom } from '#core/phantoms/phantom.ts';
import type { Refusal } from '#core/protocol/image.ts';
import { locale } from '../platform/locale.svelte.ts';
import { network } from '../platform/network.ts';
import { ImageWorker } from '../workers/image-worker.ts';
import { DicomChooser } from './dicom.svelte.ts';
import type { DrawnPhantom } from './phantoms.ts';

/** An image of a question. `url` is an object URL; `release` revokes it. */
export interface Attachment {
  id: string;
  name: string;
  blob: Blob;
  url: string;
  /** Set for a phantom that the page drew; `name` is then its number. */
  phantom?: Phantom;
  /** How the file was read, where that is not plain. */
  notes?: readonly ImageNote[];
  /** Text that the model gets right after the image. */
  caption?: string;
}

/** What the file picker offers. HEIC is left out, so that an iPhone hands its photos over as JPEG. */
export const imageTypes: readonly string[] = [
  'image/png',
  'image/jpeg',
  'image/webp',
  'image/gif',
  'image/avif',
  'image/bmp',
];
export const dicomTypes: readonly string[] = ['.dcm', '.dicom', 'application/dicom'];

let made = 0;

/** Images attached to the next question. Each is decoded when it is added, so that a broken one is named before it is sent. */
export class Attachments {
  items = $state.raw<readonly Attachment[]>([]);
  /** Files that were added last and could not be read. */
  refused = $state.raw<readonly Refusal[]>([]);
  /** Number of files that are being read. */
  reading = $state(0);
  /** DICOM files whose window is being chosen. */
  dicom = $state.raw<DicomChooser>();
  readonly #worker: ImageWorker;
  /** Resolves when all files that were added so far have been read. */
  #added: Promise<void> = Promise.resolve();
  /** Resolves when the dialog of `dicom` is closed. */
  #closed: Promise<void> = Promise.resolve();
  #close: () => void = () => {};
  /** Files that were added before are not wanted any more. */
  #clearings = 0;

  constructor(worker = new ImageWorker()) {
    this.#worker = worker;
  }

  /** Files that are added while others are read wait for them. */
  async add(files: readonly File[]): Promise<void> {
    if (files.length === 0) return;
    if (this.reading === 0) this.refused = [];
    this.reading += files.length;
    const clearings = this.#clearings;
    this.#added = this.#added.then(() => this.#read(files, () => clearings === this.#clearings));
    await this.#added;
  }

  /** Attaches a drawn phantom in place of one that was not sent yet. */
  addPhantom({ phantom, number, file }: DrawnPhantom): void {
    for (const { id } of this.items.filter((item) => item.phantom)) this.remove(id);
    this.refused = [];
    this.items = [...this.items, { ...attachment(file, number), phantom }];
  }

  remove(id: string): void {
    release(this.items.filter((item) => item.id === id));
    this.items = this.items.filter((item) => item.id !== id);
  }

  /** Files that are still being read do not come later. */
  clear(): void {
    this.#clearings++;
    release(this.items);
    this.items = [];
    this.refused = [];
    this.closeDicom();
  }

  closeDicom(): void {
    this.dicom = undefined;
    this.#close();
    // With it goes what it holds of the files.
    if (this.reading === 0) this.#worker.end();
  }

  /** Hands the images over to a turn of the conversation. */
  take(): readonly Attachment[] {
    const { items } = this;
    this.items = [];
    this.refused = [];
    return items;
  }

  /** Never rejects. */
  async #read(files: readonly File[], isWanted: () => boolean): Promise<void> {
    let left = files.length;
    const dicom: File[] = [];
    try {
      await locale.load('image');
      for (const file of files) {
        if (isWanted()) await this.#readFile(file, dicom, isWanted);
        this.reading--;
        left--;
      }
      if (dicom.length > 0) await this.#openDicom(dicom, isWanted);
    } catch (error) {
      if (isWanted()) this.#refuse(left > 0 ? files.slice(-left) : dicom, failureOf(error));
    } finally {
      this.reading -= left;
    }
  }

  async #readFile(file: File, dicom: File[], isWanted: () => boolean): Promise<void> {
    const end = await this.#worker.start('read', { name: file.name, file }).ended;
    if (!isWanted()) return;
    if (end.type === 'failed') this.#refuse([file], end.failure);
    else if (end.type === 'stopped') this.#refuse([file], { code: 'stopped', detail: {} });
    else if (end.read.type === 'dicom') dicom.push(file);
    else {
      const { notes } = end.read;
      const blob = end.read.type === 'png' ? end.read.png : await copied(file);
      if (!isWanted()) return;
      if (!(blob instanceof Blob)) return this.#refuse([file], blob);
      // Pasted pictures are all called "image.png" or nothing.
      this.items = [...this.items, { ...attachment(blob, file.name), notes }];
    }
  }

  /** The worker holds one set of series: files that come while its window is chosen wait until that dialog is closed. */
  async #openDicom(files: readonly File[], isWanted: () => boolean): Promise<void> {
    await this.#closed;
    if (!isWanted()) return;
    const named = files.map((file) => ({ name: file.name, file }));
    const { series, refused } = await this.#worker.ask('openDicom', named);
    if (!isWanted()) return;
    this.refused = [...this.refused, ...refused];
    if (series.length === 0) return;
    this.#closed = new Promise((resolve) => (this.#close = resolve));
    this.dicom = new DicomChooser(this.#worker, series, (chosen) => {
      const added = chosen.map(({ blob, name, caption }) => ({
        ...attachment(blob, name),
        ...(caption ? { caption } : {}),
      }));
      this.items = [...this.items, ...added];
      this.closeDicom();
    });
    await this.dicom.show();
  }

  #refuse(files: readonly File[], failure: Failure): void {
    this.refused = [...this.refused, ...files.map(({ name }) => ({ name, failure }))];
  }
}

/** In place of a file that can be lost: a later turn sends the image again, when the stick that it was on may be out. */
async function copied(file: File): Promise<Blob | Failure> {
  try {
    return new Blob([await file.arrayBuffer()], { type: file.type });
  } catch (error) {
    return fileGone(file.name, error).failure;
  }
}

/** Of an error outside the worker: messages that could not be loaded. */
function failureOf(error: unknown): Failure {
  if (error instanceof FailureError) return error.failure;
  const reason = error instanceof Error ? error.message : String(error);
  return { code: network.isOffline() ? 'offline' : 'network', detail: { url: 'messages-image', reason } };
}

function attachment(blob: Blob, name: string): Attachment {
  const id = `image-${++made}`;
  return { id, name: name || id, blob, url: URL.createObjectURL(blob) };
}

export function release(items: readonly Attachment[]): void {
  for (const item of items) URL.revokeObjectURL(item.url);
}
