/** An adapter's folder on disk. */
import {
  addAdapter as addFiles,
  type AdaptedCheckpoint,
  type AdapterOptions as AddedAdapter,
} from '#core/export/adapter.ts';
import type { Checkpoint } from '#core/export/checkpoint.ts';
import { FolderReader } from '../shared/folder-reader.ts';

export interface AdapterOptions {
  /** PEFT's folder: adapter_config.json and adapter_model.safetensors. */
  folder: string;
  /** Factor: 1 adds the adapter as it was trained, 0 leaves the weights as they are, −1 subtracts it. */
  strength: number;
}

/** @throws CommandError where there is no such folder, or a file is missing in it */
export async function readAdapterFolder({ folder, strength }: AdapterOptions): Promise<AddedAdapter> {
  const files = await FolderReader.open(folder, { wanted: 'adapter' });
  // A link that leads nowhere is listed too.
  await files.require('adapter', 'adapter_config.json', 'adapter_model.safetensors');
  return { files, strength };
}

/** @throws as `readAdapterFolder`, and `addAdapter` of core */
export async function addAdapter(checkpoint: Checkpoint, options: AdapterOptions): Promise<AdaptedCheckpoint> {
  return addFiles(checkpoint, await readAdapterFolder(options));
}
