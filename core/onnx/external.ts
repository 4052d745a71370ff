/**
 * Initializers with bytes in separate files (ONNX external data). All offsets are known before the first byte is written,
 * so the writer can stream.
 */
import { create } from '@bufbuild/protobuf';
import { dataTypes, type ElementType } from './builder.ts';
import {
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  TensorProtoSchema,
  type ModelProto,
  type StringStringEntryProto,
  type TensorProto,
} from './onnx_pb.ts';

export interface ExternalTensor {
  name: string;
  type: ElementType;
  dims: readonly number[];
}

/** Location for the bytes of an initializer. */
export interface ExternalPlace {
  name: string;
  offset: number;
  length: number;
  /** The bytes, if they come from the graph; undefined if they come from the checkpoint. */
  bytes: Uint8Array | undefined;
}

export interface ExternalFile {
  /** File name, in the folder of the model. */
  name: string;
  size: number;
  /** Sorted by offset; gaps are filled with zeros. */
  places: ExternalPlace[];
}

/** A tensor is larger than any runtime can load. */
export class TensorTooLargeError extends Error {
  constructor(
    readonly modelFile: string,
    readonly tensor: string,
    readonly bytes: number,
  ) {
    super(`"${tensor}" takes ${bytes} bytes; 32-bit runtimes load no more than ${MAX_TENSOR_BYTES - 1} of one file`);
    this.name = 'TensorTooLargeError';
  }
}

/** Some browsers cannot allocate an ArrayBuffer of 2 GiB or more, and files are loaded into one. */
const MAX_FILE_BYTES = 2 ** 31;
/** WebAssembly and ONNX Runtime Web use 32-bit file offsets. */
const MAX_TENSOR_BYTES = 2 ** 32;
/**
 * Tensors from this size on are page-aligned, so that native runtimes can map them; smaller ones are aligned to a cache
 * line.
 */
const LARGE_BYTES = 65536;
const LARGE_ALIGNMENT = 4096;
const SMALL_ALIGNMENT = 64;

const elementBytes: Record<ElementType, number> = {
  float32: 4,
  float16: 2,
  int64: 8,
  int32: 4,
  uint8: 1,
  uint4: 0.5,
  bool: 1,
};

export function externalTensorBytes(tensor: ExternalTensor): number {
  return Math.ceil(tensor.dims.reduce((product, size) => product * size, elementBytes[tensor.type]));
}

/**
 * Adds `tensors` to the model as external initializers, and moves inline constants of more than 64 KiB to external
 * data. The files are `<modelFile>_data`, `_data_1`, … as transformers.js loads them; each stays below 2 GiB
 * unless one tensor alone is larger.
 *
 * @param modelFile file name of the model, e.g. `decoder_model_merged_q4.onnx`
 * @param apart the first of these tensors begins a file of its own
 * @throws TensorTooLargeError for tensors of 4 GiB or more
 */
export function placeExternally(
  model: ModelProto,
  tensors: readonly ExternalTensor[],
  modelFile: string,
  { maxFileBytes = MAX_FILE_BYTES, apart = new Set() }: { maxFileBytes?: number; apart?: ReadonlySet<string> } = {},
): ExternalFile[] {
  const { graph } = model;
  if (!graph) throw new Error(`${modelFile}: the model has no graph`);
  const files: ExternalFile[] = [];
  const place = (tensor: TensorProto, length: number, bytes?: Uint8Array) => {
    if (length >= MAX_TENSOR_BYTES) throw new TensorTooLargeError(modelFile, tensor.name, length);
    const alignment = length > LARGE_BYTES ? LARGE_ALIGNMENT : SMALL_ALIGNMENT;
    let file = files.at(-1);
    let offset = file ? Math.ceil(file.size / alignment) * alignment : 0;
    const begins = apart.has(tensor.name) && file?.places.every(({ name }) => !apart.has(name));
    if (!file || begins || offset + length >= maxFileBytes) {
      file = { name: `${modelFile}_data${files.length === 0 ? '' : `_${files.length}`}`, size: 0, places: [] };
      files.push(file);
      offset = 0;
    }
    file.places.push({ name: tensor.name, offset, length, bytes });
    file.size = offset + length;
    tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
    tensor.externalData = [
      entry('location', file.name),
      entry('offset', String(offset)),
      entry('length', String(length)),
    ];
  };

  for (const constant of graph.initializer) {
    if (constant.rawData.byteLength <= LARGE_BYTES) continue;
    place(constant, constant.rawData.byteLength, constant.rawData);
    constant.rawData = new Uint8Array();
  }
  const names = new Set(graph.initializer.map(({ name }) => name));
  for (const tensor of tensors) {
    if (names.has(tensor.name)) throw new Error(`${modelFile}: initializer "${tensor.name}" twice`);
    names.add(tensor.name);
    const proto = create(TensorProtoSchema, {
      name: tensor.name,
      dataType: dataTypes[tensor.type],
      dims: tensor.dims.map(BigInt),
    });
    place(proto, externalTensorBytes(tensor));
    graph.initializer.push(proto);
  }
  return files;
}

function entry(key: string, value: string): StringStringEntryProto {
  return create(StringStringEntryProtoSchema, { key, value });
}
