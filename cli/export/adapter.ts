/** Bakes a LoRA adapter into the weights of a checkpoint, before they are quantized. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { PROJECTIONS } from '#core/gemma3/projections.ts';
import { readAdapter } from '#core/lora/adapter.ts';
import { parseAdapterConfig } from '#core/lora/config.ts';
import { MemorySource } from '#core/memory-source.ts';
import { readJson, type Checkpoint } from './checkpoint.ts';
import { ExportError, systemCode } from '../shared/errors.ts';

export interface AdapterOptions {
  /** PEFT's folder: adapter_config.json and adapter_model.safetensors. */
  folder: string;
  /** 1 adds the adapter as it was trained, 0 leaves the weights as they are, −1 takes it away. */
  strength: number;
}

const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter_model.safetensors';

/**
 * The checkpoint with the adapter added to the matrices that it is on, as they are read.
 * @throws ExportError, CheckpointError, AdapterError, SafetensorsError: each names the file and, where there is one, the tensor
 */
export async function addAdapter(checkpoint: Checkpoint, { folder, strength }: AdapterOptions): Promise<Checkpoint> {
  const config = parseAdapterConfig(await readJson(folder, CONFIG));
  const bytes = await readFile(join(folder, WEIGHTS)).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw error;
    throw new ExportError(`${folder} has no ${WEIGHTS}; an adapter is the folder that PEFT's save_pretrained writes`);
  });
  const adapter = await readAdapter(config, new MemorySource(WEIGHTS, bytes), checkpoint.config);
  const tensors = new Map(checkpoint.tensors);
  for (const module of adapter.modules) {
    const tensor = tensors.get(module.parameter);
    if (!tensor) throw new Error(`the checkpoint has no ${module.parameter}, although its configuration asks for it`);
    tensors.set(module.parameter, { ...tensor, adapter: { module, strength } });
  }
  const on = PROJECTIONS.filter((target) => adapter.modules.some((module) => module.target === target));
  const hash = createHash('sha256').update(bytes).digest('hex');
  return {
    ...checkpoint,
    tensors,
    changes: [
      ...(checkpoint.changes ?? []),
      `The LoRA adapter ${basename(resolve(folder))} (rank ${config.rank}, alpha ${config.alpha}, on ${on.join(', ')}; SHA-256 ${hash}) is added to the weights with strength ${strength}.`,
    ],
  };
}
