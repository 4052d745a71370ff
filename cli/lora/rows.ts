/** The examples of a data file as rows to train on. */
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { greyscalePng } from '#core/image/png.ts';
import type { Preprocessor } from '#core/image/preprocessor.ts';
import type { TrainingRow } from '#core/lora/training/batch.ts';
import type { TrainingExample } from '#core/lora/training/data-file.ts';
import { printable } from '#core/printable.ts';
import { readPixelValues } from '../../workers/engine/image/pixels.ts';
import type { Backend } from '../../workers/engine/model/backend.ts';
import type { PackageParts } from '../../workers/engine/opened.ts';
import {
  encodeRow,
  imagesOf,
  UnwritableAnswerError,
  type EncodedRow,
} from '../../workers/engine/training/encode-rows.ts';
import { ImageFeatures } from '../../workers/engine/training/image-features.ts';
import { CommandError, onFile, userMessage } from '../shared/errors.ts';
import { decodeImageInNode } from '../shared/runtime/decode-image.ts';
import { NpyImages } from './npy-images.ts';

export interface RowsInput {
  /** Path of the data file, which images are beside. */
  data: string;
  parts: PackageParts;
  backend: Backend;
  signal: AbortSignal;
  onRow: () => void;
}

/**
 * In the order of the examples. The features of an image are computed once.
 * @throws CommandError that names the line, FailureError for what is wrong with the package
 */
export async function encodeExamples(examples: readonly TrainingExample[], input: RowsInput): Promise<TrainingRow[]> {
  const { parts, backend, data, signal } = input;
  const { pack, chat } = parts;
  const firstWithImage = examples.find(({ image }) => image !== undefined);
  if (firstWithImage && (!pack.vision || !parts.preprocessor))
    throw new CommandError(
      `${data}, line ${firstWithImage.line}: it has an image, and the package has no vision encoder; leave the image out, or name another package`,
    );
  // All answers before the first image: what cannot be written is told at once.
  const texts = examples.map((example) => ({
    example,
    text: naming(data, example, () => encodeRow(chat, example, example.image !== undefined)),
  }));
  const images = new ExampleImages(data);
  const encoder = firstWithImage && (await ImageFeatures.open(backend, parts));
  try {
    const rows: TrainingRow[] = [];
    for (const { example, text } of texts) {
      signal.throwIfAborted();
      const { image } = example;
      const features =
        encoder && image !== undefined ? await encoder.of(image, (as) => images.pixels(example, image, as)) : undefined;
      rows.push({ ...text, images: imagesOf(text, features) });
      input.onRow();
    }
    return rows;
  } finally {
    await images.close();
    await encoder?.release();
  }
}

function naming(data: string, { line }: TrainingExample, work: () => EncodedRow): EncodedRow {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof UnwritableAnswerError)) throw cause;
    throw new CommandError(
      `${data}, line ${line}: ${printable(cause.message)}; the model could never give this answer: word it otherwise, or take a package with another tokenizer`,
      { cause },
    );
  }
}

/** Images beside a data file. */
class ExampleImages {
  readonly #data: string;
  #rows: NpyImages | undefined;

  constructor(data: string) {
    this.#data = data;
  }

  /** Normalised, float32 [3, height, width]. @throws CommandError that names the line of an image that is not there */
  async pixels({ line }: TrainingExample, image: number | string, preprocessor: Preprocessor): Promise<Float32Array> {
    try {
      return await this.#read(image, preprocessor);
    } catch (cause) {
      const message = userMessage(cause);
      if (message === undefined) throw cause;
      throw new CommandError(`${this.#data}, line ${line}: ${message}`, { cause });
    }
  }

  async #read(image: number | string, preprocessor: Preprocessor): Promise<Float32Array> {
    const folder = dirname(this.#data);
    if (typeof image === 'string') {
      const path = resolve(folder, image);
      return readPixelValues(
        new Blob([await onFile(path, readFile(path))]),
        basename(path),
        preprocessor,
        decodeImageInNode,
      );
    }
    this.#rows ??= await NpyImages.open(join(folder, 'images.npy'));
    const { width, height } = this.#rows;
    const png = greyscalePng(await this.#rows.image(image), width, height);
    return readPixelValues(new Blob([png]), `images.npy, image ${image}`, preprocessor, decodeImageInNode);
  }

  async close(): Promise<void> {
    await this.#rows?.close();
  }
}
