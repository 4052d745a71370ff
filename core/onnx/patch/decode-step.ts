/**
 * Makes a text decoder a single decode step that WebGPU's graph capture can record: every input and output is a GPU buffer, and
 * nothing is computed on the CPU from the shape of an input.
 */
import { bytesOf, makeTensor, valueInfo } from '../builder.ts';
import { consumers, mainGraph, OnnxError } from '../model.ts';
import type { GraphProto, ModelProto, NodeProto } from '../onnx_pb.ts';
import { nextToken } from './argmax-head.ts';
import { localInput } from './local-window.ts';
import { removeUnread } from './split-bodies.ts';

/** Inputs of GroupQueryAttention 5 and 6, as graph inputs. */
export const lengthInputs = {
  /** int32 [1]: positions in the cache after the step, minus 1. */
  seqlens: 'seqlens_k',
  /** int32 []: positions in the cache after the step. */
  total: 'total_sequence_length',
} as const;

const ids = 'input_ids';
const keep = 'num_logits_to_keep';
const replacedInputs = new Set([
  ...['attention_mask', 'position_ids', keep],
  ...[localInput.seqlensK, localInput.totalLength, localInput.start],
]);
const controlFlow = new Set(['If', 'Loop', 'Scan']);
/** The WebGPU provider runs them as copies of buffers, or not at all; a captured graph repeats dispatches only. */
const copies = new Set(['Identity', 'Reshape', 'Squeeze', 'Unsqueeze', 'Flatten']);

/**
 * Changes the decoder in place, to: input_ids int64 [1, 1], seqlens_k, total_sequence_length, past_key_values.* → next_token,
 * logits, present.*. The argmax head must be there. `logits` is no output where a copy would write it. Local layers with caches of
 * their own (local-window.ts) keep their RoPE tables as inputs and take the lengths of all layers: the step is right while row 0
 * of their caches is position 0.
 * @throws OnnxError that says why the decoder cannot be such a step
 */
export function toDecodeStep(model: ModelProto): void {
  const graph = mainGraph(model);
  const flow = graph.node.find(({ opType }) => controlFlow.has(opType));
  if (flow) throw new OnnxError(`the decoder has the control flow node ${flow.name} (${flow.opType})`);
  const tokens = graph.input.findIndex(({ name }) => name === ids);
  if (tokens < 0) throw new OnnxError(`the decoder has no input "${ids}"`);
  const attention = graph.node.filter(({ opType }) => opType === 'GroupQueryAttention');
  if (attention.length === 0) throw new OnnxError('the decoder has no GroupQueryAttention');
  const totals = new Set(attention.map(({ input }) => input[6]));
  totals.delete(localInput.totalLength);
  if (totals.size > 1) throw new OnnxError('its layers have caches of different lengths');
  for (const node of attention) {
    node.input[5] = lengthInputs.seqlens;
    node.input[6] = lengthInputs.total;
  }
  keepOneRow(graph);
  graph.output = graph.output.filter(
    ({ name }) => name !== 'logits' || !copies.has(producerOf(graph, name)?.opType ?? ''),
  );
  removeUnread(graph);
  graph.input[tokens] = valueInfo(ids, 'int64', [1, 1]);
  graph.input = graph.input.filter(({ name }) => !replacedInputs.has(name));
  graph.input.push(valueInfo(lengthInputs.seqlens, 'int32', [1]), valueInfo(lengthInputs.total, 'int32', []));
  for (const name of replacedInputs)
    for (const { node } of consumers(graph, name)) throw new OnnxError(`${node.name} reads "${name}"`);
  for (const { name } of graph.output) {
    const node = producerOf(graph, name);
    if (node && copies.has(node.opType)) throw new OnnxError(`the output "${name}" is a copy (${node.opType})`);
  }
  if (!graph.output.some(({ name }) => name === nextToken)) throw new OnnxError(`there is no output "${nextToken}"`);
}

/** With one token, what cuts the last rows out has nothing to cut. */
function keepOneRow(graph: GraphProto): void {
  const one = `${keep}/one`;
  const derived = new Set([keep]);
  const renamed = new Map<string, string>();
  graph.node = graph.node.filter((node) => {
    node.input = node.input.map((name) => renamed.get(name) ?? name);
    const [data = '', ...bounds] = node.input;
    const fromKeep = node.input.some((name) => derived.has(name));
    if (node.opType === 'Slice' && bounds.some((name) => derived.has(name)) && !derived.has(data)) {
      renamed.set(node.output[0] ?? '', data);
      return false;
    }
    if (fromKeep) for (const name of node.output) derived.add(name);
    node.input = node.input.map((name) => (name === keep ? one : name));
    return true;
  });
  for (const { name } of graph.output)
    if (renamed.has(name)) throw new OnnxError(`the output "${name}" is a slice of another value`);
  graph.initializer.push(makeTensor(one, 'int64', [], bytesOf(new BigInt64Array([1n]))));
}

function producerOf(graph: GraphProto, value: string): NodeProto | undefined {
  return graph.node.find(({ output }) => output.includes(value));
}
