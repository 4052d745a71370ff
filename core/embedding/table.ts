/** Finds the embedding table in a graph and its format: in our exports and others with the transformers.js layout. */
import { externalLocation, mainGraph, OnnxError, type ExternalLocation } from '../onnx/model.ts';
import { TensorProto_DataType, type ModelProto, type NodeProto, type TensorProto } from '../onnx/onnx_pb.ts';
import type { BlockBits } from '../quant/blocks.ts';
import type { FloatDtype } from '../safetensors/dtype.ts';

export interface EmbeddingTable {
  /** Tokens. */
  rows: number;
  /** Hidden size. */
  columns: number;
  format: RowFormat;
  /** Values, or their quantized codes. */
  codes: TablePart;
  /** Only for format `blocks`. */
  scales: TablePart | undefined;
  /** Only for format `blocks`, and only if the zero points differ. */
  zeroPoints: TablePart | undefined;
}

/** Row-major bytes with a fixed number of bytes per row. */
export interface TablePart {
  /** A location in an external data file, or bytes inside the graph. */
  place: ExternalLocation | Uint8Array;
  rowBytes: number;
}

export type RowFormat =
  | { type: 'floats'; dtype: FloatDtype }
  /** value = (code − zero point) · scale of the block; codes are packed into bytes from the lowest bits up. */
  | { type: 'blocks'; bits: BlockBits; signed: boolean; blockSize: number; scaleDtype: FloatDtype; zeroPoint: number }
  /** As `blocks`, with one scale for the whole table. */
  | { type: 'bytes'; signed: boolean; scale: number; zeroPoint: number };

const floatTypes: Readonly<Record<string, FloatDtype>> = { FLOAT: 'F32', FLOAT16: 'F16', BFLOAT16: 'BF16' };
const floatBytes: Record<FloatDtype, number> = { F32: 4, F16: 2, BF16: 2 };

/**
 * @param model embed_tokens.onnx, or a decoder that takes `input_ids`
 * @param weights graph to read initializers from, if it has them. If a package's two graphs share the table, pass the decoder,
 *   since the files of embed_tokens.onnx may not be downloaded.
 * @throws OnnxError that names the operator or tensor that cannot be read
 */
export function findEmbeddingTable(model: ModelProto, weights: ModelProto = model): EmbeddingTable {
  const graph = new TableGraph(model, weights);
  for (const node of mainGraph(model).node) {
    if (!graph.isTokenIds(node.input[1])) continue;
    if (node.opType === 'GatherBlockQuantized') return blockTable(graph, node);
    if (node.opType === 'Gather') return gatherTable(graph, node);
  }
  throw new OnnxError('no Gather and no GatherBlockQuantized reads "input_ids": the embedding table is not found');
}

/** Operators that do not change values. */
const reshaping = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Identity']);
/** Operators between stored scales and their reader; they are read in their stored type. */
const casting = new Set([...reshaping, 'Cast']);

class TableGraph {
  readonly #producers = new Map<string, NodeProto>();
  readonly #initializers = new Map<string, TensorProto>();
  readonly #nodes: readonly NodeProto[];

  constructor(model: ModelProto, weights: ModelProto) {
    const { node, initializer } = mainGraph(model);
    this.#nodes = node;
    for (const each of node) for (const name of each.output) this.#producers.set(name, each);
    for (const tensor of [...initializer, ...mainGraph(weights).initializer])
      this.#initializers.set(tensor.name, tensor);
  }

  isTokenIds(name: string | undefined): boolean {
    if (name === 'input_ids') return true;
    const producer = this.#producers.get(name ?? '');
    return (
      producer !== undefined &&
      (reshaping.has(producer.opType) || producer.opType === 'Cast') &&
      this.isTokenIds(producer.input[0])
    );
  }

  /** @throws OnnxError if the value is computed, not stored */
  stored(name: string, through: ReadonlySet<string> = reshaping): TensorProto {
    const tensor = this.#initializers.get(name);
    if (tensor) return tensor;
    const producer = this.#producers.get(name);
    const constant = producer?.opType === 'Constant' ? producer.attribute.find((each) => each.t)?.t : undefined;
    if (constant) return constant;
    if (producer && through.has(producer.opType)) return this.stored(producer.input[0] ?? '', through);
    throw new OnnxError(`"${name}" is computed by ${producer?.opType ?? 'nothing'}: such a table is not read`);
  }

  producer(name: string): NodeProto | undefined {
    return this.#producers.get(name);
  }

  reader(name: string, opType: string): NodeProto | undefined {
    return this.#nodes.find((node) => node.opType === opType && node.input[0] === name);
  }
}

