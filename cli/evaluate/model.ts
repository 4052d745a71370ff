/** A package ready for evaluation: chat, image processor and graphs, checked for questions about phantoms. */
import { normalize } from '#core/image/normalize.ts';
import { readPreprocessor, type Preprocessor } from '#core/image/preprocessor.ts';
import { SIDE } from '#core/phantoms/phantom.ts';
import { loadChat, type Chat } from '../../workers/engine/chat/chat.ts';
import { readPackage, type ModelPackage } from '../../workers/engine/model/package.ts';
import { readJson } from '../../workers/store/reader.ts';
import { CommandError } from '../shared/errors.ts';
import { explainingFailures } from '../shared/failures.ts';
import { FolderReader } from '../shared/folder-reader.ts';
import { NodeSessions, type Decoder } from './sessions.ts';

const END_OF_TURN = '<end_of_turn>';

export interface EvaluatedModel {
  chat: Chat;
  decoder: Decoder;
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
  return explainingFailures(reader, async () => open(reader, await readPackage(reader), threads));
}

async function open(reader: FolderReader, pack: ModelPackage, threads: number): Promise<EvaluatedModel> {
  const { config, decoder, embedding, vision } = pack;
  if (!config.vision || !vision || !embedding) {
    throw new CommandError(`${reader.name} has no vision encoder: questions about phantoms need one`);
  }
  const preprocessor = readPreprocessor(await readJson(reader, 'preprocessor_config.json'));
  checkSize(reader, preprocessor, config.vision.imageSize);
  const chat = await loadChat(reader, config.vision.tokensPerImage);
  const endOfTurn = chat.tokenizer.idOf(END_OF_TURN);
  if (endOfTurn === undefined) throw new CommandError(`${reader.name}: tokenizer.json has no token ${END_OF_TURN}`);
  // The runtime opens what a graph names by itself: reading refuses names that lead out of the folder.
  for (const graph of [decoder, embedding, vision]) await graph.read();
  const sessions = await NodeSessions.open(
    {
      decoder: reader.path(decoder.path),
      embedding: reader.path(embedding.path),
      vision: reader.path(vision.path),
    },
    threads,
  );
  return {
    ...{ chat, decoder: sessions, endTokens: pack.endTokens, endOfTurn, positions: config.text.maxPositions },
    about: { package: reader.name, dtype: decoder.dtype, vision_dtype: vision.dtype },
    encodeImage(pixels) {
      const rgb = Uint8Array.from({ length: pixels.length * 3 }, (_, i) => pixels[Math.floor(i / 3)] ?? 0);
      return sessions.features({ data: normalize(rgb, preprocessor), shape: [1, 3, SIDE, SIDE] });
    },
  };
}

/** The model was trained on phantoms in their own size; resized ones would be another task. */
function checkSize({ name }: FolderReader, { width, height }: Preprocessor, imageSize: number): void {
  if (width === SIDE && height === SIDE && imageSize === SIDE) return;
  throw new CommandError(
    `${name} takes images of ${width} × ${height}, phantoms are ${SIDE} × ${SIDE}: it is no package of the teaching model`,
  );
}
