/** Turns parameters into initializers and matrix products, in the precision that the export asks for. */
import type { Dtype } from '../protocol/manifest.ts';
import { type ElementType, type GraphBuilder, type Value } from '../onnx/builder.ts';
import type { BlockBits } from '../quant/blocks.ts';
import type { FloatType, StoredWeight } from './stored.ts';

export interface Precision {
  dtype: Dtype;
  /** Elements that share a scale, along the inner dimension. */
  blockSize: number;
}

export interface Matrix {
  /** Canonical parameter name. */
  parameter: string;
  /** Rows and columns of M in y = x · Mᵀ, as the checkpoint has it. */
  rows: number;
  columns: number;
  /** Where the graph multiplies by a larger M: its size; the rows and columns that are added are zeros. */
  paddedRows?: number;
  paddedColumns?: number;
  /** True where the checkpoint holds Mᵀ, [columns, rows]. */
  storedTransposed?: boolean;
}

/** Bits of a weight in the quantized dtypes. */
const BITS: Partial<Record<Dtype, BlockBits>> = { q8: 8, q4: 4, q2: 2 };

export class Weights {
  readonly stored: StoredWeight[] = [];
  readonly unquantized: { parameter: string; reason: string }[] = [];
  readonly precision: Precision;
  readonly #registered = new Set<string>();

  constructor(precision: Precision) {
    this.precision = precision;
  }

  /** What matrix products and attention compute in. Norms and the residual stream are float32 always. */
  get compute(): FloatType {
    return this.precision.dtype === 'fp16' ? 'fp16' : 'fp32';
  }

  get computeElement(): ElementType {
    return this.compute === 'fp16' ? 'float16' : 'float32';
  }

  /** A float32 initializer. */
  plain(parameter: string, shape: number[], transform: 'none' | 'plus-one' = 'none'): Value {
    return this.#float(parameter, shape, 'fp32', transform);
  }

  /** A float32 initializer [paddedSize]: the parameter [size], then zeros. */
  plainPadded(parameter: string, size: number, paddedSize: number): Value {
    return this.#float(parameter, [paddedSize], 'fp32', 'none', [size]);
  }

  /** The size, for a quantized dtype rounded up to whole blocks. */
  wholeBlocks(size: number): number {
    const { dtype, blockSize } = this.precision;
    return BITS[dtype] === undefined ? size : Math.ceil(size / blockSize) * blockSize;
  }

  /** y = x · Mᵀ for x [..., columns], as padded. Takes float32, gives float32 (fp16 models compute the product in float16). */
  linear(graph: GraphBuilder, x: Value, matrix: Matrix, name: string, bias?: Value): Value {
    const product = this.product(graph, this.cast(graph, x, name), matrix, name);
    const wide = this.uncast(graph, product, name);
    return bias === undefined ? wide : graph.node('Add', [wide, bias], { name: `${name}/Add` });
  }

