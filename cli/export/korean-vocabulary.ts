/** Gives a checkpoint a Korean vocabulary: the merged tokenizer, and rows for its new tokens in embedding and head. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DEFAULT_INITIALIZER_RANGE, type RowInit } from '#core/embedding/new-row.ts';
import type { CheckpointTensor } from '#core/gemma3/checkpoint.ts';
import { parseConfig } from '#core/gemma3/config.ts';
import { matrixShape } from '#core/gemma3/matrix-rows.ts';
import { isJsonObject, type Json } from '#core/json.ts';
import { mergeTokenizerJson, sizeOf } from '#core/tokenizer/korean/merge.ts';
import type { Pack } from '#core/tokenizer/korean/pack.ts';
import { PackError } from '#core/tokenizer/korean/pack-error.ts';
import { readPack } from '#core/tokenizer/korean/read-pack.ts';
import { baseSubwords } from '#core/tokenizer/korean/subwords.ts';
import { requireTokenizerJson, type TokenizerJson } from '#core/tokenizer/korean/tokenizer-file.ts';
import { readJson, type Checkpoint } from './checkpoint.ts';
import { ExportError } from '../shared/errors.ts';

export interface KoreanOptions {
  /** Path of the pack. */
  pack: string;
  /** How the new rows of the input embedding are made, and where the head is tied, the head's. */
  init: RowInit;
  /** Makes the output head a matrix of its own. */
  untie: boolean;
}

const EMBEDDING = 'model.embed_tokens.weight';
const HEAD = 'lm_head.weight';
const TOKENIZER = 'tokenizer.json';
/** Matrices are padded to a multiple of 64, 128 or 256 rows; Gemma 3's has 63 rows that no id uses. */
const MOST_PADDING = 255;

/**
 * The checkpoint as if it had the pack's tokens; its files are read, never changed. New tokens get the ids that the pack
 * gives them. Where the matrix has rows behind the tokenizer's last id (Gemma 3: 63 rows of padding), those are used first;
 * the matrix grows by what is missing, and only by that.
 *
 * One vector serves both ends of a tied model, so `init` decides both. A head of its own gets the split of EEVE (arXiv
 * 2402.14714): its new rows are those of the first subword, whatever `init` says of the input.
 * @throws ExportError when tokenizer, matrix and pack do not fit together
 */
export async function addKoreanVocabulary(checkpoint: Checkpoint, options: KoreanOptions): Promise<Checkpoint> {
  const file = basename(options.pack);
  const json = await readJson(dirname(options.pack), file);
  const pack = withFile(file, () => readPack(json));
  const base = await readBase(checkpoint, pack, options.pack);
  const merged = withFile(file, () => mergeTokenizerJson(base, pack));
  const subwords = baseSubwords(pack, (piece) =>
    Object.hasOwn(base.model.vocab, piece) ? base.model.vocab[piece] : addedId(base, piece),
  );

  const embedding = tensorOf(checkpoint, EMBEDDING);
  const { rows } = matrixShape(embedding.entry.shape);
  if (pack.firstId > rows) {
    throw new ExportError(
      `${file}: its first new token has id ${pack.firstId}, but ${describe(embedding)} has ${rows} rows, and nothing is known to put between them; use a pack whose firstId is ${rows} or less`,
    );
  }
  const spare = rows - pack.firstId;
  if (spare > MOST_PADDING) {
    throw new ExportError(
      `${describe(embedding)} has ${rows} rows, ${spare} more than the ${pack.firstId} ids before the first new token: too many for padding, so they may be trained rows, which --korean would replace. If they belong to the tokens of ${file}, merge it into tokenizer.json with "npm run korean -- merge" and leave out --korean`,
    );
  }
  const { config, configJson } = checkpoint;
  const size = Math.max(rows, pack.firstId + pack.merges.length);
  const tied = config.text.tiedEmbedding && !options.untie;
  const initializerRange = rangeOf(configJson);
  const grown = (tensor: CheckpointTensor, init: RowInit): CheckpointTensor => ({
    ...tensor,
    newRows: { first: pack.firstId, init, subwords, initializerRange },
  });
  const tensors = new Map(checkpoint.tensors);
  tensors.set(EMBEDDING, grown(embedding, options.init));
  if (!tied) tensors.set(HEAD, grown(checkpoint.tensors.get(HEAD) ?? embedding, 'first'));
  const newConfig = resized(configJson, size, tied);
  return {
    ...checkpoint,
    config: parseConfig(newConfig),
    configJson: newConfig,
    tensors,
    tokenizer: JSON.stringify(merged),
    changes: [
      ...packSentences(pack, rows, size),
      initSentence(options.init, initializerRange),
      tied
        ? 'Embedding and output head are one matrix (tied), so that one vector of a new token serves both.'
        : `The output head is a matrix of its own${config.text.tiedEmbedding ? ', which it was not in the checkpoint' : ''}; its new rows are those of each token's first base subword.`,
    ],
  };
}

/**
 * Holds the tokenizer's ids against the rows of the matrix. More rows than ids is padding, as Gemma 3 has it.
 * @throws ExportError that names both numbers
 */
