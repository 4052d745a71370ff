/** DICOM files that are open: their series, and slices as the model sees them. */
import { placeOf, sortedSlices, type SlicePlace } from '#core/dicom/ct.ts';
import { openDicom } from '#core/dicom/file.ts';
import { isHounsfield, readImage, type DicomImage } from '#core/dicom/image.ts';
import { readFrame, type Frame } from '#core/dicom/pixels.ts';
import { privateFactsOfBoth, type PrivateFacts } from '#core/dicom/private-facts.ts';
import { fullWindow, rangeOf, renderFrame, type Rendering } from '#core/dicom/render.ts';
import { fileVois } from '#core/dicom/window.ts';
import { FailureError } from '#core/failure.ts';
import { ImageError } from '#core/image/image-error.ts';
import type { DicomRendering, DicomSeries, DicomView, NamedFile, Refusal, ShownSlice } from '#core/protocol/image.ts';
import { decodeImage, inflate, MAX_BYTES, rgbOf, type DecodeImage } from './decode.ts';
import { pngBlob } from './png-blob.ts';

interface Slice extends SlicePlace {
  file: NamedFile;
}

interface OpenSeries {
  slices: Slice[];
  facts: DicomSeries;
}

interface OpenFrame {
  image: DicomImage;
  frame: Frame;
}

/** Files are read again when a slice of theirs is shown, so that a series of hundreds is not in memory. */
export class DicomFiles {
  readonly #decodeImage: DecodeImage;
  #series: OpenSeries[] = [];
  #last: { slice: Slice; opened: OpenFrame } | undefined;

  /** @param decode of the platform, for JPEG in DICOM */
  constructor(decode: DecodeImage = decodeImage) {
    this.#decodeImage = decode;
  }

  /** @returns the series in the order of their numbers, and the files that could not be opened */
  async open(
    files: readonly NamedFile[],
    progress: (done: number) => void,
    signal: AbortSignal,
  ): Promise<{ series: DicomSeries[]; refused: Refusal[] }> {
    this.#series = [];
    this.#last = undefined;
    const refused: Refusal[] = [];
    const byUid = new Map<string, { slices: Slice[]; image: DicomImage; privateFacts: PrivateFacts }>();
    for (const [done, file] of files.entries()) {
      signal.throwIfAborted();
      progress(done);
      try {
        const image = await imageOf(file);
        // The pixels too: a file that is damaged is named now and not when it is sent.
        await this.#read(image, file.name, 0);
        const slices = Array.from({ length: image.frames }, (_, frame) => ({ file, ...placeOf(image, frame) }));
        const key = `${image.seriesUid} ${image.rows} ${image.columns}`;
        const series = byUid.get(key) ?? { slices: [], image, privateFacts: image };
        series.slices.push(...slices);
        series.privateFacts = privateFactsOfBoth(series.privateFacts, image);
        byUid.set(key, series);
      } catch (error) {
        if (!(error instanceof FailureError)) throw error;
        refused.push({ name: file.name, failure: error.failure });
      }
    }
    this.#series = [...byUid.values()]
      .map(({ slices, image, privateFacts }) => ({
        slices: sortedSlices(slices),
        facts: factsOf(image, privateFacts, slices.length),
      }))
      .toSorted((a, b) => (a.facts.number ?? 0) - (b.facts.number ?? 0));
    return { series: this.#series.map(({ facts }) => facts), refused };
  }

  /** @throws FailureError 'image-unreadable', 'dicom-compressed' */
  async show(view: DicomView): Promise<ShownSlice> {
    const slice = this.#slice(view);
    const { image, frame } = await this.#frame(slice);
    const rendering = renderingOf(image, slice.frame, view.rendering);
    const rgb = renderFrame(image, slice.frame, frame, rendering);
    const rgba = new Uint8ClampedArray(image.rows * image.columns * 4).fill(255);
    for (let pixel = 0; pixel * 3 < rgb.length; pixel++) {
      rgba[pixel * 4] = rgb[pixel * 3] ?? 0;
      rgba[pixel * 4 + 1] = rgb[pixel * 3 + 1] ?? 0;
      rgba[pixel * 4 + 2] = rgb[pixel * 3 + 2] ?? 0;
    }
    const isGrey = !isColour(image);
    let window = rendering.type === 'window' ? rendering.window : undefined;
    if (rendering.type === 'full') window = fullWindow(image, slice.frame, frame);
    return {
      ...{ width: image.columns, height: image.rows, rgba },
      file: slice.file.name,
      instanceNumber: slice.instanceNumber,
      fileVois: isGrey ? fileVois(image, slice.frame) : [],
      window: isGrey ? window : undefined,
      range: isGrey ? rangeOf(image, slice.frame, frame) : undefined,
    };
  }

  /** A slice as a PNG file. @throws FailureError 'image-unreadable', 'dicom-compressed' */
  async save(view: DicomView): Promise<Blob> {
    const slice = this.#slice(view);
    const { image, frame } = await this.#frame(slice);
    const rgb = renderFrame(image, slice.frame, frame, renderingOf(image, slice.frame, view.rendering));
    return pngBlob(rgb, image.columns, image.rows);
  }

  #slice({ series, slice }: DicomView): Slice {
    const found = this.#series[series]?.slices[slice];
    if (!found) throw new RangeError(`slice ${slice} of series ${series} is not open`);
    return found;
  }

