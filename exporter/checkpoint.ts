/** A Hugging Face checkpoint folder: config.json and one safetensors file, or shards with an index. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { RowInit } from '#core/embedding/new-row.ts';
import { parseConfig, type Gemma3Config } from '#core/gemma3/config.ts';
import { canonicalName, expectedParameters } from '#core/gemma3/parameters.ts';
import { isFloatDtype, type FloatDtype } from '#core/safetensors/dtype.ts';
import { readHeader, type TensorEntry } from '#core/safetensors/header.ts';
import type { BakedAdapter } from './adapter.ts';
import { ExportError, systemCode } from './errors.ts';
import { FileSource } from './file-source.ts';

export type Json = Record<string, unknown>;

/** A parameter in the checkpoint; its dtype is one we decode. */
export interface CheckpointTensor {
  /** Key in the file. */
  key: string;
  source: FileSource;
  entry: TensorEntry & { dtype: FloatDtype };
  /** Rows that stand in place of the file's, or behind them. */
  newRows?: NewRows;
  /** What is added to the file's values. */
  adapter?: BakedAdapter;
}

/** Rows of an embedding matrix that are made out of others. */
export interface NewRows {
  /** The row that the first of them becomes; at most one behind the last of the file. */
  first: number;
  init: RowInit;
  /** For each new row, the rows that its token's base subwords have. */
  subwords: readonly (readonly number[])[];
  /** Standard deviation of random rows. */
  initializerRange: number;
}

export interface Checkpoint {
  folder: string;
  /** Name of the folder, without path. */
  name: string;
  config: Gemma3Config;
  configJson: Json;
  /** The parameters that the graphs need, by canonical name; shapes are checked. */
  tensors: Map<string, CheckpointTensor>;
  /** Keys that nothing needs and that are not known to be harmless. */
  unusedKeys: string[];
  sources: FileSource[];
  /** What stands in the package instead of the checkpoint's tokenizer.json. */
  tokenizer?: string;
  /** What was done to the checkpoint before the export, in sentences for the manifest. */
  changes?: string[];
  close(): Promise<void>;
}

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';

/** @throws ExportError, ConfigError, SafetensorsError: each names the file and, where there is one, the tensor. */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  const configJson = await readJson(folder, 'config.json');
  const config = parseConfig(configJson);
  const sources: FileSource[] = [];
  const close = async () => {
    await Promise.all(sources.map((source) => source.close()));
  };
  try {
    const stored = await readTensors(folder, sources);
    return {
      folder,
      name: basename(resolve(folder)),
      config,
      configJson,
      ...match(config, stored),
      sources,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Stored {
  entry: TensorEntry;
  source: FileSource;
}

async function readTensors(folder: string, sources: FileSource[]): Promise<Stored[]> {
  const names = await readdir(folder);
  const stored: Stored[] = [];
  if (names.includes(SINGLE)) {
    const source = await FileSource.open(join(folder, SINGLE));
    sources.push(source);
    const { tensors } = await readHeader(source);
    for (const entry of tensors.values()) stored.push({ entry, source });
    return stored;
  }
  if (!names.includes(INDEX)) {
    throw new ExportError(`${folder} has neither ${SINGLE} nor ${INDEX}: it is no safetensors checkpoint`);
  }
  for (const [file, keys] of await readIndex(folder)) {
    if (!names.includes(file)) {
      throw new ExportError(
        `${file} is missing in ${folder}; ${INDEX} places ${keys.length} tensors in it, first "${keys[0]}"`,
      );
    }
    const source = await FileSource.open(join(folder, file));
    sources.push(source);
    const { tensors } = await readHeader(source);
    for (const key of keys) {
      const entry = tensors.get(key);
      if (!entry) throw new ExportError(`${file}: tensor "${key}" is missing, although ${INDEX} places it there`);
      stored.push({ entry, source });
    }
  }
  return stored;
}

/** File name → keys. */
async function readIndex(folder: string): Promise<Map<string, string[]>> {
  const index = await readJson(folder, INDEX);
  const weightMap = index['weight_map'];
  if (!isJsonObject(weightMap)) throw new ExportError(`${INDEX}: "weight_map" is missing or not an object`);
  const shards = new Map<string, string[]>();
  for (const [key, file] of Object.entries(weightMap)) {
    if (typeof file !== 'string') throw new ExportError(`${INDEX}: the file of "${key}" is not a name`);
    const keys = shards.get(file);
    if (keys) keys.push(key);
    else shards.set(file, [key]);
  }
  return shards;
}

/** Tensors that checkpoints carry and no graph needs: a saved tied head, SigLIP's pooling head, buffers. */
function isKnownUnused(name: string): boolean {
  return (
    name === 'lm_head.weight' ||
    name.startsWith('vision_tower.vision_model.head.') ||
    name.endsWith('.position_ids') ||
    name.endsWith('.inv_freq')
  );
}

function match(config: Gemma3Config, stored: Stored[]): Pick<Checkpoint, 'tensors' | 'unusedKeys'> {
  const expected = expectedParameters(config);
  const tensors = new Map<string, CheckpointTensor>();
  const unusedKeys: string[] = [];
  for (const { entry, source } of stored) {
    const name = canonicalName(entry.name);
    const shape = expected.get(name);
    const where = `${source.name}: tensor "${entry.name}"`;
    if (!shape) {
      if (!isKnownUnused(name)) unusedKeys.push(entry.name);
      continue;
    }
    const other = tensors.get(name);
    if (other) throw new ExportError(`${where}: the same parameter as "${other.key}" in ${other.source.name}`);
    if (entry.shape.join() !== shape.join()) {
      throw new ExportError(
        `${where}: shape [${entry.shape.join(', ')}], but config.json asks for [${shape.join(', ')}]`,
      );
    }
    const { dtype } = entry;
    if (!isFloatDtype(dtype)) throw new ExportError(`${where}: dtype ${dtype}; only BF16, F16 and F32 are read`);
    tensors.set(name, { key: entry.name, source, entry: { ...entry, dtype } });
  }
  const missing = [...expected.keys()].filter((name) => !tensors.has(name));
  if (missing.length > 0) {
    const files = [...new Set(stored.map(({ source }) => source.name))].join(', ');
    throw new ExportError(
      `${files}: ${missing.length} of ${expected.size} tensors that config.json asks for are missing, first "${missing[0]}"`,
    );
  }
  return { tensors, unusedKeys };
}

export async function readJson(folder: string, file: string): Promise<Json> {
  let text: string;
  try {
    text = await readFile(join(folder, file), 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') throw new ExportError(`${file} is missing in ${folder}`, { cause: error });
    throw error;
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ExportError(`${file} is not JSON: ${error instanceof Error ? error.message : ''}`, { cause: error });
  }
  if (!isJsonObject(json)) throw new ExportError(`${file} is not a JSON object`);
  return json;
}

export function isJsonObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
