/** A Hugging Face checkpoint: config.json, and one safetensors file or shards with an index. */
import type { ByteSource } from '../bytes.ts';
import type { RowInit } from '../embedding/new-row.ts';
import { parseJsonOr } from '../files/parse-json.ts';
import { isInnerPath } from '../inner-path.ts';
import { isJsonObject, type Json } from '../json.ts';
import type { LoraUpdate } from '../lora/adapter.ts';
import { isFloatDtype, type FloatDtype } from '../safetensors/dtype.ts';
import { printable } from '../printable.ts';
import { readHeader, SafetensorsError, type TensorEntry } from '../safetensors/header.ts';
import { unknownFields } from './config-fields.ts';
import { parseConfig, type Gemma3Config } from './config.ts';
import { canonicalName, expectedParameters } from './parameters.ts';
import { quantizedReason } from './quantized-checkpoint.ts';
import type { StoredTensor } from './stored-tensor.ts';
import { resolveHead } from './tied-head.ts';

/** A parameter in the checkpoint, with a supported dtype. */
export interface CheckpointTensor {
  /** Key in the file. */
  key: string;
  source: ByteSource;
  entry: TensorEntry & { dtype: FloatDtype };
  /** Rows that replace rows of the file or follow them. */
  newRows?: NewRows;
  /** Adapter that is merged into the file's values. */
  adapter?: BakedAdapter;
}

/** Rows of an embedding matrix that are computed from other rows. */
export interface NewRows {
  /** Index of the first new row; at most the number of rows in the file. */
  first: number;
  init: RowInit;
  /** For each new row, the row indices of its token's base subwords; none: a row of zeros. */
  subwords: readonly (readonly number[])[];
  /** Standard deviation of random rows. */
  initializerRange: number;
}

/** Adapter that is merged into a matrix: adds strength · s · BA. */
export interface BakedAdapter {
  module: LoraUpdate;
  strength: number;
}

export interface CheckpointParts {
  config: Gemma3Config;
  configJson: Json;
  /** The parameters that the graphs need, by canonical name; shapes are checked. */
  tensors: Map<string, CheckpointTensor>;
  /** Keys that no graph needs, except those known to be unused. */
  unusedKeys: string[];
  /** Sentences about contradictions between the files and config.json in which the files take precedence. */
  notes: string[];
}

/** The files of a checkpoint. */
export interface CheckpointFolder {
  /** For messages. */
  readonly name: string;
  has(file: string): Promise<boolean>;
  /** @throws CheckpointError if the file is missing or not a JSON object, OtherFileError for a file of another kind */
  json(file: string): Promise<Json>;
  /** Called once for each file of weights. */
  open(file: string): Promise<ByteSource>;
}

/** Files of a checkpoint are missing or invalid. The message names the file. */
export class CheckpointError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CheckpointError';
  }
}

export const SINGLE = 'model.safetensors';
export const INDEX = 'model.safetensors.index.json';

/**
 * Reads config.json and the headers of the weights.
 * @throws CheckpointError, ConfigError, SafetensorsError: each names the file and, if applicable, the tensor
 */
export async function readCheckpoint(folder: CheckpointFolder): Promise<CheckpointParts> {
  const written = await folder.json('config.json');
  const quantized = quantizedReason(written);
  if (quantized !== undefined) throw new CheckpointError(`config.json: ${quantized}`);
  const { tied, stored, note } = await resolveHead(parseConfig(written).text.tiedEmbedding, await readTensors(folder));
  const configJson = note === undefined ? written : withTying(written, tied);
  const config = parseConfig(configJson);
  const unknown = unknownFields(written);
  const notes = [
    ...((await folder.has(SINGLE)) && (await folder.has(INDEX))
      ? [`The checkpoint holds ${SINGLE} and ${INDEX}: the weights are those of ${SINGLE}, as transformers reads them.`]
      : []),
    ...(note === undefined ? [] : [note]),
    ...(unknown.length === 0
      ? []
      : [`config.json has fields that are none of Gemma 3's and were not used: ${unknown.map(fieldName).join(', ')}.`]),
  ];
  return { config, configJson, ...matchTensors(config, stored), notes };
}

/** A name of a field as a message shows it. */
function fieldName(name: string): string {
  return printable(name.length > 100 ? `${name.slice(0, 100)}…` : name);
}

/** Sets `tie_word_embeddings` in every place of config.json where Hugging Face and the page read it. */
export function withTying(config: Json, tied: boolean): Json {
  const text = config['text_config'];
  return {
    ...config,
    tie_word_embeddings: tied,
    ...(isJsonObject(text) ? { text_config: { ...text, tie_word_embeddings: tied } } : {}),
  };
}

/** @throws CheckpointError; OtherFileError if it is known what the bytes are instead */
export function parseJsonFile(file: string, bytes: Uint8Array | string): Json {
  const json = parseJsonOr(bytes, {
    file,
    broken: (cause) =>
      new CheckpointError(`${file} is not JSON: ${cause instanceof Error ? printable(cause.message) : ''}`, { cause }),
  });
  if (!isJsonObject(json)) throw new CheckpointError(`${file} is not a JSON object`);
  return json;
}

