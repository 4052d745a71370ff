/** The adapters of the open model, read and decomposed once: a new strength or rank does not read the files again. */
import type { BlobLike } from '#core/bytes.ts';
import type { Gemma3Config } from '#core/gemma3/config.ts';
import { readAdapter, type Adapter, type LoraModule } from '#core/lora/adapter.ts';
import { MAX_ADAPTER_CONFIG_BYTES, parseAdapterConfig } from '#core/lora/config.ts';
import { describeAdapter, describeModule } from '#core/lora/describe.ts';
import { parseJsonOr } from '#core/files/parse-json.ts';
import { AdapterError } from '#core/lora/error.ts';
import { requireLive } from '#core/lora/live.ts';
import { MAX_ADAPTERS } from '#core/lora/stack.ts';
import { lowRankSvd, truncateAdapter, type LowRankSvd } from '#core/lora/svd.ts';
import { MemorySource } from '#core/memory-source.ts';
import type { AdapterFiles, SetAdaptersRequest } from '#core/protocol/adapters.ts';
import type { AdapterInfo } from '#core/lora/describe.ts';
import { blobSource } from '../runtime/blob-source.ts';
import { readWithRetry } from '../runtime/retrying-blob.ts';

export interface ReadAdapters {
  /** The adapters to run: truncated to the ranks of the request. */
  adapters: Adapter[];
  /** Descriptions of the adapters in the files, before truncation. */
  infos: AdapterInfo[];
}

interface CachedAdapter {
  adapter: Adapter;
  /** One SVD for each module. With the adapter's own values they take twice the memory of A and B. */
  svds: readonly LowRankSvd[];
  info: AdapterInfo;
}

/** Of a larger file only what is needed is read: with whole parameters in it, it may have gigabytes. */
const MAX_WHOLE_BYTES = 500_000_000;
/** Longest time for which an SVD delays messages to the worker, Stop among them. */
const PAUSE_MS = 50;

export class AdapterCache {
  readonly #model: Gemma3Config;
  readonly #decompose: (module: LoraModule) => LowRankSvd;
  readonly #cached = new Map<string, CachedAdapter>();
  /** Ids of the last request that was applied. */
  #applied: readonly string[] = [];

  constructor(model: Gemma3Config, decompose = lowRankSvd) {
    this.#model = model;
    this.#decompose = decompose;
  }

  /**
   * Reads the adapters of a request. Frees those that neither this request nor the applied one names.
   * @throws AdapterError, SafetensorsError, OtherFileError: each names the adapter and its file, and the tensor where one is at fault
   * @throws the signal's reason when it is aborted
   */
  async read({ adapters, strengths, truncateTo }: SetAdaptersRequest, signal: AbortSignal): Promise<ReadAdapters> {
    if (strengths.length !== adapters.length || strengths.some((strength) => !Number.isFinite(strength)))
      throw new RangeError(`${adapters.length} adapters with strengths ${JSON.stringify(strengths)}`);
    checkNames(adapters);
    this.#keep([...this.#applied, ...adapters.map(({ id }) => id)]);
    const read: ReadAdapters = { adapters: [], infos: [] };
    for (const [index, files] of adapters.entries()) {
      const { adapter, svds, info } = this.#cached.get(files.id) ?? (await this.#add(files.id, files, signal));
      const rank = truncateTo[index];
      read.adapters.push(rank === undefined ? adapter : truncateAdapter(adapter, rank, svds));
      read.infos.push({ ...info, name: files.name });
    }
    return read;
  }

  /** Records that the request was applied, and frees the adapters that it does not name. */
  applied({ adapters }: SetAdaptersRequest): void {
    this.#applied = adapters.map(({ id }) => id);
    this.#keep(this.#applied);
  }

  #keep(ids: readonly string[]): void {
    for (const id of this.#cached.keys()) if (!ids.includes(id)) this.#cached.delete(id);
  }

  async #add(id: string, files: AdapterFiles, signal: AbortSignal): Promise<CachedAdapter> {
    const adapter = await readFiles(files, this.#model);
    const svds = await this.#svdsOf(adapter.modules, signal);
    const modules = adapter.modules.flatMap((module, at) => {
      const svd = svds[at];
      return svd ? [describeModule(module, svd)] : [];
    });
    const cached = { adapter, svds, info: describeAdapter(files.name, adapter, modules) };
    this.#cached.set(id, cached);
    return cached;
  }

  /** Takes seconds for a large rank. */
  async #svdsOf(modules: readonly LoraModule[], signal: AbortSignal): Promise<LowRankSvd[]> {
    const svds: LowRankSvd[] = [];
    let last = performance.now();
    for (const module of modules) {
      svds.push(this.#decompose(module));
      if (performance.now() - last < PAUSE_MS) continue;
      await new Promise((resolve) => setTimeout(resolve));
      signal.throwIfAborted();
      last = performance.now();
    }
    return svds;
  }
}

function checkNames(adapters: readonly AdapterFiles[]): void {
  const names = new Set<string>();
  for (const { name } of adapters) {
    if (names.size === MAX_ADAPTERS) throw new AdapterError(name, `no more than ${MAX_ADAPTERS} adapters run at once`);
    if (names.has(name)) throw new AdapterError(name, 'another adapter has the same name');
    names.add(name);
  }
}

async function readFiles({ name, config, weights }: AdapterFiles, model: Gemma3Config): Promise<Adapter> {
  const configPath = `${name}/adapter_config.json`;
  if (config.size > MAX_ADAPTER_CONFIG_BYTES)
    throw new AdapterError(configPath, `has ${config.size} bytes; no more than ${MAX_ADAPTER_CONFIG_BYTES} are read`);
  const configBytes = await bytesOf(config, configPath);
  let parsed: ReturnType<typeof parseAdapterConfig>;
  try {
    parsed = parseAdapterConfig(
      parseJsonOr(configBytes, { file: configPath, broken: () => new AdapterError(configPath, 'not JSON') }),
    );
  } catch (cause) {
    throw cause instanceof AdapterError ? new AdapterError(configPath, cause.reason) : cause;
  }
  const weightsPath = `${name}/adapter_model.safetensors`;
  const source =
    weights instanceof Blob && weights.size > MAX_WHOLE_BYTES
      ? blobSource(weightsPath, weights)
      : new MemorySource(weightsPath, await bytesOf(weights, weightsPath));
  const adapter = await readAdapter(parsed, source, model);
  requireLive(adapter, weightsPath);
  return adapter;
}

async function bytesOf(file: BlobLike, path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await (file instanceof Blob ? readWithRetry(file) : file.arrayBuffer()));
  } catch (cause) {
    // A file that was moved or deleted after it was picked.
    throw new AdapterError(path, cause instanceof Error ? cause.message : String(cause));
  }
}
