/** The weights of a package's decoder, as a graph for training reads them: the same initializers, over the same external data. */
import { castTo } from './linear.ts';
import {
  blockMatrix,
  tableMatrix,
  transposedMatrix,
  type BlockMatrix,
  type FrozenMatrix,
} from '../onnx/gradients/frozen-matrix.ts';
import type { GraphBuilder, Value } from '../onnx/builder.ts';
import { mainGraph, OnnxError } from '../onnx/model.ts';
import { TensorProto_DataType, type GraphProto, type ModelProto, type TensorProto } from '../onnx/onnx_pb.ts';
import { producer } from './stored.ts';

/** Bits of MatMulNBits that the exporter writes. */
const BITS = [4, 8, 2] as const;

const FLOAT: number = TensorProto_DataType.FLOAT;
const FLOAT16: number = TensorProto_DataType.FLOAT16;

export class DecoderWeights {
  readonly #graph: GraphBuilder;
  readonly #stored: ReadonlyMap<string, TensorProto>;
  readonly #used = new Map<string, TensorProto>();
  /** Values in float32 by the name of their float16 initializer. */
  readonly #casts = new Map<string, Value>();

  /**
   * @param decoder the package's graph, unchanged
   * @param graph the one that reads the weights
   * @throws OnnxError if the decoder is not of this exporter, whose names of weights are known
   */
  constructor(decoder: ModelProto, graph: GraphBuilder) {
    if (decoder.producerName !== producer)
      throw new OnnxError(
        `it was written by "${decoder.producerName}", and only decoders of "${producer}" can be trained; make the package with npm run export`,
      );
    this.#graph = graph;
    this.#stored = new Map(mainGraph(decoder).initializer.map((tensor) => [tensor.name, tensor]));
  }

  /** float32 [size] @throws OnnxError if the decoder lacks it */
  vector(parameter: string, size: number): Value {
    const tensor = this.#need(parameter);
    this.#expect(tensor, [size]);
    return this.#float32(tensor);
  }

  /**
   * A matrix of y = x · Wᵀ, in the form in which the package holds it.
   * @param isTable the package holds floats as [rows, columns], as of the output head, and not transposed
   * @throws OnnxError if the decoder lacks it or holds it in another shape
   */
  matrix(parameter: string, rows: number, columns: number, isTable = false): FrozenMatrix {
    const blocks = this.blocks(parameter, rows, columns);
    if (blocks) return blockMatrix(blocks);
    const tensor = this.#need(parameter);
    this.#expect(tensor, isTable ? [rows, columns] : [columns, rows]);
    return (isTable ? tableMatrix : transposedMatrix)(this.#float32(tensor), rows, columns);
  }

  /** Undefined if the package holds the matrix as floats. */
  blocks(parameter: string, rows: number, columns: number): BlockMatrix | undefined {
    for (const bits of BITS) {
      const packed = this.#stored.get(`${parameter}.q${bits}`);
      if (!packed) continue;
      const [, count = 0, bytes = 0] = packed.dims.map(Number);
      const blockSize = (bytes * 8) / bits;
      this.#expect(packed, [rows, columns / blockSize, bytes]);
      const scales = this.#need(`${parameter}.scales`);
      this.#expect(scales, [rows, count]);
      const zeroPoints = this.#stored.get(`${parameter}.zero_points`);
      return {
        ...{ bits, blockSize, rows, columns },
        packed: this.#use(packed),
        scales: this.#float32(scales),
        zeroPoints: zeroPoints ? this.#use(zeroPoints) : '',
      };
    }
    return undefined;
  }

  /** float32 [rows, columns]; undefined if the package holds blocks alone. */
  table(parameter: string, rows: number, columns: number): Value | undefined {
    const tensor = this.#stored.get(parameter);
    if (!tensor) return undefined;
    this.#expect(tensor, [rows, columns]);
    return this.#float32(tensor);
  }

  /** Adds the initializers that were asked for. */
  addTo(graph: GraphProto): void {
    graph.initializer.push(...this.#used.values());
  }

  #need(name: string): TensorProto {
    const tensor = this.#stored.get(name);
    if (!tensor) throw new OnnxError(`it has no initializer "${name}"; make the package anew with npm run export`);
    return tensor;
  }

  #expect({ name, dims }: TensorProto, shape: readonly number[]): void {
    if (dims.map(Number).join() === shape.join()) return;
    throw new OnnxError(
      `"${name}" has the shape [${dims.join(', ')}], and config.json asks for [${shape.join(', ')}]: they are not of one model`,
    );
  }

  #use(tensor: TensorProto): Value {
    this.#used.set(tensor.name, tensor);
    return tensor.name;
  }

  #float32(tensor: TensorProto): Value {
    const name = this.#use(tensor);
    if (tensor.dataType === FLOAT) return name;
    if (tensor.dataType !== FLOAT16)
      throw new OnnxError(`"${name}" is of the type ${tensor.dataType}; expected float32 or float16`);
    const cast = this.#casts.get(name) ?? castTo(this.#graph, name, 'float32', `${name}/ToFloat32`);
    this.#casts.set(name, cast);
    return cast;
  }
}
