/** A LoRA adapter (Hu et al. 2021, arXiv 2106.09685): adds a low-rank update s · B(Ax) to some products y = Wx. */
import type { ByteSource } from '../bytes.ts';
import type { Gemma3Config } from '../gemma3/config.ts';
import { canonicalName, expectedParameters } from '../gemma3/parameters.ts';
import { PROJECTIONS, type Projection } from '../gemma3/projections.ts';
import { decodeFloats, isFloatDtype } from '../safetensors/dtype.ts';
import { readHeader, type TensorEntry } from '../safetensors/header.ts';
import { moduleRules, type AdapterConfig } from './config.ts';
import { AdapterError } from './error.ts';
import { missingModules } from './missing-modules.ts';
import { checkAllSaved, savedParameter, type SavedParameter } from './saved-parameters.ts';
import { adapterTensor, otherFormat } from './tensor-names.ts';

/** The update s · BA of one matrix W. */
export interface LoraUpdate {
  /** Canonical name of the adapted weight: `model.layers.0.self_attn.q_proj.weight`. */
  parameter: string;
  /** Columns and rows of W; of a convolution, of its kernels as rows. */
  inputs: number;
  outputs: number;
  rank: number;
  /** s: α/r, or α/√r for rank-stabilized LoRA. */
  scale: number;
  /** [rank, inputs], row-major. */
  a: Float32Array;
  /** [outputs, rank], row-major. */
  b: Float32Array;
}

/** The update of a projection of a decoder layer. */
export interface LoraModule extends LoraUpdate {
  layer: number;
  target: Projection;
}

export interface Adapter {
  config: AdapterConfig;
  /** Sorted by layer, then in the order of PROJECTIONS. */
  modules: readonly LoraModule[];
  /** Updates of all other matrices: those of the vision tower, the output head and the embedding. */
  others: readonly LoraUpdate[];
  saved: readonly SavedParameter[];
  /** Rows of embedding and output head: those of the file where it holds either. */
  vocabularySize: number;
  /** Modules that the configuration names, but the file has no pair for. PEFT leaves them as they are. */
  missing: readonly string[];
}

const PROJECTION = /^model\.layers\.(\d+)\.(?:self_attn|mlp)\.(\w+)\.weight$/u;
/** A bare parameter, which PEFT adapts with `target_parameters` only. */
const BARE = 'multi_modal_projector.mm_input_projection_weight';

interface Half {
  entry: TensorEntry;
  name: string;
  values: Float32Array;
}

interface Pair {
  module: string;
  isEmbedding: boolean;
  A?: Half;
  B?: Half;
}

/**
 * Reads an adapter and checks that it fits the model. Reads the values of the LoRA pairs, of saved parameters the header alone.
 * @param source `adapter_model.safetensors`
 * @throws AdapterError that names the tensor: it is on something that is no matrix of the model, its shape does not fit the model,
 *   its other half is missing, it has NaN or infinite values, or the file is of another format
 * @throws SafetensorsError for a broken or truncated file
 */
