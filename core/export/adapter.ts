/** Adds a LoRA adapter to the weights of a checkpoint before they are quantized. */
import { PROJECTIONS } from '../gemma3/projections.ts';
import { readAdapter, type Adapter } from '../lora/adapter.ts';
import { MAX_ADAPTER_CONFIG_BYTES, parseAdapterConfig } from '../lora/config.ts';
import type { ByteSource } from '../bytes.ts';
import { Sha256 } from '../hash/sha256.ts';
import { addToTables } from './adapter-tables.ts';
import type { Checkpoint, ExportFolder } from './checkpoint.ts';
import { ExportError } from './error.ts';
import { TOKENIZER } from './tokenizer-size.ts';

export interface AdapterOptions {
  /** PEFT's folder: adapter_config.json and adapter_model.safetensors. */
  files: ExportFolder;
  /** Factor: 1 adds the adapter as it was trained, 0 leaves the weights as they are, −1 subtracts it. */
  strength: number;
}

export interface AdaptedCheckpoint {
  checkpoint: Checkpoint;
  /** What a person should know of the adapter although it was added. */
  warnings: string[];
}

const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter_model.safetensors';

/**
 * The checkpoint with the adapter added to the matrices it adapts, and with the parameters that it saved in place of the
 * checkpoint's; the sums are formed in float32 when a matrix is read.
 * @throws ExportError, CheckpointError, AdapterError, SafetensorsError: each names the file and, where there is one, the tensor
 */
export async function addAdapter(
  checkpoint: Checkpoint,
  { files, strength }: AdapterOptions,
): Promise<AdaptedCheckpoint> {
  for (const file of [CONFIG, WEIGHTS])
    if (!(await files.has(file))) throw new ExportError(await files.explainMissing('adapter', file));
  const { folder } = files;
  const config = parseAdapterConfig(await files.json(CONFIG, MAX_ADAPTER_CONFIG_BYTES));
  const source = await files.open(WEIGHTS);
  checkpoint.opened.push(source);
  const adapter = await readAdapter(config, source, checkpoint.config);
  if (adapter.saved.length > 0 && strength !== 1)
    throw new ExportError(
      `${folder} holds whole parameters (${adapter.saved[0]?.parameter} …), which a strength of ${strength} does not scale; leave out --strength`,
    );

  const tensors = new Map(checkpoint.tensors);
  for (const { parameter, entry, source } of adapter.saved) tensors.set(parameter, { key: entry.name, source, entry });
  for (const module of [...adapter.modules, ...adapter.others]) {
    const tensor = tensors.get(module.parameter);
    // A tied output head is no tensor of its own.
    if (tensor) tensors.set(module.parameter, { ...tensor, adapter: { module, strength } });
  }
  const changes = [
    ...(checkpoint.changes ?? []),
    `The LoRA adapter ${files.name} (rank ${config.rank}, alpha ${config.alpha}, on ${placesOf(adapter)}; SHA-256 ${await hashOf(source)}) is added to the weights with strength ${strength}.`,
    ...(adapter.saved.length > 0
      ? [`It replaces ${listed(adapter.saved.map(({ parameter }) => parameter))}, which were trained as a whole.`]
      : []),
  ];
  const adapted = await addToTables({ ...checkpoint, tensors, changes }, checkpoint, adapter, strength);
  const { tokenizer, warning } = await tokenizerOf(checkpoint, files, adapter);
  return {
    checkpoint: { ...adapted, ...(tokenizer === undefined ? {} : { tokenizer }) },
    warnings: [...missingWarning(folder, adapter), ...(warning === undefined ? [] : [warning])],
  };
}

/** Names of the adapted projections, and of what is outside the decoder's layers. */
function placesOf({ modules, others }: Adapter): string {
  const on: string[] = PROJECTIONS.filter((target) => modules.some((module) => module.target === target));
  const vision = others.filter(({ parameter }) => parameter.startsWith('vision_tower.'));
  const tables = others.filter((update) => !vision.includes(update)).map(({ parameter }) => parameter);
  return [...on, ...(vision.length > 0 ? [`${vision.length} matrices of the vision tower`] : []), ...tables].join(', ');
}

function missingWarning(folder: string, { missing }: Adapter): string[] {
  if (missing.length === 0) return [];
  return [
    `${folder}: target_modules of ${CONFIG} names ${missing.length} modules that ${WEIGHTS} has no pair for (${listed(missing)}); they stay as in the checkpoint. If they were trained, save the adapter again`,
  ];
}

/** The tokenizer of a vocabulary that was resized for the training stands in the adapter's folder. */
async function tokenizerOf(
  checkpoint: Checkpoint,
  files: ExportFolder,
  { vocabularySize }: Adapter,
): Promise<{ tokenizer?: string; warning?: string }> {
  const own = (await files.has(TOKENIZER)) ? await textOf(files, TOKENIZER) : undefined;
  const before = checkpoint.config.text.vocabularySize;
  if (vocabularySize === before) {
    if (own === undefined || !(await checkpoint.files.has(TOKENIZER))) return {};
    const base = await textOf(checkpoint.files, TOKENIZER);
    if (checkpoint.tokenizer !== undefined || own === base) return {};
    return {
      warning: `${TOKENIZER} of ${files.folder} differs from that of ${checkpoint.files.folder}, which is used; if the adapter was trained with its own, copy it over`,
    };
  }
  if (own !== undefined) return { tokenizer: own };
  throw new ExportError(
    `${files.folder} resizes the vocabulary from ${before} to ${vocabularySize} rows, but has no ${TOKENIZER}; put the tokenizer it was trained with there`,
  );
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

/** Bytes that are read at a time: an adapter with embedding and head takes gigabytes. */
const HASH_BYTES = 2 ** 20;

async function hashOf(source: ByteSource): Promise<string> {
  const hash = new Sha256();
  for (let offset = 0; offset < source.size; offset += HASH_BYTES)
    hash.update(await source.read(offset, Math.min(HASH_BYTES, source.size - offset)));
  return hash.hex();
}

async function textOf(files: ExportFolder, file: string): Promise<string> {
  return new TextDecoder().decode(await files.bytes(file));
}