export async function checkTokenizerFits(checkpoint: Checkpoint): Promise<void> {
  const { folder } = checkpoint;
  if (!(await readdir(folder)).includes(TOKENIZER)) return;
  const size = tokenizerSize(await readJson(folder, TOKENIZER));
  const embedding = tensorOf(checkpoint, EMBEDDING);
  const { rows } = matrixShape(embedding.entry.shape);
  if (size <= rows) return;
  throw new ExportError(
    `${TOKENIZER} has ${size} ids, but ${describe(embedding)} has ${rows} rows: ${size - rows} tokens have none. Put the checkpoint's own tokenizer.json back, and add Korean with --korean PACK; or export a checkpoint whose matrix was resized to ${size} rows and trained`,
  );
}

/** The checkpoint's tokenizer.json, if the pack was made for it. */
async function readBase(checkpoint: Checkpoint, pack: Pack, path: string): Promise<TokenizerJson> {
  const { folder } = checkpoint;
  if (!(await readdir(folder)).includes(TOKENIZER)) {
    throw new ExportError(
      `${folder} has no ${TOKENIZER}; --korean merges ${path} into it: put the base tokenizer of the checkpoint there`,
    );
  }
  const bytes = await readFile(join(folder, TOKENIZER));
  const json = await readJson(folder, TOKENIZER);
  const base = withFile(TOKENIZER, () => requireTokenizerJson(json));
  const hash = createHash('sha256').update(bytes).digest('hex');
  if (hash === pack.base.sha256) return base;
  const size = sizeOf(base);
  const [first] = pack.merges;
  if (first && base.model.vocab[first[0] + first[1]] === pack.firstId) {
    throw new ExportError(
      `${TOKENIZER} of ${folder} has ${size} ids and already holds the tokens of ${path}, which adds ${pack.merges.length} to a base of ${pack.base.size}; leave out --korean: the checkpoint exports as it is`,
    );
  }
  throw new ExportError(
    `${path} was made for another tokenizer: a ${TOKENIZER} with ${pack.base.size} ids and SHA-256 ${pack.base.sha256}, but that of ${folder} has ${size} ids and SHA-256 ${hash}; put the tokenizer.json there that the pack was made for, or make a pack for this one with "npm run korean -- train"`,
  );
}

/** Largest id + 1, of any kind of model that tokenizer.json knows. */
function tokenizerSize(json: Json): number {
  const vocab = isJsonObject(json['model']) ? json['model']['vocab'] : undefined;
  let largest = -1;
  // Unigram has a list, whose places are the ids.
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

/** `vocab_size` and `tie_word_embeddings` wherever config.json says them, and where Hugging Face looks for them. */
function resized(config: Json, size: number, tied: boolean): Json {
  const sizes = { vocab_size: size, ...(tied ? {} : { tie_word_embeddings: false }) };
  const text = config['text_config'];
  if (!isJsonObject(text)) return { ...config, ...sizes };
  return {
    ...config,
    ...('vocab_size' in config ? { vocab_size: size } : {}),
    ...(tied ? {} : { tie_word_embeddings: false }),
    text_config: { ...text, ...sizes },
  };
}

function rangeOf(config: Json): number {
  const text = isJsonObject(config['text_config']) ? config['text_config'] : config;
  const range = text['initializer_range'] ?? DEFAULT_INITIALIZER_RANGE;
  if (typeof range === 'number' && range > 0) return range;
  throw new ExportError(`config.json: "initializer_range" is ${JSON.stringify(range)}, expected a positive number`);
}

function packSentences({ name, firstId, merges, corpus }: Pack, rows: number, size: number): string[] {
  const last = firstId + merges.length - 1;
  const reused = Math.min(rows, last + 1) - firstId;
  return [
    `Korean vocabulary "${name}": ${merges.length} new tokens with the ids ${firstId} to ${last}; their merges stand behind those of the base in tokenizer.json.${corpus.notice === '' ? '' : ` Text they were chosen on: ${corpus.notice}`}`,
    `The embedding has ${size} rows, the checkpoint's ${rows}: ${reused} rows of padding are used and ${size - rows} are added.`,
  ];
}

function initSentence(init: RowInit, range: number): string {
  const how = {
    mean: "the mean of the rows of its token's base subwords, in float32 before any rounding",
    first: "the row of its token's first base subword",
    random: `drawn from a normal distribution with standard deviation ${range} (initializer_range), seeded by its id`,
  };
  return `Each new row of the embedding is ${how[init]}; it is not trained.`;
}

function addedId({ added_tokens: added }: TokenizerJson, piece: string): number | undefined {
  return added?.find(({ content }) => content === piece)?.id;
}

function tensorOf({ tensors }: Checkpoint, name: string): CheckpointTensor {
  const tensor = tensors.get(name);
  if (!tensor) throw new Error(`the checkpoint was opened without "${name}"`);
  return tensor;
}

function describe({ key, source }: CheckpointTensor): string {
  return `the embedding matrix ("${key}" in ${source.name})`;
}

/** @throws ExportError that names the file before what a reader of `core` found in it */
function withFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PackError) throw new ExportError(`${file}: ${error.message}`, { cause: error });
    throw error;
  }
}
