/** A package ready for evaluation on the page's engine: chat, image processor and graphs, checked for questions about phantoms. */
import { normalize } from '#core/image/normalize.ts';
import { readPreprocessor, type Preprocessor } from '#core/image/preprocessor.ts';
import { SIDE } from '#core/phantoms/phantom.ts';
import type { Chat } from '../../workers/engine/chat/chat.ts';
import { loadModel } from '../../workers/engine/model/load.ts';
import { readPackage, type ModelPackage } from '../../workers/engine/model/package.ts';
import type { VisionEncoder } from '../../workers/engine/model/vision.ts';
import { readParts, type PackageParts } from '../../workers/engine/opened.ts';
import { readJson } from '../../workers/store/reader.ts';
import { CommandError } from '../shared/errors.ts';
import { explainingFailures } from '../shared/failures.ts';
import { FolderReader } from '../shared/folder-reader.ts';
import { nodeBackend } from '../shared/runtime/node-backend.ts';
import { EngineDecoder, type EvaluatedDecoder } from './decoder.ts';

const END_OF_TURN = '<end_of_turn>';

export interface EvaluatedModel {
  chat: Chat;
  decoder: EvaluatedDecoder;
  /** Ids that end generation. */
  endTokens: ReadonlySet<number>;
  /** Id of the end token of a right answer. */
  endOfTurn: number;
  /** Longest context. */
  positions: number;
  /** Name of the folder, and dtypes as transformers.js names them. */
  about: { package: string; dtype: string; vision_dtype: string };
  /** Grey u8 [64 · 64] → features [tokens · hidden]. */
  encodeImage(pixels: Uint8Array): Promise<Float32Array>;
}

/**
 * @param threads number of threads for one run of a graph
 * @throws CommandError that names the file and what to do
 */
export async function openModel(folder: string, threads: number): Promise<EvaluatedModel> {
  const reader = await FolderReader.open(folder, { wanted: 'package', recursive: true });
  return explainingFailures(reader, async () => {
    // Before the rest is read: what a package is wrong for is said first.
    await checkImages(reader, await readPackage(reader));
    return open(reader, await readParts(reader), threads);
  });
}

async function open(reader: FolderReader, parts: PackageParts, threads: number): Promise<EvaluatedModel> {
  const { pack, chat, preprocessor } = parts;
  const endOfTurn = chat.tokenizer.idOf(END_OF_TURN);
  if (endOfTurn === undefined) throw new CommandError(`${reader.name}: tokenizer.json has no token ${END_OF_TURN}`);
  const { signal } = new AbortController();
  const options = { contextLength: pack.config.text.maxPositions };
  const model = await loadModel(pack, nodeBackend({ threads }), options, signal, () => undefined);
  const { vision, info } = model;
  if (!vision || !preprocessor) throw withoutVision(reader);
  return {
    ...{ chat, decoder: new EngineDecoder(model), endTokens: pack.endTokens, endOfTurn, positions: info.contextLength },
    about: { package: reader.name, dtype: info.dtype.decoder, vision_dtype: info.dtype.vision ?? '' },
    encodeImage: (pixels) => encodeImage(vision, preprocessor, pixels, signal),
  };
}

async function encodeImage(
  vision: VisionEncoder,
  preprocessor: Preprocessor,
  pixels: Uint8Array,
  signal: AbortSignal,
): Promise<Float32Array> {
  const rgb = Uint8Array.from({ length: pixels.length * 3 }, (_, i) => pixels[Math.floor(i / 3)] ?? 0);
  const features = await vision.encode(normalize(rgb, preprocessor), SIDE, signal, () => undefined);
  if (!(features?.tensor.data instanceof Float32Array))
    throw new TypeError('the vision encoder gave no float32 features');
  const own = features.tensor.data.slice();
  features.dispose();
  return own;
}

/** The model was trained on phantoms in their own size; resized ones would be another task. */
async function checkImages(reader: FolderReader, { config: { vision } }: ModelPackage): Promise<void> {
  if (!vision) throw withoutVision(reader);
  const { width, height } = readPreprocessor(await readJson(reader, 'preprocessor_config.json'));
  if (width === SIDE && height === SIDE && vision.imageSize === SIDE) return;
  throw new CommandError(
    `${reader.name} takes images of ${width} × ${height}, phantoms are ${SIDE} × ${SIDE}: it is no package of the teaching model`,
  );
}

const withoutVision = ({ name }: FolderReader) =>
  new CommandError(`${name} has no vision encoder: questions about phantoms need one`);