/** com.microsoft.GatherBlockQuantized. */
function blockTable(graph: TableGraph, node: NodeProto): EmbeddingTable {
  const [data = '', , scalesName = '', zeroPointsName = ''] = node.input;
  const tensor = graph.stored(data);
  if (integer(node, 'gather_axis', 0) !== 0) throw unreadable(node, 'gather_axis is not 0');
  const bits = integer(node, 'bits', 4);
  const type = typeName(tensor);
  const isNibbles = type === 'INT4' || type === 'UINT4';
  if (type !== 'UINT8' && !isNibbles) throw unreadable(node, `"${tensor.name}" is ${type}`);
  if (bits !== 2 && bits !== 4 && bits !== 8) throw unreadable(node, `${bits} bits`);

  const rows = Number(tensor.dims[0]);
  const codes = part(tensor, rows);
  const columns = (codes.rowBytes * 8) / bits;
  const scalesTensor = graph.stored(scalesName, casting);
  const scales = part(scalesTensor, rows);
  const scaleDtype = floatDtype(scalesTensor);
  const blocks = scales.rowBytes / floatBytes[scaleDtype];
  const blockSize = columns / blocks;
  if (!Number.isInteger(blockSize) || blockSize > integer(node, 'block_size', 128))
    throw unreadable(node, `${blocks} scales for rows of ${columns}`);
  const zeroPoints = zeroPointsName === '' ? undefined : part(graph.stored(zeroPointsName), rows);
  if (zeroPoints && ![blocks, Math.ceil((blocks * bits) / 8)].includes(zeroPoints.rowBytes))
    throw unreadable(node, `${zeroPoints.rowBytes} bytes of zero points for ${blocks} blocks a row`);
  return {
    rows,
    columns,
    // The operator's default zero point is 2^(bits−1) for uint8, as in MatMulNBits, and 0 for 4-bit types.
    format: {
      type: 'blocks',
      bits,
      signed: type === 'INT4',
      blockSize,
      scaleDtype,
      zeroPoint: isNibbles ? 0 : 2 ** (bits - 1),
    },
    codes,
    scales,
    zeroPoints,
  };
}

const dequantizing = new Set([...reshaping, 'Cast', 'DequantizeLinear']);

/** ONNX Gather of float values, or of 8-bit codes with DequantizeLinear before or after it. */
function gatherTable(graph: TableGraph, node: NodeProto): EmbeddingTable {
  if (integer(node, 'axis', 0) !== 0) throw unreadable(node, 'axis is not 0');
  const data = node.input[0] ?? '';
  const tensor = graph.stored(data, dequantizing);
  const rows = Number(tensor.dims[0]);
  const codes = part(tensor, rows);
  const rest = { codes, scales: undefined, zeroPoints: undefined };
  const type = typeName(tensor);
  const dtype = floatTypes[type];
  if (dtype) return { rows, columns: codes.rowBytes / floatBytes[dtype], format: { type: 'floats', dtype }, ...rest };
  if (type !== 'UINT8' && type !== 'INT8') throw unreadable(node, `"${tensor.name}" is ${type}`);
  const before = graph.producer(data);
  const dequantize =
    before?.opType === 'DequantizeLinear' ? before : graph.reader(node.output[0] ?? '', 'DequantizeLinear');
  if (!dequantize) throw unreadable(node, `"${tensor.name}" is ${type} and has no scale`);
  const [, scale = '', zeroPoint = ''] = dequantize.input;
  return {
    rows,
    columns: codes.rowBytes,
    format: {
      type: 'bytes',
      signed: type === 'INT8',
      scale: scalar(dequantize, graph.stored(scale)),
      zeroPoint: zeroPoint === '' ? 0 : scalar(dequantize, graph.stored(zeroPoint)),
    },
    ...rest,
  };
}

/** @throws OnnxError unless the number of bytes is a multiple of the rows */
function part(tensor: TensorProto, rows: number): TablePart {
  const place = externalLocation(tensor) ?? tensor.rawData;
  const rowBytes = place.length / rows;
  if (!Number.isInteger(rowBytes) || rowBytes === 0)
    throw new OnnxError(`"${tensor.name}" has ${place.length} bytes, which is not ${rows} whole rows`);
  return { place, rowBytes };
}

function floatDtype(tensor: TensorProto): FloatDtype {
  const dtype = floatTypes[typeName(tensor)];
  if (!dtype) throw new OnnxError(`"${tensor.name}" is ${typeName(tensor)}, expected a floating-point type`);
  return dtype;
}

/** The value of a tensor with one element. */
function scalar(node: NodeProto, tensor: TensorProto): number {
  const count = tensor.dims.reduce((product, size) => product * Number(size), 1);
  const { rawData } = tensor;
  const type = typeName(tensor);
  if (count === 1 && rawData.length > 0) {
    const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
    if (type === 'FLOAT') return view.getFloat32(0, true);
    if (type === 'UINT8') return view.getUint8(0);
    if (type === 'INT8') return view.getInt8(0);
  }
  const [value] = type === 'FLOAT' ? tensor.floatData : tensor.int32Data;
  if (count !== 1 || value === undefined) throw unreadable(node, `"${tensor.name}" is not one number`);
  return value;
}

function integer(node: NodeProto, name: string, absent: number): number {
  return Number(node.attribute.find((attribute) => attribute.name === name)?.i ?? absent);
}

function unreadable(node: NodeProto, reason: string): OnnxError {
  return new OnnxError(`${node.opType} "${node.name}": ${reason}; such a table is not read`);
}

function typeName({ dataType }: TensorProto): string {
  return TensorProto_DataType[dataType] ?? `of type ${dataType}`;
}
