/**
 * Declares float16 initializers that are only read through a Cast to float32 as float32 ones, without the Cast. ONNX Runtime would
 * compute the Cast on the CPU at load, where a model of 4 billion parameters takes 0.7 GB of WebAssembly memory for it. Who reads the
 * weights widens them as they are read (`widenedRange`).
 */
import { create } from '@bufbuild/protobuf';
import { consumers, externalLocation, mainGraph } from '../model.ts';
import { StringStringEntryProtoSchema, TensorProto_DataType, type ModelProto } from '../onnx_pb.ts';

/** The float16 bytes behind a location that `widenScales` wrote. */
export interface WidenedRange {
  file: string;
  offset: number;
  length: number;
}

const SUFFIX = /^(?<file>.+)\.(?<offset>\d+)-(?<length>\d+)\.widened$/u;

/** @returns number of initializers that are float32 now */
export function widenScales(model: ModelProto): number {
  const graph = mainGraph(model);
  const tensors = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const dead = new Set(
    graph.node.filter(({ opType, input: [name = ''], output: [wide = ''], attribute }) => {
      const tensor = tensors.get(name);
      const isWidening = opType === 'Cast' && attribute.some((each) => each.name === 'to' && each.i === FLOAT);
      if (!isWidening || tensor?.dataType !== TensorProto_DataType.FLOAT16) return false;
      const place = externalLocation(tensor);
      if (!place || [...consumers(graph, name)].length !== 1) return false;
      tensor.name = wide;
      tensor.dataType = TensorProto_DataType.FLOAT;
      const { location, offset, length } = place;
      const entries = { location: `${location}.${offset}-${length}.widened`, offset: '0', length: String(2 * length) };
      tensor.externalData = Object.entries(entries).map(([key, value]) =>
        create(StringStringEntryProtoSchema, { key, value }),
      );
      return true;
    }),
  );
  graph.node = graph.node.filter((node) => !dead.has(node));
  return dead.size;
}

const FLOAT = BigInt(TensorProto_DataType.FLOAT);

/** Undefined for the location of bytes as they are stored. */
export function widenedRange(location: string): WidenedRange | undefined {
  const { file, offset, length } = SUFFIX.exec(location)?.groups ?? {};
  return file === undefined ? undefined : { file, offset: Number(offset), length: Number(length) };
}