export async function readAdapter(config: AdapterConfig, source: ByteSource, model: Gemma3Config): Promise<Adapter> {
  const { tensors } = await readHeader(source);
  const fail = (reason: string) => new AdapterError(source.name, reason);
  const other = otherFormat(tensors.values());
  if (other !== undefined) throw fail(other);

  const saved: SavedParameter[] = [];
  for (const entry of tensors.values()) {
    const found = adapterTensor(entry.name);
    if (found?.kind === 'saved') saved.push(savedParameter(config, found.parameter, entry, source));
  }
  const vocabularySize = vocabularyOf(saved, model, fail);
  // The head has a shape also where it is tied: an adapter may hold one of its own.
  const shapes = expectedParameters({ ...model, text: { ...model.text, vocabularySize, tiedEmbedding: false } });
  checkSaved(saved, shapes, fail);
  checkAllSaved(config, saved, [...tensors.keys()], shapes, fail);

  const found = new Map<string, Pair>();
  for (const [name, entry] of tensors) {
    const half = adapterTensor(name);
    if (half?.kind === 'saved') continue;
    if (!half) throw fail(`tensor "${name}" is not half of a LoRA pair (….lora_A.weight, ….lora_B.weight)`);
    const parameter = canonicalName(`${half.module}.weight`);
    checkMatrix(name, half.module, parameter, shapes, model, fail);
    const pair = found.get(parameter) ?? { module: half.module, isEmbedding: half.isEmbedding };
    const twin = pair[half.part];
    if (twin) throw fail(`tensor "${name}" is there twice, the other as "${twin.name}"`);
    pair[half.part] = { entry, name, values: await read(source, entry, fail) };
    found.set(parameter, pair);
  }
  if (found.size === 0) throw fail('holds no LoRA tensor');

  const rules = moduleRules(config);
  const modules: LoraModule[] = [];
  const others: LoraUpdate[] = [];
  for (const [parameter, pair] of found) {
    const { module } = pair;
    if (!rules.isTarget(module)) {
      throw fail(
        `tensor "${(pair.A ?? pair.B)?.name}" is on ${module}, which target_modules and exclude_modules of adapter_config.json leave out; ` +
          'PEFT would not apply it',
      );
    }
    const update = updateOf(parameter, pair, shapes.get(parameter) ?? [], rules.settings(module), fail);
    const [, layer, target] = PROJECTION.exec(parameter) ?? [];
    if (isProjection(target)) modules.push({ ...update, layer: Number(layer), target });
    else others.push(update);
  }
  modules.sort((x, y) => x.layer - y.layer || PROJECTIONS.indexOf(x.target) - PROJECTIONS.indexOf(y.target));
  const names = new Map([...found].map(([parameter, { module }]) => [parameter, module]));
  return { config, modules, others, saved, vocabularySize, missing: missingModules(config, rules, names, shapes) };
}

function isProjection(name: string | undefined): name is Projection {
  return PROJECTIONS.some((target) => target === name);
}

/** Rows of embedding and head. A vocabulary that was resized for the training is stored in both. */
function vocabularyOf(
  saved: readonly SavedParameter[],
  { text }: Gemma3Config,
  fail: (reason: string) => AdapterError,
): number {
  const tables = saved.filter(({ parameter }) => /^(model\.embed_tokens|lm_head)\.weight$/u.test(parameter));
  const [first, second] = tables;
  const rows = first?.entry.shape[0] ?? text.vocabularySize;
  if (first === undefined || rows === text.vocabularySize) return text.vocabularySize;
  const has = `tensor "${first.entry.name}" has ${rows} rows, the model's vocabulary ${text.vocabularySize}`;
  const isWhole = second ? second.entry.shape[0] === rows : text.tiedEmbedding && !first.isCopy;
  if (isWhole) return rows;
  const rest = second
    ? `"${second.entry.name}" has ${second.entry.shape[0]}`
    : 'the file does not hold the other of embedding and output head';
  throw fail(
    `${has}, and ${rest}; train with modules_to_save=["embed_tokens", "lm_head"] after resizing the vocabulary`,
  );
}

function checkSaved(
  saved: readonly SavedParameter[],
  shapes: ReadonlyMap<string, readonly number[]>,
  fail: (reason: string) => AdapterError,
): void {
  const seen = new Map<string, string>();
  for (const { parameter, entry } of saved) {
    const shape = shapes.get(parameter);
    if (!shape) throw fail(`tensor "${entry.name}": the model has no ${parameter}`);
    const twin = seen.get(parameter);
    if (twin !== undefined) throw fail(`tensor "${entry.name}" is there twice, the other as "${twin}"`);
    seen.set(parameter, entry.name);
    if (entry.shape.join() !== shape.join()) throw wrongShape(entry, shape, fail);
  }
}