async function readTensors(folder: CheckpointFolder): Promise<StoredTensor[]> {
  const stored: StoredTensor[] = [];
  if (await folder.has(SINGLE)) {
    const source = await folder.open(SINGLE);
    const { tensors } = await readHeader(source);
    for (const entry of tensors.values()) stored.push({ entry, source });
    return stored;
  }
  if (!(await folder.has(INDEX))) {
    throw new CheckpointError(`${folder.name} has neither ${SINGLE} nor ${INDEX}: it is not a safetensors checkpoint`);
  }
  for (const [file, keys] of shardsOf(await folder.json(INDEX))) {
    if (!(await folder.has(file))) {
      throw new CheckpointError(
        `${file} is missing in ${folder.name}; ${INDEX} places ${keys.length} tensors in it, first "${keys[0]}"`,
      );
    }
    const source = await folder.open(file);
    const { tensors } = await readHeader(source);
    for (const key of keys) {
      const entry = tensors.get(key);
      if (!entry) throw new CheckpointError(`${file}: tensor "${key}" is missing, although ${INDEX} places it there`);
      stored.push({ entry, source });
    }
  }
  return stored;
}

/** File name → keys. */
function shardsOf(index: Json): Map<string, string[]> {
  const weightMap = index['weight_map'];
  if (!isJsonObject(weightMap)) throw new CheckpointError(`${INDEX}: "weight_map" is missing or not an object`);
  if (Object.keys(weightMap).length === 0)
    throw new CheckpointError(`${INDEX}: "weight_map" is empty: it names no tensor`);
  const shards = new Map<string, string[]>();
  for (const [key, file] of Object.entries(weightMap)) {
    if (typeof file !== 'string' || !isInnerPath(file))
      throw new CheckpointError(`${INDEX}: the file of "${key}" is not a file name without a path`);
    const keys = shards.get(file);
    if (keys) keys.push(key);
    else shards.set(file, [key]);
  }
  return shards;
}

/**
 * Tensors in checkpoints that no graph needs: a saved tied head (resolveHead has compared it with the embedding), SigLIP's
 * pooling head, which Gemma 3 does not use, and buffers that are computed from config.json.
 */
function isKnownUnused(name: string): boolean {
  return (
    name === 'lm_head.weight' ||
    name.startsWith('vision_tower.vision_model.head.') ||
    name.endsWith('.position_ids') ||
    name.endsWith('.inv_freq')
  );
}

/** What the other tensors of the files say about those that are missing. */
function reasonOfMissing(missing: readonly string[], unusedKeys: readonly string[]): string {
  if (unusedKeys.some((key) => /\.base_layer\.|\.lora_[AB]\./u.test(key)))
    return '; the file holds a LoRA adapter that is not merged (….base_layer.…): merge it with merge_and_unload() of PEFT and save the model again';
  const [other] = unusedKeys;
  if (other !== undefined)
    return `; the file holds ${unusedKeys.length} of other names, first "${printable(other)}": is it this config.json's file, saved with save_pretrained?`;
  if (missing.every((name) => name === 'lm_head.weight'))
    return ': tie_word_embeddings is false, so the output head has to be stored; where head and embedding are one matrix, set it to true';
  return '';
}

/**
 * Finds the parameters of the configuration among the tensors of safetensors files.
 * @throws SafetensorsError that names file and tensor
 */
export function matchTensors(
  config: Gemma3Config,
  stored: readonly StoredTensor[],
): Pick<CheckpointParts, 'tensors' | 'unusedKeys'> {
  const expected = expectedParameters(config);
  const tensors = new Map<string, CheckpointTensor>();
  const unusedKeys: string[] = [];
  for (const { entry, source } of stored) {
    const name = canonicalName(entry.name);
    const shape = expected.get(name);
    if (!shape) {
      if (!isKnownUnused(name)) unusedKeys.push(entry.name);
      continue;
    }
    const fail = (reason: string) => new SafetensorsError(source.name, entry.name, reason);
    const other = tensors.get(name);
    if (other) throw fail(`the same parameter as "${other.key}" in ${other.source.name}`);
    if (entry.shape.join() !== shape.join()) {
      throw fail(`shape [${entry.shape.join(', ')}], but config.json asks for [${shape.join(', ')}]`);
    }
    const { dtype } = entry;
    if (!isFloatDtype(dtype)) throw fail(`dtype ${dtype}; only BF16, F16 and F32 are read`);
    tensors.set(name, { key: entry.name, source, entry: { ...entry, dtype } });
  }
  const missing = [...expected.keys()].filter((name) => !tensors.has(name));
  if (missing.length > 0) {
    const files = [...new Set(stored.map(({ source }) => source.name))].join(', ');
    throw new SafetensorsError(
      files,
      undefined,
      `${missing.length} of ${expected.size} tensors that config.json asks for are missing, first "${missing[0]}"${reasonOfMissing(missing, unusedKeys)}`,
    );
  }
  return { tensors, unusedKeys };
}
