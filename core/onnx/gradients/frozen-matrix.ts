/** Forms of a frozen matrix W [rows, columns] in a package, each with the two products that training needs. */
import { gatherBlockRows, type AddNode } from '../block-rows.ts';
import type { Value } from '../builder.ts';
import { backwardName, type Tape } from './tape.ts';

export interface FrozenMatrix {
  rows: number;
  columns: number;
  /** x · Wᵀ. @param x [tokens, columns] @returns [tokens, rows] */
  product(tape: Tape, x: Value, name: string): Value;
  /** gradient · W + sum. @param gradient [tokens, rows] @param sum [tokens, columns] @returns [tokens, columns] */
  transposedProduct(tape: Tape, gradient: Value, sum: Value | undefined, name: string): Value;
}

/** @param table float32 [rows, columns] */
export function tableMatrix(table: Value, rows: number, columns: number): FrozenMatrix {
  return { rows, columns, ...productsWith(table, false) };
}

/** @param transposed float32 [columns, rows], as MatMul reads it */
export function transposedMatrix(transposed: Value, rows: number, columns: number): FrozenMatrix {
  return { rows, columns, ...productsWith(transposed, true) };
}

function productsWith(stored: Value, isTransposed: boolean): Pick<FrozenMatrix, 'product' | 'transposedProduct'> {
  const gemm = (tape: Tape, inputs: Value[], transpose: boolean, name: string) =>
    tape.node('Gemm', inputs, name, { attributes: { transB: { int: transpose ? 1 : 0 } } });
  return {
    product: (tape, x, name) => gemm(tape, [x, stored], !isTransposed, `${name}/Gemm`),
    transposedProduct: (tape, gradient, sum, name) =>
      gemm(tape, [gradient, stored, ...(sum === undefined ? [] : [sum])], isTransposed, backwardName(name, 'Gemm')),
  };
}

/** Inputs of MatMulNBits as the exporter stores them (core/gemma3/stored.ts). */
export interface BlockMatrix {
  packed: Value;
  /** float32 [rows, columns / blockSize] */
  scales: Value;
  /** '' if every block has the zero point 2^(bits − 1). */
  zeroPoints: Value;
  bits: number;
  blockSize: number;
  rows: number;
  columns: number;
  /**
   * For DequantizeLinear: the codes as uint4 or uint8 [rows, columns], and zero points of that type [rows, columns / blockSize]. Undefined where
   * ONNX has no such type (2 bits), or another layout of zero points. Called where a backward product reads them: others need no second initializer.
   */
  linear: (() => { codes: Value; zeroPoints: Value }) | undefined;
}

/**
 * The forward product reads the blocks. The backward product needs W by its other axis, along which the scales change with every element,
 * so that no block format holds it: it reads W in float32, computed from the same blocks by `dequantized`.
 */
export function blockMatrix(matrix: BlockMatrix): FrozenMatrix {
  const { rows, columns } = matrix;
  return {
    rows,
    columns,
    product: (tape, x, name) => blockProduct(tape, x, matrix, `${name}/MatMulNBits`),
    transposedProduct: (tape, gradient, sum, name) => {
      const { value, isTransposed } = dequantized(tape, matrix);
      return tape.node('Gemm', [gradient, value, ...(sum === undefined ? [] : [sum])], backwardName(name, 'Gemm'), {
        attributes: { transB: { int: isTransposed ? 1 : 0 } },
      });
    },
  };
}

function blockProduct(tape: Tape, x: Value, matrix: BlockMatrix, name: string): Value {
  const { packed, scales, zeroPoints, bits, blockSize, rows, columns } = matrix;
  return tape.node('MatMulNBits', [x, packed, scales, ...(zeroPoints === '' ? [] : [zeroPoints])], name, {
    domain: 'com.microsoft',
    attributes: {
      K: { int: columns },
      N: { int: rows },
      bits: { int: bits },
      block_size: { int: blockSize },
      // Level 1 keeps activations in float32. The default on WebGPU, 4, rounds them to int8.
      accuracy_level: { int: 1 },
    },
  });
}

/**
 * W in float32, [rows, columns] or transposed. The runtime does not fold these nodes, and frees W when it was read; it computes some before they are
 * read, those of a layer together (tests/unit/budget/lora-step.test.ts).
 */
function dequantized(tape: Tape, matrix: BlockMatrix): { value: Value; isTransposed: boolean } {
  const { packed, scales, zeroPoints, bits, blockSize, rows, columns } = matrix;
  const name = `/dequantized/${packed}`;
  const { graph } = tape;
  if (matrix.linear) {
    const { codes, zeroPoints: zeros } = matrix.linear();
    const attributes = { axis: { int: 1 }, block_size: { int: blockSize } };
    const value = tape.node('DequantizeLinear', [codes, scales, zeros], `${name}/DequantizeLinear`, { attributes });
    return { value, isTransposed: false };
  }
  if (zeroPoints !== '') {
    // GatherBlockQuantized wants zero points in another layout. The product with the identity gives Wᵀ without a rounding.
    const identity = new Float32Array(columns * columns);
    for (let i = 0; i < columns; i++) identity[i * columns + i] = 1;
    const one = graph.constant(`const/identity/${columns}`, 'float32', [columns, columns], bytes(identity));
    return { value: blockProduct(tape, one, matrix, `${name}/MatMulNBits`), isTransposed: true };
  }
  const indices = new BigInt64Array(rows).map((_, row) => BigInt(row));
  const all = graph.constant(`const/rows/${rows}`, 'int64', [rows], new Uint8Array(indices.buffer));
  const node: AddNode = (opType, inputs, nodeName, options) => tape.node(opType, inputs, nodeName, options);
  const blocks = gatherBlockRows(node, { packed, scales, bits, blockSize }, all, graph.int64([2]), name);
  return {
    value: tape.node('Reshape', [blocks, graph.int64([rows, columns])], `${name}/JoinBlocks`),
    isTransposed: false,
  };
}

const bytes = (values: Float32Array<ArrayBuffer>) => new Uint8Array(values.buffer);
