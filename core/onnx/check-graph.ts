/**
 * Holds a package's graph to its part and to config.json, which decides what is allocated. The file is untrusted: on a GPU a tensor of
 * another shape, or fewer bytes than the shape takes, gives other numbers and no error.
 */
import type { Gemma3Config } from '../gemma3/config.ts';
import { allGraphs, mainGraph, OnnxError, tensorBytes } from './model.ts';
import { TensorProto_DataLocation, type GraphProto, type ModelProto, type ValueInfoProto } from './onnx_pb.ts';

/** Values that a graph has to have, by transformers.js's names. */
const PARTS = {
  decoder: { inputs: [], outputs: ['logits'] },
  embedding: { inputs: ['input_ids'], outputs: ['inputs_embeds'] },
  vision: { inputs: ['pixel_values'], outputs: ['image_features'] },
} as const;

export type GraphPart = keyof typeof PARTS;

/** Nothing ends a loop that a graph does not end, and Gemma 3 has none. */
const LOOPS: ReadonlySet<string> = new Set(['Loop', 'Scan']);

/**
 * Sizes that the graph leaves open are not compared, and values of other names are left alone.
 * @throws OnnxError that names the value
 */
export function checkGraph(model: ModelProto, part: GraphPart, config: Gemma3Config): void {
  const graph = mainGraph(model);
  const { inputs, outputs } = PARTS[part];
  const has = (values: readonly ValueInfoProto[], name: string) => values.some((value) => value.name === name);
  const missing = inputs.find((name) => !has(graph.input, name)) ?? outputs.find((name) => !has(graph.output, name));
  if (missing !== undefined) throw new OnnxError(`it has no "${missing}", as the graph of this name has to`);
  for (const each of allGraphs(graph)) checkNodesAndTensors(each);
  checkShapes(graph, config);
}

function checkNodesAndTensors({ node, initializer }: GraphProto): void {
  const names = new Set<string>();
  const loop = node.find(({ opType }) => LOOPS.has(opType));
  if (loop) throw new OnnxError(`the node "${loop.name}" is a ${loop.opType}, which may never end`);
  for (const tensor of initializer) {
    if (names.has(tensor.name)) throw new OnnxError(`it has tensor "${tensor.name}" twice`);
    names.add(tensor.name);
    if (tensor.dims.some((size) => size < 0n)) throw new OnnxError(`tensor "${tensor.name}" has a negative size`);
    const [found, needed] = [tensor.rawData.length, tensorBytes(tensor)];
    const isInline = tensor.dataLocation !== TensorProto_DataLocation.EXTERNAL && found > 0;
    if (isInline && !Number.isNaN(needed) && found !== needed)
      throw new OnnxError(`tensor "${tensor.name}" has ${found} bytes, its shape takes ${needed}`);
  }
}

function checkShapes({ input, output }: GraphProto, { text, vision }: Gemma3Config): void {
  const values = new Map([...input, ...output].map((value) => [value.name, shapeOf(value)]));
  const expect = (name: string, at: number, size: number | undefined, field: string) => {
    const found = values.get(name)?.at(at);
    if (found !== undefined && size !== undefined && found !== size)
      throw new OnnxError(
        `"${name}" has a size of ${found} where config.json says ${field} ${size}: they are not of one model`,
      );
  };
  expect('inputs_embeds', -1, text.hiddenSize, 'hidden_size');
  expect('logits', -1, text.vocabularySize, 'vocab_size');
  expect('image_features', 1, vision?.tokensPerImage, 'mm_tokens_per_image');
  expect('image_features', -1, text.hiddenSize, 'hidden_size');
  expect('pixel_values', 1, vision?.channels, 'num_channels');
  for (const at of [2, 3]) expect('pixel_values', at, vision?.imageSize, 'image_size');
  const caches = [...values.keys()].filter((name) => /^past_key_values\.\d+\.(?:key|value)$/u.test(name));
  if (caches.length > 0 && caches.length !== 2 * text.layers)
    throw new OnnxError(
      `it has ${caches.length} past_key_values, and config.json says num_hidden_layers ${text.layers}, two for each: they are not of one model`,
    );
  for (const name of caches) {
    if (values.get(name)?.[1] === undefined || values.get(name)?.[3] === undefined)
      throw new OnnxError(`"${name}" does not say its heads and their width, which decide what is allocated`);
    expect(name, 1, text.keyValueHeads, 'num_key_value_heads');
    expect(name, 3, text.headDim, 'head_dim');
    const present = name.replace('past_key_values.', 'present.');
    if (!output.some((value) => value.name === present)) throw new OnnxError(`it has "${name}" and no "${present}"`);
  }
}

/** Sizes that are numbers; undefined in place of a name. Empty for what is no tensor. */
function shapeOf({ type }: ValueInfoProto): (number | undefined)[] {
  if (type?.value.case !== 'tensorType') return [];
  return (type.value.value.shape?.dim ?? []).map(({ value }) =>
    value.case === 'dimValue' ? Number(value.value) : undefined,
  );
}
