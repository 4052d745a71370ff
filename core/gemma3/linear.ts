/** Converts parameters to initializers and matrix products in the requested precision. */
import { bytesOf, type ElementType, type GraphBuilder, type Value } from '../onnx/builder.ts';
import type { BlockBits } from '../quant/blocks.ts';
import { encodeHalf } from '../safetensors/dtype.ts';
import type { Precision } from './precision.ts';
import type { FloatType, RoundedBlocks, StoredBlocks, StoredWeight } from './stored.ts';
import { ropeFrequencies } from './rope-frequency.ts';

export interface Matrix {
  /** Canonical parameter name. */
  parameter: string;
  /** Rows and columns of M in y = x · Mᵀ, as in the checkpoint. */
  rows: number;
  columns: number;
  /** Size of M in the graph if it is zero-padded. */
  paddedRows?: number;
  paddedColumns?: number;
  /** True where the checkpoint holds Mᵀ, [columns, rows]. */
  storedTransposed?: boolean;
}

/** A block-quantized matrix: the inputs of MatMulNBits and GatherBlockQuantized. */
export interface BlockValues {
  packed: Value;
  scales: Value;
  /** '' if all blocks have the same zero point. */
  zeroPoints: Value;
  bits: BlockBits;
  blockSize: number;
}

export class Weights {
  readonly stored: StoredWeight[] = [];
  readonly unquantized: { parameter: string; reason: string }[] = [];
  readonly precision: Precision;
  /** Names of initializers. Both bodies of the decoder use the same parameters, and each is stored once. */
  readonly #floats = new Set<string>();
  readonly #blocks = new Map<string, StoredBlocks>();
  /** Stored values in another type than they are stored in: name of the initializer and type → cast value. */
  readonly #casts = new Map<string, Value>();

  constructor(precision: Precision) {
    this.precision = precision;
  }

  /** Type of matrix products and attention. Norms and the residual stream are always float32. */
  get compute(): FloatType {
    return this.precision.compute;
  }

  get computeElement(): ElementType {
    return onnxNames[this.compute];
  }

  /** A float32 initializer. */
  float32(parameter: string, shape: number[], transform: 'none' | 'plus-one' = 'none'): Value {
    return this.#float(parameter, shape, 'fp32', transform);
  }

  /** As `float32`, in the compute type. */
  inCompute(graph: GraphBuilder, parameter: string, shape: number[], transform: 'none' | 'plus-one'): Value {
    return this.#storedAs(graph, this.float32(parameter, shape, transform), 'fp32', this.compute);
  }

  /** A float32 initializer [paddedSize]: the parameter [size], then zeros. */
  float32Padded(parameter: string, size: number, paddedSize: number): Value {
    return this.#float(parameter, [paddedSize], 'fp32', 'none', { parameterShape: [size] });
  }

  /** Rounds the size of this parameter up to whole blocks if it is stored in blocks. */
  wholeBlocks(size: number, parameter: string): number {
    const { blocks } = this.precision.formOf(parameter);
    return blocks ? Math.ceil(size / blocks.blockSize) * blocks.blockSize : size;
  }

  /** y = x · Mᵀ for x [..., columns], padded sizes if set. Input and output are float32; fp16 models multiply in float16. */
  linear(graph: GraphBuilder, x: Value, matrix: Matrix, name: string, bias?: Value): Value {
    const product = this.product(graph, this.cast(graph, x, name), matrix, name);
    const wide = this.uncast(graph, product, name);
    return bias === undefined ? wide : graph.node('Add', [wide, bias], { name: `${name}/Add` });
  }

