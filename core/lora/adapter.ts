/** A LoRA adapter (Hu et al. 2021, arXiv 2106.09685): adds a low-rank update s · B(Ax) to some projections y = Wx. */
import type { ByteSource } from '../bytes.ts';
import type { Gemma3Config } from '../gemma3/config.ts';
import { canonicalName, expectedParameters } from '../gemma3/parameters.ts';
import { PROJECTIONS, type Projection } from '../gemma3/projections.ts';
import { decodeFloats, isFloatDtype } from '../safetensors/dtype.ts';
import { readHeader, type TensorEntry } from '../safetensors/header.ts';
import { moduleSettings, type AdapterConfig } from './config.ts';
import { AdapterError } from './error.ts';

export interface LoraModule {
  /** Canonical name of the adapted weight: `model.layers.0.self_attn.q_proj.weight`. */
  parameter: string;
  layer: number;
  target: Projection;
  /** Columns and rows of W. */
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

export interface Adapter {
  config: AdapterConfig;
  /** Sorted by layer, then in the order of PROJECTIONS. */
  modules: readonly LoraModule[];
}

const TENSOR = /^(?:base_model\.model\.)?(.+)\.lora_(A|B)(?:\.default)?\.weight$/u;
const PARAMETER = /^model\.layers\.(\d+)\.(?:self_attn|mlp)\.(\w+)\.weight$/u;

interface Half {
  entry: TensorEntry;
  name: string;
  values: Float32Array;
}

/**
 * Reads an adapter and checks that it fits the model.
 * @param source `adapter_model.safetensors`
 * @throws AdapterError that names the tensor: it targets a module other than a decoder layer's projection, its shape does not fit
 *   the model, its other half is missing, or it has NaN or infinite values
 * @throws SafetensorsError for a broken or truncated file
 */
export async function readAdapter(config: AdapterConfig, source: ByteSource, model: Gemma3Config): Promise<Adapter> {
  const { tensors } = await readHeader(source);
  const fail = (reason: string) => new AdapterError(source.name, reason);
  const shapes = expectedParameters(model);
  const found = new Map<string, { module: string; A?: Half; B?: Half }>();
  for (const [name, entry] of tensors) {
    const [, module, part] = TENSOR.exec(name) ?? [];
    if (module === undefined || (part !== 'A' && part !== 'B')) {
      throw fail(`tensor "${name}" is not half of a LoRA pair (….lora_A.weight, ….lora_B.weight)`);
    }
    const parameter = canonicalName(`${module}.weight`);
    if (!PARAMETER.test(parameter) || !isTarget(PARAMETER.exec(parameter)?.[2])) {
      throw fail(`tensor "${name}" is on ${module}; adapters run on ${PROJECTIONS.join(', ')} of decoder layers`);
    }
    if (!shapes.has(parameter))
      throw fail(`tensor "${name}": the model has no ${parameter}; it has ${model.text.layers} layers`);
    const pair = found.get(parameter) ?? { module };
    if (pair[part]) throw fail(`tensor "${name}" is there twice, the other as "${pair[part].name}"`);
    pair[part] = { entry, name, values: await read(source, entry, fail) };
    found.set(parameter, pair);
  }
  if (found.size === 0) throw fail('holds no LoRA tensor');

  const settingsOf = moduleSettings(config);
  const modules: LoraModule[] = [];
  for (const [parameter, { module, A, B }] of found) {
    const lone = A ?? B;
    if (!A || !B) throw fail(`tensor "${lone?.name}" has no lora_${A ? 'B' : 'A'} beside it`);
    const [, layer, target] = PARAMETER.exec(parameter) ?? [];
    const [outputs = 0, inputs = 0] = shapes.get(parameter) ?? [];
    const { rank, scale, isTarget: isNamed } = settingsOf(module);
    if (!isNamed) {
      throw fail(
        `tensor "${A.name}" is on ${module}, which target_modules and exclude_modules of adapter_config.json leave out; ` +
          'PEFT would not apply it',
      );
    }
    expectShape(A, [rank, inputs], fail);
    expectShape(B, [outputs, rank], fail);
    if (!isTarget(target)) throw fail(`${parameter} is not a projection`);
    modules.push({ parameter, layer: Number(layer), target, inputs, outputs, rank, scale, a: A.values, b: B.values });
  }
  modules.sort((x, y) => x.layer - y.layer || PROJECTIONS.indexOf(x.target) - PROJECTIONS.indexOf(y.target));
  return { config, modules };
}

function isTarget(name: string | undefined): name is Projection {
  return PROJECTIONS.some((target) => target === name);
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

function expectShape(
  { entry, name }: Half,
  [rows, columns]: readonly [number, number],
  fail: (reason: string) => AdapterError,
): void {
  const [r, c, ...more] = entry.shape;
  if (r === rows && c === columns && more.length === 0) return;
  throw fail(
    `tensor "${name}" has the shape [${entry.shape.join(', ')}], the model and adapter_config.json need [${rows}, ${columns}]; ` +
      'is it an adapter of this model?',
  );
}
