/** Opens a model package in Node with the page's engine: graphs, tokenizer, template, adapter. */
import { basename, resolve } from 'node:path';
import { MAX_ADAPTER_CONFIG_BYTES } from '#core/lora/config.ts';
import type { AdapterInfo } from '#core/lora/describe.ts';
import type { OpenProgress } from '#core/protocol/engine.ts';
import { setAdapters } from '../../../workers/engine/lora/set.ts';
import { loadModel } from '../../../workers/engine/model/load.ts';
import { openedModel, readParts, type OpenedModel } from '../../../workers/engine/opened.ts';
import { FolderReader } from '../folder-reader.ts';
import { decodeImageInNode } from './decode-image.ts';
import { nodeBackend } from './node-backend.ts';

export interface OpenOptions {
  /** Longest context in tokens; cut to what the package can do. */
  contextLength: number;
  /** Number of threads for one run; undefined: the runtime's default. */
  threads?: number | undefined;
  signal: AbortSignal;
  onProgress?: (progress: OpenProgress) => void;
}

/** @throws FailureError, as the engine; the reason of `signal` */
export async function openModel(
  reader: FolderReader,
  { contextLength, threads, signal, onProgress = () => undefined }: OpenOptions,
): Promise<OpenedModel> {
  const parts = await readParts(reader);
  const model = await loadModel(parts.pack, nodeBackend({ threads }), { contextLength }, signal, onProgress);
  return openedModel(parts, model, decodeImageInNode);
}

const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter_model.safetensors';

/**
 * Applies a LoRA adapter, a folder as PEFT's save_pretrained writes it.
 * @param strength 1 is as trained
 * @throws CommandError, AdapterError, FailureError `no-lora-branches`, `runtime`
 */
export async function applyAdapter(
  { model, prefix }: OpenedModel,
  folder: string,
  strength: number,
  signal: AbortSignal,
): Promise<AdapterInfo | undefined> {
  const files = await FolderReader.open(folder, { wanted: 'adapter' });
  await files.require('adapter', CONFIG, WEIGHTS);
  const adapter = {
    id: folder,
    name: basename(resolve(folder)),
    config: await files.blob(CONFIG, { limit: MAX_ADAPTER_CONFIG_BYTES }),
    weights: await files.blob(WEIGHTS),
  };
  const request = { adapters: [adapter], strengths: [strength], truncateTo: [undefined] };
  const [info] = await setAdapters(model, prefix, request, signal, () => undefined);
  return info;
}
