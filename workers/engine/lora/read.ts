/** From the files of adapters to what runs beside the weights, and what there is to tell of them. */
import type { Gemma3Config } from '#core/gemma3/config.ts';
import { readAdapter, type Adapter, type LoraModule } from '#core/lora/adapter.ts';
import { parseAdapterConfig } from '#core/lora/config.ts';
import { describeAdapter, describeModule } from '#core/lora/describe.ts';
import { AdapterError } from '#core/lora/error.ts';
import { MAX_ADAPTERS } from '#core/lora/stack.ts';
import { lowRankSvd, truncateAdapter, type LowRankSvd } from '#core/lora/svd.ts';
import { MemorySource } from '#core/memory-source.ts';
import type { BlobLike } from '#core/bytes.ts';
import type { AdapterFiles, AdapterInfo, SetAdaptersRequest } from '#core/protocol/adapters.ts';
import { readWithRetry } from '../runtime/retrying-blob.ts';

export interface ReadAdapters {
  /** To be run: cut to the ranks asked for. */
  adapters: Adapter[];
  /** Of the files as they are. */
  infos: AdapterInfo[];
}

/** How long the singular values may keep messages, Stop among them, waiting. */
const pauseMilliseconds = 50;

/** @throws AdapterError, SafetensorsError: each names the adapter and its file, and the tensor where one is at fault */
export async function readAdapters(
  { adapters: files, strengths, truncateTo }: SetAdaptersRequest,
  model: Gemma3Config,
  signal: AbortSignal,
): Promise<ReadAdapters> {
  if (strengths.length !== files.length || strengths.some((strength) => !Number.isFinite(strength)))
    throw new RangeError(`${files.length} adapters with strengths ${JSON.stringify(strengths)}`);
  const names = new Set<string>();
  for (const { name } of files) {
    if (names.size === MAX_ADAPTERS) throw new AdapterError(name, `no more than ${MAX_ADAPTERS} adapters run at once`);
    if (names.has(name)) throw new AdapterError(name, 'another adapter of this name is among them');
    names.add(name);
  }
  const read: ReadAdapters = { adapters: [], infos: [] };
  for (const [index, one] of files.entries()) {
    const adapter = await readOne(one, model);
    const svds = await svdsOf(adapter.modules, signal);
    const rank = truncateTo[index];
    read.adapters.push(rank === undefined ? adapter : truncateAdapter(adapter, rank, svds));
    const modules = adapter.modules.map((module, at) => describeModule(module, svds[at] ?? lowRankSvd(module)));
    read.infos.push(describeAdapter(one.name, adapter, modules));
  }
  return read;
}

async function readOne({ name, config, weights }: AdapterFiles, model: Gemma3Config): Promise<Adapter> {
  const path = (file: string) => `${name}/${file}`;
  const configPath = path('adapter_config.json');
  const configBytes = await bytesOf(config, configPath);
  let parsed: ReturnType<typeof parseAdapterConfig>;
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(configBytes));
    parsed = parseAdapterConfig(json);
  } catch (cause) {
    if (cause instanceof AdapterError) throw new AdapterError(configPath, cause.reason);
    throw new AdapterError(configPath, 'not JSON');
  }
  const weightsPath = path('adapter_model.safetensors');
  return readAdapter(parsed, new MemorySource(weightsPath, await bytesOf(weights, weightsPath)), model);
}

async function bytesOf(file: BlobLike, path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await (file instanceof Blob ? readWithRetry(file) : file.arrayBuffer()));
  } catch (cause) {
    // A file that was moved or deleted after it was picked.
    throw new AdapterError(path, cause instanceof Error ? cause.message : String(cause));
  }
}

/** Of a large rank they take seconds. */
async function svdsOf(modules: readonly LoraModule[], signal: AbortSignal): Promise<LowRankSvd[]> {
  const svds: LowRankSvd[] = [];
  let last = performance.now();
  for (const module of modules) {
    svds.push(lowRankSvd(module));
    if (performance.now() - last < pauseMilliseconds) continue;
    await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
    last = performance.now();
  }
  return svds;
}
