/** Writes a Gemma 3 checkpoint with random weights, streamed, the same for the same seed. */
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseConfig } from '#core/gemma3/config.ts';
import { expectedParameters } from '#core/gemma3/parameters.ts';
import { encodeBfloat16, encodeHalf, type FloatDtype } from '#core/safetensors/dtype.ts';
import { encodeHeader, tensorBytes, type TensorPlan } from '#core/safetensors/write.ts';
import type { Json } from '#core/json.ts';
import { onFile } from '../shared/errors.ts';

/** The two ways Hugging Face names the same parameters. */
export type KeyStyle = 'language_model.model' | 'model.language_model';

export interface RandomCheckpoint {
  /** Content of config.json. */
  config: Json;
  /** Folder; made where it is missing. */
  out: string;
  seed: number;
  dtype: FloatDtype;
  keys: KeyStyle;
  /** A new shard begins before this many bytes are exceeded; one file where undefined. */
  shardBytes: number | undefined;
  signal?: AbortSignal;
  /** Called with the bytes of weights written since the last call. */
  onProgress?: (bytes: number) => void;
}

interface Parameter extends TensorPlan {
  dtype: FloatDtype;
  canonical: string;
}

type Layout = Pick<RandomCheckpoint, 'config' | 'dtype' | 'keys'>;

/** Bytes of the weights of a checkpoint. @throws ConfigError */
export function randomCheckpointBytes(layout: Layout): number {
  return totalBytes(parametersOf(layout));
}

/** Writes config.json and the weights. @throws ConfigError, the reason of `signal` */
export async function writeRandomCheckpoint(options: RandomCheckpoint): Promise<void> {
  const parameters = parametersOf(options);
  await mkdir(options.out, { recursive: true });
  await writeFile(join(options.out, 'config.json'), JSON.stringify(options.config, null, 2));
  const shards = split(parameters, options.shardBytes);
  const weightMap: Record<string, string> = {};
  for (const [index, shard] of shards.entries()) {
    const file = options.shardBytes === undefined ? 'model.safetensors' : shardName(index, shards.length);
    for (const { name } of shard) weightMap[name] = file;
    await writeShard(join(options.out, file), shard, options);
  }
  if (options.shardBytes !== undefined) {
    const index = { metadata: { total_size: totalBytes(parameters) }, weight_map: weightMap };
    await writeFile(join(options.out, 'model.safetensors.index.json'), JSON.stringify(index, null, 2));
  }
}

function parametersOf({ config: json, dtype, keys }: Layout): Parameter[] {
  const config = parseConfig(json);
  return [...expectedParameters(config)].map(([canonical, shape]) => ({
    canonical,
    name: config.vision ? keyOf(canonical, keys) : canonical,
    dtype,
    shape,
  }));
}

function totalBytes(parameters: readonly Parameter[]): number {
  return parameters.reduce((sum, parameter) => sum + tensorBytes(parameter), 0);
}

function keyOf(canonical: string, style: KeyStyle): string {
  if (style === 'language_model.model') {
    return canonical.replace(/^model\./, 'language_model.model.').replace(/^lm_head\./, 'language_model.lm_head.');
  }
  return canonical.replace(/^model\./, 'model.language_model.').replace(/^(vision_tower|multi_modal)/, 'model.$1');
}

function shardName(index: number, count: number): string {
  const digits = (value: number) => String(value).padStart(5, '0');
  return `model-${digits(index + 1)}-of-${digits(count)}.safetensors`;
}

function split(parameters: Parameter[], shardBytes: number | undefined): Parameter[][] {
  if (shardBytes === undefined) return [parameters];
  const shards: Parameter[][] = [];
  let bytes = Infinity;
  for (const parameter of parameters) {
    bytes += tensorBytes(parameter);
    if (bytes > shardBytes) {
      shards.push([]);
      bytes = tensorBytes(parameter);
    }
    shards.at(-1)?.push(parameter);
  }
  return shards;
}

async function writeShard(
  path: string,
  parameters: Parameter[],
  { seed, signal, onProgress }: Pick<RandomCheckpoint, 'seed' | 'signal' | 'onProgress'>,
): Promise<void> {
  const file = await open(path, 'w');
  try {
    await onFile(path, file.writeFile(encodeHeader(parameters, new Map([['format', 'pt']]))));
    for (const parameter of parameters) {
      for (const bytes of randomBytes(parameter, seed)) {
        signal?.throwIfAborted();
        await onFile(path, file.writeFile(bytes));
        onProgress?.(bytes.byteLength);
      }
    }
  } finally {
    await file.close();
  }
}

