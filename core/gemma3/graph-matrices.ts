/** Finds the weight matrices of a graph and their storage format: in our exports and others with the transformers.js layout. */
import type { EmbeddingTable, RowFormat, TablePart } from '../embedding/table.ts';
import { allGraphs, externalLocation, mainGraph, storedValues } from '../onnx/model.ts';
import { TensorProto_DataType, type ModelProto, type NodeProto, type TensorProto } from '../onnx/onnx_pb.ts';
import type { FloatDtype } from '../safetensors/dtype.ts';
import { canonicalName } from './parameters.ts';
import { PROJECTIONS } from './projections.ts';

/** A matrix M in y = x · Mᵀ, as a package or a checkpoint stores it. */
export interface MatrixTable {
  /** Canonical parameter name if it is one of Gemma 3's, otherwise the name in the file. */
  name: string;
  /** Holds the rows of M, or its columns if `transposed`. A row of blocks may be longer than the matrix is wide. */
  table: EmbeddingTable;
  transposed: boolean;
  /** Rows and columns of M. */
  rows: number;
  columns: number;
}

/**
 * Each matrix once, in the order of the nodes of all bodies. Skips products whose second factor is not a stored matrix of
 * floats or of MatMulNBits blocks.
 */
export function findMatrices(model: ModelProto): MatrixTable[] {
  const root = mainGraph(model);
  // As stored: the values of a Cast are those of its initializer.
  const initializers = new Map([...storedValues(root)].map(([name, { tensor }]) => [name, tensor]));
  const found = new Map<string, MatrixTable>();
  for (const graph of allGraphs(root))
    for (const node of graph.node) {
      const stored = initializers.get(node.input[1] ?? '');
      if (!stored) continue;
      const name = nameOf(node, stored);
      if (found.has(name)) continue;
      const matrix =
        node.opType === 'MatMulNBits' ? blockMatrix(node, stored, initializers) : floatMatrix(node, stored);
      if (matrix) found.set(name, { name, ...matrix });
    }
  return [...found.values()];
}

/** E.g. q4/32 or F32; with `zp` if each block has its own zero point. */
export function storedAs({ format, zeroPoints }: EmbeddingTable): string {
  if (format.type === 'floats') return format.dtype;
  if (format.type === 'bytes') return 'q8';
  return `q${format.bits}/${format.blockSize}${zeroPoints ? ' zp' : ''}`;
}

const FLOATS: Readonly<Record<number, FloatDtype>> = {
  [TensorProto_DataType.FLOAT]: 'F32',
  [TensorProto_DataType.FLOAT16]: 'F16',
  [TensorProto_DataType.BFLOAT16]: 'BF16',
};

const UINT8: number = TensorProto_DataType.UINT8;

type Numbers = Omit<MatrixTable, 'name'>;

function blockMatrix(
  node: NodeProto,
  packed: TensorProto,
  initializers: ReadonlyMap<string, TensorProto>,
): Numbers | undefined {
  const [, , scalesName = '', pointsName = '', order = ''] = node.input;
  const scales = initializers.get(scalesName);
  const points = initializers.get(pointsName);
  const scaleDtype = scales && FLOATS[scales.dataType];
  // Permuted columns and floating-point zero points are not supported; no known export uses them.
  if (order !== '' || !scales || !scaleDtype || packed.dataType !== UINT8) return undefined;
  if (pointsName !== '' && points?.dataType !== UINT8) return undefined;
  const [rows, columns, bits, blockSize] = [
    integer(node, 'N', 0),
    integer(node, 'K', 0),
    integer(node, 'bits', 4),
    integer(node, 'block_size', 0),
  ];
  if (rows < 1 || columns < 1 || blockSize < 1 || (bits !== 2 && bits !== 4 && bits !== 8)) return undefined;
  const format: RowFormat = { type: 'blocks', bits, signed: false, blockSize, scaleDtype, zeroPoint: 2 ** (bits - 1) };
  const wide = Math.ceil(columns / blockSize) * blockSize;
  const codes = partOf(packed, rows);
  if (codes?.rowBytes !== (wide * bits) / 8) return undefined;
  const table: EmbeddingTable = {
    ...{ rows, columns: wide, format, codes },
    scales: partOf(scales, rows),
    zeroPoints: points && partOf(points, rows),
  };
  return table.scales ? { table, transposed: false, rows, columns } : undefined;
}

/** The second factor of MatMul is Mᵀ; for Gemm its attribute transB decides. */
function floatMatrix(node: NodeProto, tensor: TensorProto): Numbers | undefined {
  if (node.opType !== 'MatMul' && node.opType !== 'Gemm') return undefined;
  const dtype = FLOATS[tensor.dataType];
  const [first = 0, second = 0, ...more] = tensor.dims.map(Number);
  const codes = partOf(tensor, first);
  if (!dtype || !codes || second === 0 || more.length > 0) return undefined;
  const transposed = node.opType === 'MatMul' || integer(node, 'transB', 0) === 0;
  const table = floatTable({ rows: first, columns: second, dtype, codes });
  return { table, transposed, rows: transposed ? second : first, columns: transposed ? first : second };
}

/** A table of unquantized values, row-major. */
export function floatTable(numbers: {
  rows: number;
  columns: number;
  dtype: FloatDtype;
  codes: TablePart;
}): EmbeddingTable {
  const { rows, columns, dtype, codes } = numbers;
  return { rows, columns, format: { type: 'floats', dtype }, codes, scales: undefined, zeroPoints: undefined };
}

/** Undefined if the bytes are not whole rows, or their location is not supported. */
function partOf(tensor: TensorProto, rows: number): TablePart | undefined {
  const place = externalLocation(tensor) ?? tensor.rawData;
  const rowBytes = place.length / rows;
  return Number.isInteger(rowBytes) && rowBytes > 0 ? { place, rowBytes } : undefined;
}

const LAYER = new RegExp(`layers\\.(\\d+)[./](self_attn|attn|mlp)[./](${PROJECTIONS.join('|')})[./]MatMul`, 'u');
const PARAMETER = /^(model|lm_head|language_model|vision_tower|multi_modal_projector)\..*weight$/u;

function nameOf(node: NodeProto, { name }: TensorProto): string {
  // Layers of the vision tower have the same names as those of the decoder.
  const [, layer, block, target] = node.name.includes('vision') ? [] : (LAYER.exec(node.name) ?? []);
  if (layer !== undefined) return `model.layers.${layer}.${block === 'mlp' ? 'mlp' : 'self_attn'}.${target}.weight`;
  const parameter = name.replace(/\.q[248]$/u, '');
  if (PARAMETER.test(parameter)) return canonicalName(parameter);
  return /(^|\/)lm_head\//u.test(node.name) ? 'lm_head.weight' : name;
}

function integer(node: NodeProto, name: string, absent: number): number {
  return Number(node.attribute.find((attribute) => attribute.name === name)?.i ?? absent);
}
