/** Message types between the page and the image worker: reading image files before they are sent, and showing DICOM. */
import type { BlobLike } from '../bytes.ts';
import type { GreyWindow, Voi } from '../dicom/window.ts';
import type { Failure } from '../failure.ts';
import type { ImageNote } from '../image/note.ts';
import type { Job } from './jobs.ts';

/** The jobs of `image.worker.ts`, which run one after the other. */
export interface ImageJobs {
  /** Decodes a file as the engine will. Fails with 'image-unreadable', 'image-kind'. */
  read: Job<NamedFile, { read: ReadImage }>;
  /** Opens DICOM files in place of those that are open, and tells their series apart. */
  openDicom: Job<
    readonly NamedFile[],
    { series: readonly DicomSeries[]; refused: readonly Refusal[] },
    { type: 'progress'; done: number; total: number }
  >;
  /** A slice as the model would see it. A new request cancels earlier ones. */
  showDicom: Job<DicomView, { shown: ShownSlice }>;
  /** Slices as PNG files, for the engine. */
  saveDicom: Job<readonly DicomView[], { images: readonly Blob[] }, { type: 'progress'; done: number; total: number }>;
}

export interface NamedFile {
  name: string;
  file: BlobLike;
}

export interface Refusal {
  name: string;
  failure: Failure;
}

/**
 * 'as-is': the browser shows the file as the model sees it. 'png': it would not, so the pixels of the model are here as a file.
 * 'dicom': a file whose window is to be chosen.
 */
export type ReadImage =
  | { type: 'as-is'; notes: readonly ImageNote[] }
  | { type: 'png'; png: Blob; notes: readonly ImageNote[] }
  | { type: 'dicom' };

/** Slices that belong together. */
export interface DicomSeries {
  /** SeriesDescription; empty where the files have none. */
  description: string;
  number: number | undefined;
  modality: string;
  /** Files, or frames of files, in the order of the body. */
  slices: number;
  /** Of the first slice, in pixels. */
  rows: number;
  columns: number;
  isColour: boolean;
  /** True where the values are Hounsfield units. */
  isHounsfield: boolean;
  /** Of any slice, as the next two: keywords of filled elements that may tell who the patient is. */
  identifying: readonly string[];
  burnedIn: 'yes' | 'no' | 'unknown';
  hasOverlay: boolean;
}

/** How a slice is made grey: the file's own window or table of that index, one that was chosen, all values, or three windows. */
export type DicomRendering =
  { type: 'file'; index: number } | { type: 'window'; window: GreyWindow } | { type: 'full' } | { type: 'ct-colours' };

export interface DicomView {
  series: number;
  slice: number;
  rendering: DicomRendering;
}

export interface ShownSlice {
  width: number;
  height: number;
  /** RGBA u8 [height, width, 4] */
  rgba: Uint8ClampedArray<ArrayBuffer>;
  /** Name of the slice's file. */
  file: string;
  instanceNumber: number | undefined;
  /** The file's own windows and tables. */
  fileVois: readonly { voi: Voi; explanation: string }[];
  /** The window in use; undefined for a table, three windows and colour images. */
  window: GreyWindow | undefined;
  /** Lowest and highest value, padding left out; undefined for colour images. */
  range: { lowest: number; highest: number } | undefined;
}