  /** As `linear`, but input and output have the type `type`, by default the compute type. */
  product(graph: GraphBuilder, x: Value, matrix: Matrix, name: string, type: FloatType = this.compute): Value {
    const quantized = this.blocks(graph, matrix, 'product', type);
    if (quantized) return this.blockProduct(graph, x, matrix, quantized, name);
    const { rows, columns } = paddedSize(matrix);
    const transform = matrix.storedTransposed ? 'none' : 'transpose';
    const { floats } = this.precision;
    const weight = this.#float(matrix.parameter, [columns, rows], floats, transform, {
      parameterShape: [matrix.columns, matrix.rows],
      rounded: this.#rounded(matrix.parameter, matrix.storedTransposed ? 'rows' : 'columns'),
    });
    return graph.node('MatMul', [x, this.#storedAs(graph, weight, floats, type)], { name: `${name}/MatMul` });
  }

  /** y = x · Mᵀ with a block-quantized M. */
  blockProduct(
    graph: GraphBuilder,
    x: Value,
    matrix: Matrix,
    { packed, scales, zeroPoints, bits, blockSize }: BlockValues,
    name: string,
    outputs?: string[],
  ): Value {
    const { rows, columns } = paddedSize(matrix);
    return graph.node('MatMulNBits', [x, packed, scales, ...(zeroPoints === '' ? [] : [zeroPoints])], {
      name: `${name}/MatMulNBits`,
      domain: 'com.microsoft',
      attributes: {
        K: { int: columns },
        N: { int: rows },
        bits: { int: bits },
        block_size: { int: blockSize },
        // Level 1 keeps activations in float32. The default on WebGPU, 4, rounds them to int8.
        accuracy_level: { int: 1 },
      },
      ...(outputs ? { outputs } : {}),
    });
  }

  /**
   * The matrix as quantized initializers; undefined if it is stored as floats. On WebGPU, GatherBlockQuantized accepts zero
   * points only if those of every row fill whole bytes, and their shape differs from that of MatMulNBits.
   * @param type of the scales, which is that of the result
   */
  blocks(
    graph: GraphBuilder,
    matrix: Matrix,
    use: 'product' | 'gather',
    type: FloatType = this.compute,
  ): BlockValues | undefined {
    const { parameter } = matrix;
    const { blocks, rounded } = this.precision.formOf(parameter);
    if (!blocks) return undefined;
    const { bits, blockSize, symmetric, method } = blocks;
    if (use === 'gather' && !symmetric) return undefined;
    const { rows, columns } = paddedSize(matrix);
    if (columns % blockSize !== 0) {
      if (!rounded) this.#keep(parameter, `inner size ${columns} is not a multiple of the block size ${blockSize}`);
      return undefined;
    }
    const packed = `${parameter}.q${bits}`;
    const scales = `${parameter}.scales`;
    let stored = this.#blocks.get(packed);
    if (!stored) {
      stored = {
        store: 'blocks',
        ...{ parameter, packed, scales, bits, blockSize, method, rows, columns },
        parameterShape: [matrix.rows, matrix.columns],
        scaleType: this.precision.scales,
        transform: matrix.storedTransposed ? 'transpose' : 'none',
        ...(symmetric ? {} : { zeroPoints: `${parameter}.zero_points` }),
      };
      this.#blocks.set(packed, stored);
      this.stored.push(stored);
    }
    const typed = this.#storedAs(graph, scales, stored.scaleType, type);
    return { packed, scales: typed, zeroPoints: stored.zeroPoints ?? '', bits, blockSize };
  }

  /** The matrix [rows, columns], oriented as in the checkpoint, in its stored type (`precision.floats`). */
  table(parameter: string, rows: number, columns: number): Value {
    return this.#float(parameter, [rows, columns], this.precision.floats, 'none', {
      rounded: this.#rounded(parameter, 'columns'),
    });
  }

  /** A constant of the graph, stored as float32 or in the compute type, in the compute type. */
  constant(graph: GraphBuilder, name: string, dims: number[], values: Float32Array<ArrayBuffer>): Value {
    const { floats } = this.precision;
    const half = new Uint16Array(floats === 'fp16' ? values.length : 0);
    if (floats === 'fp16') encodeHalf(values, half);
    const bytes = bytesOf(floats === 'fp16' ? half : values);
    return this.#storedAs(graph, graph.constant(name, onnxNames[floats], dims, bytes), floats, this.compute);
  }

  /**
   * An initializer in another type than its stored one. The Cast stands in the outermost graph, where ONNX Runtime computes it
   * once when it loads the model.
   */
  #storedAs(graph: GraphBuilder, stored: Value, from: FloatType, to: FloatType): Value {
    if (from === to) return stored;
    const name = `${stored}/${to === 'fp16' ? 'ToFloat16' : 'ToFloat32'}`;
    let value = this.#casts.get(name);
    if (value === undefined) {
      value = castTo(graph.outermost(), stored, onnxNames[to], name);
      this.#casts.set(name, value);
    }
    return value;
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

  #rounded(parameter: string, blocksAlong: RoundedBlocks['blocksAlong']): RoundedBlocks | undefined {
    const { rounded } = this.precision.formOf(parameter);
    return rounded && { settings: rounded, blocksAlong };
  }

  #float(
    parameter: string,
    shape: number[],
    type: FloatType,
    transform: 'none' | 'transpose' | 'plus-one',
    rest: { parameterShape?: number[]; rounded?: RoundedBlocks | undefined } = {},
  ): Value {
    const { parameterShape = shape, rounded } = rest;
    if (this.#floats.has(parameter)) return parameter;
    this.#floats.add(parameter);
    this.stored.push({
      store: 'float',
      ...{ parameter, initializer: parameter, type, transform, shape, parameterShape },
      ...(rounded ? { rounded } : {}),
    });
    return parameter;
  }
}

function paddedSize(matrix: Matrix): { rows: number; columns: number } {
  return { rows: matrix.paddedRows ?? matrix.rows, columns: matrix.paddedColumns ?? matrix.columns };
}

const onnxNames = { fp32: 'float32', fp16: 'float16' } as const;
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
  for (const [i, each] of ropeFrequencies(theta, half).entries()) {
    const frequency = each / factor;
    for (let position = 0; position < positions; position++) {
      cos[position * half + i] = Math.cos(position * frequency);
      sin[position * half + i] = Math.sin(position * frequency);
    }
  }
  return { cos, sin };
}