  /** As `linear`, but takes and gives the compute type. */
  product(graph: GraphBuilder, x: Value, matrix: Matrix, name: string): Value {
    const quantized = this.blocks(matrix);
    const { rows, columns } = paddedSize(matrix);
    if (quantized) {
      return graph.node('MatMulNBits', [x, quantized.packed, quantized.scales], {
        name: `${name}/MatMulNBits`,
        domain: 'com.microsoft',
        attributes: {
          K: { int: columns },
          N: { int: rows },
          bits: { int: quantized.bits },
          block_size: { int: this.precision.blockSize },
          // Level 1: activations stay in float32. The default on WebGPU, 4, rounds them to int8.
          accuracy_level: { int: 1 },
        },
      });
    }
    const transform = matrix.storedTransposed ? 'none' : 'transpose';
    const weight = this.#float(matrix.parameter, [columns, rows], this.compute, transform, [
      matrix.columns,
      matrix.rows,
    ]);
    return graph.node('MatMul', [x, weight], { name: `${name}/MatMul` });
  }

  /** The matrix as quantized initializers; undefined where it keeps full precision. */
  blocks(matrix: Matrix): { packed: Value; scales: Value; bits: BlockBits; blockSize: number } | undefined {
    const { dtype, blockSize } = this.precision;
    const bits = BITS[dtype];
    if (bits === undefined) return undefined;
    const { rows, columns } = paddedSize(matrix);
    if (columns % blockSize !== 0) {
      this.#keep(matrix.parameter, `inner size ${columns} is not a multiple of the block size ${blockSize}`);
      return undefined;
    }
    const packed = `${matrix.parameter}.q${bits}`;
    const scales = `${matrix.parameter}.scales`;
    this.#register(packed, {
      store: 'blocks',
      parameter: matrix.parameter,
      packed,
      scales,
      bits,
      blockSize,
      rows,
      columns,
      parameterShape: [matrix.rows, matrix.columns],
      scaleType: 'fp32',
      transform: matrix.storedTransposed ? 'transpose' : 'none',
    });
    return { packed, scales, bits, blockSize };
  }

  /** The matrix [rows, columns] as it stands in the checkpoint, in the compute type. */
  table(parameter: string, rows: number, columns: number): Value {
    return this.#float(parameter, [rows, columns], this.compute, 'none');
  }

  cast(graph: GraphBuilder, x: Value, name: string): Value {
    return this.compute === 'fp32' ? x : castTo(graph, x, 'float16', `${name}/ToFloat16`);
  }

  uncast(graph: GraphBuilder, x: Value, name: string): Value {
    return this.compute === 'fp32' ? x : castTo(graph, x, 'float32', `${name}/ToFloat32`);
  }

  #keep(parameter: string, reason: string): void {
    if (!this.unquantized.some((kept) => kept.parameter === parameter)) this.unquantized.push({ parameter, reason });
  }

  #float(
    parameter: string,
    shape: number[],
    type: FloatType,
    transform: 'none' | 'transpose' | 'plus-one',
    parameterShape: number[] = shape,
  ): Value {
    const initializer = parameter;
    this.#register(initializer, { store: 'float', parameter, initializer, type, transform, shape, parameterShape });
    return parameter;
  }

  /** Both bodies of the decoder ask for the same parameters; each is stored once. */
  #register(initializer: string, weight: StoredWeight): void {
    if (this.#registered.has(initializer)) return;
    this.#registered.add(initializer);
    this.stored.push(weight);
  }
}

function paddedSize(matrix: Matrix): { rows: number; columns: number } {
  return { rows: matrix.paddedRows ?? matrix.rows, columns: matrix.paddedColumns ?? matrix.columns };
}

const onnxTypes = { float32: 1, float16: 10, int32: 6, int64: 7 } as const;

export function castTo(graph: GraphBuilder, x: Value, type: keyof typeof onnxTypes, name: string): Value {
  return graph.node('Cast', [x], { name, attributes: { to: { int: onnxTypes[type] } } });
}

/**
 * Tables cos and sin [positions, headDim / 2] of RoPE (Su et al. 2021), angle = position / factor · theta^(−2i / headDim);
 * `factor` is linear position scaling (Chen et al. 2023).
 */
export function ropeTables(
  positions: number,
  headDim: number,
  theta: number,
  factor: number,
): { cos: Float32Array<ArrayBuffer>; sin: Float32Array<ArrayBuffer> } {
  const half = headDim / 2;
  const cos = new Float32Array(positions * half);
  const sin = new Float32Array(positions * half);
  for (let i = 0; i < half; i++) {
    const frequency = Math.pow(theta, -i / half) / factor;
    for (let position = 0; position < positions; position++) {
      cos[position * half + i] = Math.cos(position * frequency);
      sin[position * half + i] = Math.sin(position * frequency);
    }
  }
  return { cos, sin };
}
