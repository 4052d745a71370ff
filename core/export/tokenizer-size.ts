/** Checks that every id of tokenizer.json has a row in the embedding matrix. */
import { parseJsonFile, type CheckpointTensor } from '../gemma3/checkpoint.ts';
import { matrixShape } from '../gemma3/matrix-rows.ts';
import { isJsonObject, type Json } from '../json.ts';
import { ExportError } from './error.ts';
import type { Checkpoint } from './checkpoint.ts';

export const EMBEDDING = 'model.embed_tokens.weight';
export const HEAD = 'lm_head.weight';
export const TOKENIZER = 'tokenizer.json';

/**
 * The token that stands for a piece of an image. Gemma 3's text-only models (1B, MedGemma 27B text) have its id, which is the
 * last one, and no row for it: text never has it.
 */
const IMAGE_TOKEN = '<image_soft_token>';

/**
 * Compares the number of ids with the number of rows. More rows than ids is padding, as Gemma 3 has it. A text-only model needs
 * no row for the image token.
 * @throws ExportError that names both numbers
 */
export async function checkTokenizerFits(checkpoint: Checkpoint): Promise<void> {
  const { files, tokenizer } = checkpoint;
  if (tokenizer === undefined && !(await files.has(TOKENIZER))) return;
  const json = tokenizer === undefined ? await files.json(TOKENIZER) : parseJsonFile(TOKENIZER, tokenizer);
  const size = tokenizerSize(json);
  const embedding = tensorOf(checkpoint, EMBEDDING);
  const { rows } = matrixShape(embedding.entry.shape);
  if (size <= rows || onlyImageTokens(checkpoint, json, rows, size)) return;
  throw new ExportError(
    `${TOKENIZER} has ${size} ids, but ${describe(embedding)} has ${rows} rows: ${size - rows} tokens have none. Put the checkpoint's own tokenizer.json back, and add Korean with --korean PACK; or export a checkpoint whose matrix was resized to ${size} rows and trained`,
  );
}

/** Whether the ids from `begin` to `end` are those of the image token, in a model that takes no images. */
export function onlyImageTokens({ config }: Checkpoint, json: Json, begin: number, end: number): boolean {
  if (config.vision || end - begin !== 1) return false;
  const added: unknown = json['added_tokens'];
  return (
    Array.isArray(added) &&
    added.some((token: unknown) => isJsonObject(token) && token['id'] === begin && token['content'] === IMAGE_TOKEN)
  );
}

/** Largest id + 1, for every model type of tokenizer.json. */
function tokenizerSize(json: Json): number {
  const vocab = isJsonObject(json['model']) ? json['model']['vocab'] : undefined;
  let largest = -1;
  // Unigram has a list; the position is the id.
  if (Array.isArray(vocab)) largest = vocab.length - 1;
  else if (isJsonObject(vocab)) for (const id of Object.values(vocab)) largest = Math.max(largest, idOf(id));
  else throw new ExportError(`${TOKENIZER} has no "model.vocab": it is no tokenizer of Hugging Face`);
  const added: unknown = json['added_tokens'];
  if (Array.isArray(added))
    for (const token of added) largest = Math.max(largest, idOf(isJsonObject(token) ? token['id'] : undefined));
  return largest + 1;
}

function idOf(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new ExportError(`${TOKENIZER}: ${JSON.stringify(value)} stands where a token's id should be`);
}

export function tensorOf({ tensors }: Checkpoint, name: string): CheckpointTensor {
  const tensor = tensors.get(name);
  if (!tensor) throw new Error(`the checkpoint was opened without "${name}"`);
  return tensor;
}

export function describe({ key, source }: CheckpointTensor): string {
  return `the embedding matrix ("${key}" in ${source.name})`;
}
