/**
 * Replaces initializers by graph inputs, so that several sessions can share one device buffer: the tied embedding table and
 * output head.
 */
import { create } from '@bufbuild/protobuf';
import { consumers, externalLocation, mainGraph, OnnxError, type ExternalLocation } from '../model.ts';
import {
  TensorProto_DataLocation,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type ModelProto,
  type TensorProto,
} from '../onnx_pb.ts';

export interface SharedInput {
  /** Name of the new input. */
  input: string;
  /** Shape of the input in this graph. */
  dims: number[];
  /** ONNX TensorProto.DataType. */
  dataType: number;
  bytes: ExternalLocation;
}

/**
 * Replaces external initializers by inputs. If the only consumer is an Unsqueeze, which would copy the data in every run, the
 * input replaces the Unsqueeze and has its output shape.
 * @throws OnnxError if an external initializer does not exist
 */
export function shareInitializers(model: ModelProto, names: readonly string[]): SharedInput[] {
  const graph = mainGraph(model);
  // Finds all initializers before changing the model.
  const found = names.map((name) => {
    const tensor = graph.initializer.find((candidate) => candidate.name === name);
    const bytes = tensor && externalLocation(tensor);
    if (!tensor || !bytes) throw new OnnxError(`there is no external initializer "${name}"`);
    return { name, tensor, bytes };
  });
  return found.map(({ name, tensor, bytes }) => {
    graph.initializer.splice(graph.initializer.indexOf(tensor), 1);
    let input = name;
    let dims = tensor.dims.map(Number);
    const readers = [...consumers(graph, name)];
    const reader = readers[0];
    if (readers.length === 1 && reader?.graph === graph && reader.node.opType === 'Unsqueeze') {
      const axes = int64Constant(graph.initializer, reader.node.input[1]);
      if (axes) {
        input = reader.node.output[0] ?? name;
        dims = unsqueezed(dims, axes);
        graph.node.splice(graph.node.indexOf(reader.node), 1);
      }
    }
    const shape = create(TensorShapeProtoSchema, {
      dim: dims.map((size) =>
        create(TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value: BigInt(size) } }),
      ),
    });
    const type = create(TypeProto_TensorSchema, { elemType: tensor.dataType, shape });
    graph.input.push(
      create(ValueInfoProtoSchema, {
        name: input,
        type: create(TypeProtoSchema, { value: { case: 'tensorType', value: type } }),
      }),
    );
    return { input, dims, dataType: tensor.dataType, bytes };
  });
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