/** Number of weights written at a time; even, because a random number gives two. */
const WEIGHTS_PER_WRITE = 2 ** 21;

/** The bytes of a parameter. Values are looked up in a table of 65,536 quantiles of the distribution, which is fast. */
function* randomBytes(parameter: Parameter, seed: number): Generator<Uint8Array> {
  const table = valueTable(parameter);
  const random = xorshift32(seed, parameter.canonical);
  const count = parameter.shape.reduce((product, size) => product * size, 1);
  for (let start = 0; start < count; start += WEIGHTS_PER_WRITE) {
    const length = Math.min(WEIGHTS_PER_WRITE, count - start);
    const values = table instanceof Uint16Array ? new Uint16Array(length) : new Float32Array(length);
    for (let i = 0; i < length; i += 2) {
      const bits = random();
      values[i] = table[bits & 0xffff] ?? 0;
      if (i + 1 < length) values[i + 1] = table[bits >>> 16] ?? 0;
    }
    yield new Uint8Array(values.buffer);
  }
}

/** Encoded values by distribution and dtype: most parameters share a few. */
const valueTables = new Map<string, Uint16Array | Float32Array>();

function valueTable(parameter: Parameter): Uint16Array | Float32Array {
  const { mean, deviation } = distribution(parameter);
  const key = `${mean} ${deviation} ${parameter.dtype}`;
  let table = valueTables.get(key);
  if (!table) {
    const quantiles = normalQuantiles();
    const values = new Float32Array(quantiles.length);
    for (let i = 0; i < values.length; i++) values[i] = mean + deviation * (quantiles[i] ?? 0);
    table = encodeTable(values, parameter.dtype);
    valueTables.set(key, table);
  }
  return table;
}

function encodeTable(values: Float32Array<ArrayBuffer>, dtype: FloatDtype): Uint16Array | Float32Array {
  if (dtype === 'F32') return values;
  const bits = new Uint16Array(values.length);
  if (dtype === 'F16') encodeHalf(values, bits);
  else encodeBfloat16(values, bits);
  return bits;
}

/**
 * Keeps activations near unit variance (Glorot & Bengio 2010): matrices have deviation fan-in^-½, and so have
 * embeddings, which are scaled by hidden^½ at the input and give logits of deviation 1 at the head.
 */
function distribution({ canonical, shape }: Parameter): { mean: number; deviation: number } {
  const isVector = shape.length === 1;
  // Gemma's RMS norms multiply by 1 + w, the vision tower's layer norms by w.
  const isLayerNorm =
    /layer_norm[12]\.weight$|post_layernorm\.weight$/.test(canonical) && canonical.startsWith('vision');
  if (isVector) return { mean: isLayerNorm ? 1 : 0, deviation: 0.1 };
  if (canonical.endsWith('position_embedding.weight')) return { mean: 0, deviation: 0.1 };
  const [rows = 1, ...rest] = shape;
  // This one multiplies from the right, so its rows are the inputs.
  const fanIn = canonical.endsWith('projection_weight') ? rows : rest.reduce((product, size) => product * size, 1);
  return { mean: 0, deviation: fanIn ** -0.5 };
}

/** Marsaglia 2003; a stream for each parameter (FNV-1a of its name), so that shapes do not shift each other's values. */
function xorshift32(seed: number, name: string): () => number {
  let state = 0x811c9dc5 ^ seed;
  for (let i = 0; i < name.length; i++) state = Math.imul(state ^ name.charCodeAt(i), 0x01000193);
  if (state === 0) state = 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

let quantiles: Float64Array | undefined;

/** Standard normal quantiles at (i + ½) / 65536, by integrating dz/dp = 1 / density from the middle outwards. */
function normalQuantiles(): Float64Array {
  if (quantiles) return quantiles;
  const count = 65536;
  const table = new Float64Array(count);
  const slope = (z: number) => Math.sqrt(2 * Math.PI) * Math.exp((z * z) / 2);
  let z = 0;
  for (let i = count / 2; i < count; i++) {
    // Runge–Kutta of order 4; the first step is half a cell.
    const step = (i === count / 2 ? 0.5 : 1) / count;
    const a = slope(z);
    const b = slope(z + (a * step) / 2);
    const c = slope(z + (b * step) / 2);
    const d = slope(z + c * step);
    z += ((a + 2 * b + 2 * c + d) * step) / 6;
    table[i] = z;
    table[count - 1 - i] = -z;
  }
  quantiles = table;
  return table;
}
