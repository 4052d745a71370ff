/** Adds a LoRA adapter to the weights of a checkpoint before they are quantized. */
import { basename, resolve } from 'node:path';
import { PROJECTIONS } from '#core/gemma3/projections.ts';
import { readAdapter } from '#core/lora/adapter.ts';
import { parseAdapterConfig } from '#core/lora/config.ts';
import { MemorySource } from '#core/memory-source.ts';
import { CommandError } from '../shared/errors.ts';
import { FolderReader } from '../shared/folder-reader.ts';
import { sha256Of } from '../shared/read-file.ts';
import type { Checkpoint } from './checkpoint.ts';

export interface AdapterOptions {
  /** PEFT's folder: adapter_config.json and adapter_model.safetensors. */
  folder: string;
  /** Factor: 1 adds the adapter as it was trained, 0 leaves the weights as they are, −1 subtracts it. */
  strength: number;
}

const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter_model.safetensors';

/**
 * The checkpoint with the adapter added to the matrices it adapts; the sum is formed when a matrix is read.
 * @throws CommandError, CheckpointError, AdapterError, SafetensorsError: each names the file and, where there is one, the tensor
 */
export async function addAdapter(checkpoint: Checkpoint, { folder, strength }: AdapterOptions): Promise<Checkpoint> {
  const hint = "an adapter is the folder that PEFT's save_pretrained writes";
  const files = await FolderReader.open(folder, { hint });
  const config = parseAdapterConfig(await files.json(CONFIG));
  if (!(await files.has(WEIGHTS))) throw new CommandError(`${folder} has no ${WEIGHTS}; ${hint}`);
  const bytes = await files.bytes(WEIGHTS);
  const adapter = await readAdapter(config, new MemorySource(WEIGHTS, bytes), checkpoint.config);
  const tensors = new Map(checkpoint.tensors);
  for (const module of adapter.modules) {
    const tensor = tensors.get(module.parameter);
    if (!tensor) throw new Error(`the checkpoint has no ${module.parameter}, although its configuration asks for it`);
    tensors.set(module.parameter, { ...tensor, adapter: { module, strength } });
  }
  const on = PROJECTIONS.filter((target) => adapter.modules.some((module) => module.target === target));
  return {
    ...checkpoint,
    tensors,
    changes: [
      ...(checkpoint.changes ?? []),
      `The LoRA adapter ${basename(resolve(folder))} (rank ${config.rank}, alpha ${config.alpha}, on ${on.join(', ')}; SHA-256 ${sha256Of(bytes)}) is added to the weights with strength ${strength}.`,
    ],
  };
}
