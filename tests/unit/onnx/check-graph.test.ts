/** A graph that is not of its config.json, or not of its part, is refused by name before anything is allocated for it. */
import { readFileSync } from 'node:fs';
import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { checkGraph, type GraphPart } from '#core/onnx/check-graph.ts';
import { externalFiles, OnnxError, readModel } from '#core/onnx/model.ts';
import {
  GraphProtoSchema,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  type GraphProto,
  type TensorShapeProto_Dimension,
} from '#core/onnx/onnx_pb.ts';
import { parseConfig } from '#core/gemma3/config.ts';

const folder = 'public/models/teaching-ko-q4';
const json: unknown = JSON.parse(readFileSync(`${folder}/config.json`, 'utf8'));
const config = parseConfig(json);
const FILES: Record<GraphPart, string> = {
  decoder: 'decoder_model_merged_q4',
  embedding: 'embed_tokens_q4',
  vision: 'vision_encoder_quantized',
};
const modelOf = (part: GraphPart) => readModel(readFileSync(`${folder}/onnx/${FILES[part]}.onnx`));

function refusal(part: GraphPart, change: (graph: GraphProto) => void, of = config): string {
  const model = modelOf(part);
  if (model.graph) change(model.graph);
  try {
    checkGraph(model, part, of);
    externalFiles(model);
  } catch (error) {
    expect(error).toBeInstanceOf(OnnxError);
    return String(error);
  }
  return '';
}

test.each(['decoder', 'embedding', 'vision'] as const)('the shipped %s is taken', (part) => {
  expect(refusal(part, () => undefined)).toBe('');
});

const { text, vision } = config;
test.each([
  ['decoder', { text: { ...text, layers: 7 } }, 'num_hidden_layers 7'],
  ['decoder', { text: { ...text, vocabularySize: 4_000_000 } }, 'vocab_size 4000000'],
  ['decoder', { text: { ...text, headDim: 64 } }, 'head_dim 64'],
  ['decoder', { text: { ...text, keyValueHeads: 4 } }, 'num_key_value_heads 4'],
  ['embedding', { text: { ...text, hiddenSize: 96 } }, 'hidden_size 96'],
  ['vision', { vision: vision && { ...vision, tokensPerImage: 4 } }, 'mm_tokens_per_image 4'],
  ['vision', { vision: vision && { ...vision, imageSize: 896 } }, 'image_size 896'],
] as const)('the %s of another config.json: %s', (part, change, field) => {
  expect(refusal(part, () => undefined, { ...config, ...change })).toContain(`config.json says ${field}`);
});

/** Changes a dimension of the first cache. */
function setCache({ input }: GraphProto, at: number, value: TensorShapeProto_Dimension['value']): void {
  const type = input.find(({ name }) => name === 'past_key_values.0.key')?.type?.value;
  const dim = type?.case === 'tensorType' ? type.value.shape?.dim[at] : undefined;
  if (!dim) throw new TypeError('no cache');
  dim.value = value;
}

const [first] = modelOf('vision').graph?.initializer ?? [];
if (!first) throw new TypeError('no tensors');

test.each<[string, GraphPart, (graph: GraphProto) => void, string]>([
  ['no logits', 'decoder', (graph) => void (graph.output = []), 'it has no "logits"'],
  [
    'a cache that is not given back',
    'decoder',
    (graph) => void (graph.output = graph.output.filter(({ name }) => name !== 'present.0.key')),
    'no "present.0.key"',
  ],
  [
    'a cache of a billion heads',
    'decoder',
    (graph) => setCache(graph, 1, { case: 'dimValue', value: 1_000_000_000n }),
    'has a size of 1000000000',
  ],
  [
    'a cache of any width',
    'decoder',
    (graph) => setCache(graph, 3, { case: 'dimParam', value: 'any' }),
    'does not say its heads and their width',
  ],
  [
    'a loop in the body of an If',
    'decoder',
    (graph) => {
      const body = graph.node.find(({ opType }) => opType === 'If')?.attribute[0]?.g ?? create(GraphProtoSchema);
      body.node.push(create(NodeProtoSchema, { opType: 'Loop', name: 'forever' }));
    },
    'the node "forever" is a Loop',
  ],
  ['the graph of another part', 'embedding', (graph) => void (graph.input = []), 'it has no "input_ids"'],
  [
    'a tensor of fewer bytes than its shape takes',
    'vision',
    ({ initializer }) => {
      const tensor = { name: 'short', dims: [1_000_000_000_000n], dataType: TensorProto_DataType.FLOAT };
      initializer.push(create(TensorProtoSchema, { ...tensor, rawData: new Uint8Array(4) }));
    },
    'has 4 bytes, its shape takes 4000000000000',
  ],
  [
    'negative sizes whose product is right',
    'vision',
    ({ initializer }) => void initializer.push({ ...first, name: 'negative', dims: [-1n, -4n] }),
    'has a negative size',
  ],
  ['a tensor twice', 'vision', ({ initializer }) => void initializer.push(first), 'twice'],
  [
    'two places for one tensor',
    'decoder',
    ({ initializer }) => {
      const entry = create(StringStringEntryProtoSchema, { key: 'location', value: 'elsewhere' });
      initializer.find(({ externalData }) => externalData.length > 0)?.externalData.unshift(entry);
    },
    'says twice where its external data are',
  ],
])('%s', (_, part, change, message) => {
  expect(refusal(part, change)).toContain(message);
});
