/**
 * Replaces initializers by graph inputs, so that the weights are in device buffers of the engine: several sessions read one
 * buffer, a session can be replaced without reading weights again, and a buffer is freed when nobody needs it.
 */
import { valueInfoOf } from '../builder.ts';
import { allGraphs, consumers, externalLocation, mainGraph, OnnxError, type ExternalLocation } from '../model.ts';
import {
  TensorProto_DataLocation,
  TensorProto_DataType,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../onnx_pb.ts';

export interface SharedInput {
  /** Name of the new input. */
  input: string;
  /** Shape of the input in this graph. */
  dims: number[];
  /** ONNX TensorProto.DataType. */
  dataType: number;
  /** Where the data are: in a file beside the graph's, or in the graph. */
  bytes: ExternalLocation | Uint8Array<ArrayBuffer>;
}

/** Inputs that kernels read from a buffer like any other value; others may be required to be constants. By operator. */
const readAsBuffer: Readonly<Record<string, readonly number[]>> = {
  MatMulNBits: [1, 2, 3],
  MatMul: [1],
  Gemm: [1],
  Gather: [0],
  GatherBlockQuantized: [0, 2],
  SimplifiedLayerNormalization: [1],
  SkipSimplifiedLayerNormalization: [2],
  // RoPE tables, norms of queries and keys.
  GroupQueryAttention: [7, 8, 14, 15],
  RotaryEmbedding: [2, 3],
};

/** Types that a GPU tensor of ONNX Runtime can have and these operators take. */
const types: ReadonlySet<number> = new Set([
  TensorProto_DataType.FLOAT,
  TensorProto_DataType.FLOAT16,
  TensorProto_DataType.UINT8,
]);

/** Smaller ones are numbers that a graph computes with, not weights. */
const leastBytes = 64;

/** Initializers that can be inputs: every node that reads them takes them from a buffer. */
export function shareableInitializers(model: ModelProto): string[] {
  const graph = mainGraph(model);
  const readers = readersOf(graph);
  const outputs = new Set(graph.output.map(({ name }) => name));
  const canRead = ({ opType, input }: NodeProto, name: string) =>
    input.every((each, index) => each !== name || readAsBuffer[opType]?.includes(index) === true);
  return graph.initializer.flatMap((tensor) => {
    const { name } = tensor;
    const nodes = readers.get(name) ?? [];
    const isShareable =
      types.has(tensor.dataType) &&
      (externalLocation(tensor) ?? tensor.rawData).length >= leastBytes &&
      nodes.length > 0 &&
      !outputs.has(name) &&
      nodes.every((node) => {
        if (!constantUnsqueeze(graph, node)) return canRead(node, name);
        const output = node.output[0] ?? '';
        return (readers.get(output) ?? []).every((next) => canRead(next, output));
      });
    return isShareable ? [name] : [];
  });
}

/**
 * Replaces initializers by inputs. An Unsqueeze of one, which would copy the data in every run, goes too: an input with
 * its output's name and shape takes its place, over the same bytes.
 * @throws OnnxError if one does not exist, or has its data in a typed field
 */
export function shareInitializers(model: ModelProto, names: readonly string[]): SharedInput[] {
  const graph = mainGraph(model);
  // Finds all initializers before changing the model.
  const found = names.map((name) => {
    const tensor = graph.initializer.find((candidate) => candidate.name === name);
    const bytes = tensor && dataOf(tensor);
    if (!tensor || !bytes) throw new OnnxError(`there is no initializer "${name}" with raw or external data`);
    return { name, tensor, bytes };
  });
  const inputs = found.flatMap(({ name, tensor, bytes }) => {
    const dims = tensor.dims.map(Number);
    const shared: SharedInput[] = [];
    const add = (input: string, shape: number[]) =>
      shared.push({ input, dims: shape, dataType: tensor.dataType, bytes });
    let isRead = false;
    for (const { graph: part, node } of [...consumers(graph, name)]) {
      const axes = part === graph ? constantUnsqueeze(graph, node) : undefined;
      if (axes) {
        add(node.output[0] ?? '', unsqueezed(dims, axes));
        graph.node.splice(graph.node.indexOf(node), 1);
      } else isRead = true;
    }
    if (isRead || shared.length === 0) add(name, dims);
    return shared;
  });
  const gone = new Set(found.map(({ tensor }) => tensor));
  graph.initializer = graph.initializer.filter((tensor) => !gone.has(tensor));
  for (const { input, dims, dataType } of inputs) graph.input.push(valueInfoOf(input, dataType, dims));
  return inputs;
}

/** Undefined where the values are in a typed field. */
function dataOf(tensor: TensorProto): SharedInput['bytes'] | undefined {
  const external = externalLocation(tensor);
  if (external || tensor.rawData.length === 0) return external;
  return Uint8Array.from(tensor.rawData);
}

function readersOf(graph: GraphProto): Map<string, NodeProto[]> {
  const readers = new Map<string, NodeProto[]>();
  for (const part of allGraphs(graph))
    for (const node of part.node)
      for (const name of new Set(node.input)) {
        const known = readers.get(name);
        if (known) known.push(node);
        else readers.set(name, [node]);
      }
  return readers;
}

/** The axes of an Unsqueeze whose axes are a constant; undefined for other nodes. */
function constantUnsqueeze(graph: GraphProto, node: NodeProto): number[] | undefined {
  return node.opType === 'Unsqueeze' ? int64Constant(graph.initializer, node.input[1]) : undefined;
}

/** @param axes positions of the new dimensions in the result; negative ones count from the end */
function unsqueezed(dims: readonly number[], axes: readonly number[]): number[] {
  const rank = dims.length + axes.length;
  const result = [...dims];
  for (const axis of axes.map((each) => (each < 0 ? each + rank : each)).sort((a, b) => a - b))
    result.splice(axis, 0, 1);
  return result;
}

/** Undefined if the value is computed or external. */
function int64Constant(initializers: readonly TensorProto[], name: string | undefined): number[] | undefined {
  const tensor = initializers.find((candidate) => candidate.name === name);
  if (!tensor || tensor.dataLocation === TensorProto_DataLocation.EXTERNAL) return undefined;
  if (tensor.rawData.length === 0) return tensor.int64Data.map(Number);
  const view = new DataView(tensor.rawData.buffer, tensor.rawData.byteOffset, tensor.rawData.byteLength);
  return Array.from({ length: tensor.rawData.length / 8 }, (_, i) => Number(view.getBigInt64(i * 8, true)));
}