function checkMatrix(
  name: string,
  module: string,
  parameter: string,
  shapes: ReadonlyMap<string, readonly number[]>,
  model: Gemma3Config,
  fail: (reason: string) => AdapterError,
): void {
  const shape = shapes.get(parameter);
  const isLayer = PROJECTION.test(parameter) && isProjection(PROJECTION.exec(parameter)?.[2]);
  if (!shape && isLayer)
    throw fail(`tensor "${name}": the model has no ${parameter}; it has ${model.text.layers} layers`);
  if (!shape && parameter.startsWith('vision_tower.'))
    throw fail(
      `tensor "${name}" is on ${module}; the model has ${model.vision ? 'no such module in its vision tower' : 'no vision tower'}`,
    );
  if (!shape || shape.length < 2 || parameter === BARE) {
    throw fail(
      `tensor "${name}" is on ${module}; adapters run on ${PROJECTIONS.join(', ')} of decoder layers, and are added to the matrices of the vision tower, the embedding and the output head by npm run export`,
    );
  }
}

async function read(
  source: ByteSource,
  entry: TensorEntry,
  fail: (reason: string) => AdapterError,
): Promise<Float32Array> {
  const { name, dtype, begin, end } = entry;
  if (!isFloatDtype(dtype)) throw fail(`tensor "${name}" is ${dtype}; expected F32, F16 or BF16`);
  const values = decodeFloats(await source.read(begin, end - begin), dtype);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw fail(`tensor "${name}" holds ${values[bad]} at ${bad}; it was not trained well, or the file is broken`);
  return values;
}

/** Of float32. */
const LARGEST_FLOAT = 3.4e38;

function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** Checks the shapes of a pair. PEFT stores LoRA on an embedding as A [rank, rows of W] and B [columns of W, rank]. */
function updateOf(
  parameter: string,
  { A, B, isEmbedding }: Pair,
  [outputs = 0, ...rest]: readonly number[],
  { rank, scale }: { rank: number; scale: number },
  fail: (reason: string) => AdapterError,
): LoraUpdate {
  if (!A || !B) throw fail(`tensor "${(A ?? B)?.name}" has no lora_${A ? 'B' : 'A'} beside it`);
  const inputs = rest.reduce((product, size) => product * size, 1);
  const size = { parameter, inputs, outputs, rank, scale };
  // Beyond it the sum with the model is infinite, and every answer empty.
  if (!(rank * scale * largest(A.values) * largest(B.values) < LARGEST_FLOAT))
    throw fail(
      `tensor "${B.name}" times "${A.name}" with the scale ${scale} (lora_alpha, r) has no finite values in float32; correct lora_alpha, or train again with a smaller learning rate`,
    );
  if (isEmbedding) {
    expectShape(A, [rank, outputs], fail);
    expectShape(B, [inputs, rank], fail);
    return { ...size, a: transposed(B.values, rank), b: transposed(A.values, outputs) };
  }
  // The halves of a convolution have the axes of its kernel, B with the size 1.
  expectShape(A, [rank, ...rest], fail);
  expectShape(B, [outputs, rank, ...rest.slice(1).map(() => 1)], fail);
  return { ...size, a: A.values, b: B.values };
}

function transposed(values: Float32Array, columns: number): Float32Array {
  const rows = values.length / columns;
  const out = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) out[column * rows + row] = values[row * columns + column] ?? NaN;
  return out;
}

function expectShape({ entry }: Half, shape: readonly number[], fail: (reason: string) => AdapterError): void {
  if (entry.shape.join() !== shape.join()) throw wrongShape(entry, shape, fail);
}

function wrongShape(entry: TensorEntry, shape: readonly number[], fail: (reason: string) => AdapterError) {
  return fail(
    `tensor "${entry.name}" has the shape [${entry.shape.join(', ')}], the model and adapter_config.json need [${shape.join(', ')}]; ` +
      'is it an adapter of this model?',
  );
}