  async #frame(slice: Slice): Promise<OpenFrame> {
    if (this.#last?.slice === slice) return this.#last.opened;
    const sameFile = this.#last?.slice.file === slice.file ? this.#last.opened.image : undefined;
    const image = sameFile ?? (await imageOf(slice.file));
    const opened = { image, frame: await this.#read(image, slice.file.name, slice.frame) };
    this.#last = { slice, opened };
    return opened;
  }

  #read(image: DicomImage, name: string, frame: number): Promise<Frame> {
    const decode = (jpeg: Uint8Array) => decodeJpeg(this.#decodeImage, jpeg, name, image.file.syntax.name);
    return named(name, () => readFrame(image, frame, decode));
  }
}

async function imageOf({ name, file }: NamedFile): Promise<DicomImage> {
  if (file.size > MAX_BYTES) throw new FailureError('too-large', { file: name, bytes: file.size, limit: MAX_BYTES });
  return named(name, async () => {
    const opened = await openDicom(new Uint8Array(await file.arrayBuffer()), inflateRaw);
    // Before the pixels are looked at: their kind may only make sense in that compression.
    if (opened.syntax.pixels === 'refused') throw compressed(name, opened.syntax.name);
    return readImage(opened);
  });
}

/** @throws FailureError of the file for what `read` throws as ImageError */
async function named<Result>(name: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    throw new FailureError('image-unreadable', { name, reason: error.reason, kind: 'dicom' }, { cause: error });
  }
}

function compressed(name: string, syntax: string): FailureError {
  return new FailureError('dicom-compressed', { name, syntax });
}

async function inflateRaw(bytes: Uint8Array): Promise<Uint8Array> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  try {
    await inflate([bytes], 'deflate-raw', (piece) => pieces.push(new Uint8Array(piece)));
  } catch (error) {
    throw new ImageError(error instanceof Error ? error.message : String(error));
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/** 12-bit JPEG, which platforms do not decode, is refused by the name of the compression. */
async function decodeJpeg(decode: DecodeImage, jpeg: Uint8Array, name: string, syntax: string) {
  const decoded = await decode(new Blob([new Uint8Array(jpeg)]), name).catch(() => {
    throw compressed(name, syntax);
  });
  try {
    return { width: decoded.width, height: decoded.height, rgb: rgbOf(decoded) };
  } finally {
    decoded.close();
  }
}

function isColour({ samples, photometric }: DicomImage): boolean {
  return samples === 3 || photometric === 'PALETTE COLOR';
}

function factsOf(image: DicomImage, { identifying, burnedIn, hasOverlay }: PrivateFacts, slices: number): DicomSeries {
  return {
    description: image.description,
    number: image.seriesNumber,
    modality: image.modality,
    slices,
    rows: image.rows,
    columns: image.columns,
    isColour: isColour(image),
    isHounsfield: isHounsfield(image),
    identifying,
    burnedIn,
    hasOverlay,
  };
}

/** A file without windows of its own is shown from its lowest to its highest value. */
function renderingOf(image: DicomImage, frame: number, rendering: DicomRendering): Rendering {
  if (rendering.type !== 'file') return rendering;
  return fileVois(image, frame)[rendering.index]?.voi ?? { type: 'full' };
}
