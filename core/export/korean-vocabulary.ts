/** Adds a Korean vocabulary to a checkpoint: the merged tokenizer, and rows for the new tokens in embedding and head. */
import { DEFAULT_INITIALIZER_RANGE, type RowInit } from '../embedding/new-row.ts';
import { parseJsonFile, type CheckpointTensor } from '../gemma3/checkpoint.ts';
import { parseConfig } from '../gemma3/config.ts';
import { matrixShape } from '../gemma3/matrix-rows.ts';
import { isJsonObject, type Json } from '../json.ts';
import { mergeTokenizerJson, sizeOf } from '../tokenizer/korean/merge.ts';
import type { Pack } from '../tokenizer/korean/pack.ts';
import { baseSubwords } from '../tokenizer/korean/subwords.ts';
import { requireTokenizerJson, type TokenizerJson } from '../tokenizer/korean/tokenizer-file.ts';
import { sha256Of } from '../hash/sha256.ts';
import { PackError } from '../tokenizer/korean/pack-error.ts';
import type { Checkpoint } from './checkpoint.ts';
import { ExportError } from './error.ts';
import { resized } from './resized-config.ts';
import { describe, EMBEDDING, HEAD, onlyImageTokens, tensorOf, TOKENIZER } from './tokenizer-size.ts';

export interface KoreanOptions {
  pack: Pack;
  /** Where the pack comes from, as messages name it: a path, a file. */
  from: string;
  /** How new rows of the input embedding are made; of the head too where it is tied. */
  init: RowInit;
  /** Separates the output head from the embedding. */
  untie: boolean;
}

/** Matrices are padded to a multiple of 64, 128 or 256 rows; Gemma 3's has 63 rows of padding. */
const MAX_PADDING_ROWS = 255;

/**
 * The checkpoint with the tokens of a pack. The files of the checkpoint are read, never changed. New tokens keep the ids of
 * the pack. Rows of padding after the tokenizer's last id (63 in Gemma 3) are used first; the matrix grows by the rest. The image
 * token, for which text-only models have no row, gets one of zeros.
 *
 * A tied model uses one vector for input and output, so `init` decides both. An untied head is initialized as in EEVE
 * (arXiv 2402.14714): a new row is the row of the token's first subword, whatever `init` says of the input.
 * @throws ExportError when tokenizer, matrix and pack do not fit together
 */
export async function addKoreanVocabulary(checkpoint: Checkpoint, options: KoreanOptions): Promise<Checkpoint> {
  const { pack } = options;
  const file = options.from.slice(Math.max(options.from.lastIndexOf('/'), options.from.lastIndexOf('\\')) + 1);
  const base = await readBase(checkpoint, pack, options.from);
  const merged = withFile(file, () => mergeTokenizerJson(base, pack));
  const subwords = baseSubwords(pack, (piece) =>
    Object.hasOwn(base.model.vocab, piece) ? base.model.vocab[piece] : addedId(base, piece),
  );

  const embedding = tensorOf(checkpoint, EMBEDDING);
  const { rows } = matrixShape(embedding.entry.shape);
  const gap = Math.max(0, pack.firstId - rows);
  if (gap > 0 && !onlyImageTokens(checkpoint, { ...base }, rows, pack.firstId)) {
    throw new ExportError(
      `${file}: its first new token has id ${pack.firstId}, but ${describe(embedding)} has ${rows} rows, and nothing is known to put between them; use a pack whose firstId is ${rows} or less`,
    );
  }
  const spare = rows - pack.firstId;
  if (spare > MAX_PADDING_ROWS) {
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
    // A row between the checkpoint's and the new ones is zeros: it is made of no subwords.
    newRows: {
      first: pack.firstId - gap,
      init,
      subwords: [...Array.from({ length: gap }, () => []), ...subwords],
      initializerRange,
    },
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
      ...(gap === 0
        ? []
        : ['The row of the image token, which the checkpoint does not have, is zeros: its logit is 0.']),
      initSentence(options.init, initializerRange),
      tied
        ? 'Embedding and output head are one matrix (tied), so that one vector of a new token serves both.'
        : `The output head is a matrix of its own${config.text.tiedEmbedding ? ', which it was not in the checkpoint' : ''}; its new rows are those of each token's first base subword.`,
    ],
  };
}

/** The checkpoint's tokenizer.json, if the pack was made for it. */
async function readBase(checkpoint: Checkpoint, pack: Pack, path: string): Promise<TokenizerJson> {
  const { files } = checkpoint;
  const { folder } = files;
  if (!(await files.has(TOKENIZER))) {
    throw new ExportError(
      `${folder} has no ${TOKENIZER}; --korean merges ${path} into it: put the base tokenizer of the checkpoint there`,
    );
  }
  const bytes = await files.bytes(TOKENIZER);
  const base = withFile(TOKENIZER, () => requireTokenizerJson(parseJsonFile(TOKENIZER, bytes)));
  const hash = sha256Of(bytes);
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

/** @throws ExportError with the name of the file in front of a PackError's message */
function withFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PackError) throw new ExportError(`${file}: ${error.message}`, { cause: error });
    throw error;
  }
}

function rangeOf(config: Json): number {
  const text = isJsonObject(config['text_config']) ? config['text_config'] : config;
  const range = text['initializer_range'] ?? DEFAULT_INITIALIZER_RANGE;
  if (typeof range === 'number' && range > 0) return range;
  throw new ExportError(`config.json: "initializer_range" is ${JSON.stringify(range)}, expected a positive number`);
}

function packSentences({ name, firstId, merges, corpus }: Pack, rows: number, size: number): string[] {
  const last = firstId + merges.length - 1;
  const reused = Math.max(0, Math.min(rows, last + 1) - firstId);
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
