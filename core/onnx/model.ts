/** Reads, writes and searches ONNX models. */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { isInnerPath } from '../inner-path.ts';
import {
  ModelProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from './onnx_pb.ts';

export class OnnxError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'OnnxError';
  }
}

/**
 * Keeps unknown fields, so that `writeModel` writes them back.
 * @throws OnnxError if the bytes are not an ONNX model
 */
export function readModel(bytes: Uint8Array): ModelProto {
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new OnnxError('not an ONNX file', { cause });
  }
  if (!model.graph) throw new OnnxError('the ONNX file has no graph');
  return model;
}

export function writeModel(model: ModelProto): Uint8Array<ArrayBuffer> {
  return toBinary(ModelProtoSchema, model);
}

export function mainGraph(model: ModelProto): GraphProto {
  if (!model.graph) throw new OnnxError('the ONNX file has no graph');
  return model.graph;
}

/** The graph and its nested subgraphs (bodies of If, Loop), outermost first. */
export function* allGraphs(graph: GraphProto): Generator<GraphProto> {
  yield graph;
  for (const node of graph.node)
    for (const attribute of node.attribute) {
      if (attribute.g) yield* allGraphs(attribute.g);
      for (const body of attribute.graphs) yield* allGraphs(body);
    }
}

/** Nodes of the graph and its subgraphs that read a value. */
export function* consumers(graph: GraphProto, value: string): Generator<{ graph: GraphProto; node: NodeProto }> {
  for (const part of allGraphs(graph))
    for (const node of part.node) if (node.input.includes(value)) yield { graph: part, node };
}

/** An initializer as nodes read it. */
export interface StoredValue {
  tensor: TensorProto;
  /** TensorProto.DataType that readers see: after the Cast, or of the tensor if no Cast reads it. */
  dataType: number;
}

/** Initializers, and outputs of Casts of them, which the runtime computes when it loads the model; by name of the value. */
export function storedValues(graph: GraphProto): Map<string, StoredValue> {
  const values = new Map<string, StoredValue>(
    graph.initializer.map((tensor) => [tensor.name, { tensor, dataType: tensor.dataType }]),
  );
  for (const { opType, input, output, attribute } of graph.node) {
    const source = opType === 'Cast' ? values.get(input[0] ?? '') : undefined;
    const to = attribute.find(({ name }) => name === 'to')?.i;
    if (source && to !== undefined) values.set(output[0] ?? '', { tensor: source.tensor, dataType: Number(to) });
  }
  return values;
}

/** Location of an initializer's external data. */
export interface ExternalLocation {
  /** Path inside the folder of the ONNX file, relative to it. */
  location: string;
  offset: number;
  length: number;
}

/** @throws OnnxError if the tensor is external and its location is missing or outside the folder */
export function externalLocation(tensor: TensorProto): ExternalLocation | undefined {
  if (tensor.dataLocation !== TensorProto_DataLocation.EXTERNAL) return undefined;
  const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  // Readers differ in which of two counts.
  if (entries.size !== tensor.externalData.length)
    throw new OnnxError(`tensor "${tensor.name}" says twice where its external data are`);
  const location = entries.get('location');
  if (location === undefined) throw new OnnxError(`tensor "${tensor.name}" is external and names no file`);
  // Checked here, before any caller builds a path or URL from it.
  if (!isInnerPath(location))
    throw new OnnxError(
      `tensor "${tensor.name}": external file ${JSON.stringify(location.slice(0, 200))} is not beside the ONNX file`,
    );
  const bytes = (key: string, absent: number) => {
    const value = Number(entries.get(key) ?? absent);
    if (!Number.isSafeInteger(value) || value < 0)
      throw new OnnxError(`tensor "${tensor.name}": external ${key} "${entries.get(key)}" is not a number of bytes`);
    return value;
  };
  // Offset and length are optional in the format.
  const needed = tensorBytes(tensor);
  const length = bytes('length', needed);
  if (!Number.isNaN(needed) && length !== needed)
    throw new OnnxError(`tensor "${tensor.name}": ${length} external bytes, its shape takes ${needed}`);
  return { location, offset: bytes('offset', 0), length };
}

const elementBytes = new Map<number, number>([
  [TensorProto_DataType.FLOAT, 4],
  [TensorProto_DataType.FLOAT16, 2],
  [TensorProto_DataType.BFLOAT16, 2],
  [TensorProto_DataType.DOUBLE, 8],
  [TensorProto_DataType.INT64, 8],
  [TensorProto_DataType.INT32, 4],
  [TensorProto_DataType.INT8, 1],
  [TensorProto_DataType.UINT8, 1],
  [TensorProto_DataType.BOOL, 1],
  [TensorProto_DataType.INT4, 0.5],
  [TensorProto_DataType.UINT4, 0.5],
]);

/** Size of the data by shape and type; NaN for unsupported types. */
export function tensorBytes(tensor: TensorProto): number {
  const each = elementBytes.get(tensor.dataType) ?? NaN;
  return Math.ceil(tensor.dims.reduce((product, size) => product * Number(size), each));
}

function attributeTensors(graph: GraphProto): TensorProto[] {
  const attributes = graph.node.flatMap(({ attribute }) => attribute);
  return attributes.flatMap(({ t, tensors }) => (t ? [t, ...tensors] : tensors));
}

/** External data files by name, sorted, and how many bytes of each are read. */
export function externalSizes(model: ModelProto): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const graph of allGraphs(mainGraph(model)))
    for (const tensor of [...graph.initializer, ...attributeTensors(graph)]) {
      const external = externalLocation(tensor);
      if (!external) continue;
      const { location, offset, length } = external;
      sizes.set(location, Math.max(sizes.get(location) ?? 0, offset + length));
    }
  return new Map([...sizes].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Names of the external data files. */
export function externalFiles(model: ModelProto): string[] {
  return [...externalSizes(model).keys()];
}
