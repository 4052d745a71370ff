import { MAX_SLICES, sampledSlices } from '#core/dicom/ct.ts';
import type { GreyWindow } from '#core/dicom/window.ts';
import type { Failure } from '#core/failure.ts';
import type { DicomRendering, DicomSeries, ShownSlice } from '#core/protocol/image.ts';
import type { ImageWorker } from '../workers/image-worker.ts';

/** Windows that radiologists use for CT, in Hounsfield units. */
export const CT_WINDOWS = {
  soft: { center: 40, width: 400, function: 'LINEAR' },
  lung: { center: -600, width: 1500, function: 'LINEAR' },
  bone: { center: 400, width: 1800, function: 'LINEAR' },
  brain: { center: 40, width: 80, function: 'LINEAR' },
} as const satisfies Record<string, GreyWindow>;

export type CtWindow = keyof typeof CT_WINDOWS;

/** A choice of the list of windows; `own` is what the sliders made. */
export type WindowChoice = `file-${number}` | CtWindow | 'full' | 'ct-colours' | 'own';

export interface ChosenImage {
  blob: Blob;
  name: string;
  caption?: string;
}

/** Text and special tokens beside the image tokens: two newlines each side, begin and end of image. */
const TOKENS_AROUND_IMAGE = 4;
/** `SLICE 12` behind each of several slices, as MedGemma 1.5 was trained. */
const TOKENS_OF_CAPTION = 5;

/** Tokens that images take in the prompt, about. */
export function imageTokens(count: number, tokensPerImage: number, hasCaptions = false): number {
  return count * (tokensPerImage + TOKENS_AROUND_IMAGE + (hasCaptions ? TOKENS_OF_CAPTION : 0));
}

/** Series, slice and window of open DICOM files, and the pixels that the model would get. */
export class DicomChooser {
  readonly series: readonly DicomSeries[];
  index = $state(0);
  slice = $state(0);
  choice = $state<WindowChoice>('file-0');
  shown = $state.raw<ShownSlice>();
  failure = $state.raw<Failure>();
  /** Slices that are being made into images. */
  saving = $state.raw<{ done: number; total: number }>();
  #own = $state.raw<GreyWindow>({ center: 0, width: 1, function: 'LINEAR' });
  readonly #worker: ImageWorker;
  readonly #attach: (images: readonly ChosenImage[]) => void;

  constructor(worker: ImageWorker, series: readonly DicomSeries[], attach: (images: readonly ChosenImage[]) => void) {
    this.#worker = worker;
    this.#attach = attach;
    this.series = series;
    this.#start(0);
  }

  get current(): DicomSeries {
    const series = this.series[this.index];
    if (!series) throw new RangeError(`no series ${this.index}`);
    return series;
  }

  get rendering(): DicomRendering {
    const { choice } = this;
    if (choice === 'full' || choice === 'ct-colours') return { type: choice };
    if (choice === 'own') return { type: 'window', window: this.#own };
    if (isCtWindow(choice)) return { type: 'window', window: CT_WINDOWS[choice] };
    return { type: 'file', index: Number(choice.slice('file-'.length)) };
  }

  async chooseSeries(index: number): Promise<void> {
    this.#start(index);
    await this.show();
  }

  async chooseSlice(slice: number): Promise<void> {
    this.slice = Math.min(this.current.slices - 1, Math.max(0, Math.round(slice) || 0));
    await this.show();
  }

  async chooseWindow(choice: WindowChoice): Promise<void> {
    this.choice = choice;
    await this.show();
  }

  /** The sliders: a window of one's own, beginning with the one in use. */
  async adjust(change: Partial<Pick<GreyWindow, 'center' | 'width'>>): Promise<void> {
    const window = { ...(this.shown?.window ?? this.#own), ...change };
    if (!Number.isFinite(window.center) || !(window.width > 0)) return;
    // LINEAR is not defined below 1.
    this.#own = { ...window, width: window.function === 'LINEAR' ? Math.max(1, window.width) : window.width };
    this.choice = 'own';
    await this.show();
  }

  async show(): Promise<void> {
    const { index, slice, rendering } = this;
    const end = await this.#worker.start('showDicom', { series: index, slice, rendering }).ended;
    // Stopped by a newer one.
    if (end.type === 'stopped') return;
    this.failure = end.type === 'failed' ? end.failure : undefined;
    if (end.type === 'done') this.shown = end.shown;
  }

  attachSlice(): Promise<void> {
    return this.#save([this.slice]);
  }

  /** Evenly sampled over the series; each followed by its number. */
  attachSlices(count: number): Promise<void> {
    return this.#save(sampledSlices(this.current.slices, Math.min(count, MAX_SLICES)));
  }

  async #save(slices: readonly number[]): Promise<void> {
    const { index, rendering } = this;
    this.saving = { done: 0, total: slices.length };
    const views = slices.map((slice) => ({ series: index, slice, rendering }));
    const end = await this.#worker.start('saveDicom', views, (event) => {
      if (event.type === 'progress') this.saving = event;
    }).ended;
    this.saving = undefined;
    if (end.type === 'failed') this.failure = end.failure;
    if (end.type !== 'done') return;
    const name = this.current.description || this.current.modality || 'DICOM';
    const isMany = slices.length > 1;
    this.#attach(
      end.images.map((blob, at) => ({
        blob,
        name: `${name} ${(slices[at] ?? 0) + 1}/${this.current.slices}`,
        ...(isMany ? { caption: `SLICE ${at + 1}` } : {}),
      })),
    );
  }

  #start(index: number): void {
    this.index = index;
    this.slice = Math.floor(this.current.slices / 2);
    this.choice = 'file-0';
    this.shown = undefined;
    this.failure = undefined;
  }
}

function isCtWindow(choice: string): choice is CtWindow {
  return choice in CT_WINDOWS;
}
