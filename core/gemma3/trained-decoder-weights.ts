/** The weights of a package's decoder, as a graph for training reads them: the same initializers, over the same external data. */
import { create } from '@bufbuild/protobuf';
import {
  blockMatrix,
  tableMatrix,
  transposedMatrix,
  type BlockMatrix,
  type FrozenMatrix,
} from '../onnx/gradients/frozen-matrix.ts';
import { dataTypes, type GraphBuilder, type Value } from '../onnx/builder.ts';
import { mainGraph, OnnxError } from '../onnx/model.ts';
import {
  TensorProto_DataType,
  TensorProtoSchema,
  type GraphProto,
  type ModelProto,
  type TensorProto,
} from '../onnx/onnx_pb.ts';
import { castTo } from './linear.ts';
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
        linear: this.#linear(packed, zeroPoints, { bits, rows, columns, count }),
      };
    }
    return undefined;
  }

  /** The same bytes under other names: nibbles of MatMulNBits lie as those of uint4 do. */
  #linear(
    packed: TensorProto,
    zeroPoints: TensorProto | undefined,
    { bits, rows, columns, count }: { bits: number; rows: number; columns: number; count: number },
  ): BlockMatrix['linear'] {
    const type = bits === 4 ? 'uint4' : bits === 8 ? 'uint8' : undefined;
    // MatMulNBits has the zero points of a row in whole bytes, uint4 does not.
    if (!type || (zeroPoints && bits === 4 && count % 2 === 1)) return undefined;
    const as = (tensor: TensorProto, dims: number[]) => {
      const { name, rawData, dataLocation, externalData } = tensor;
      return this.#use(
        create(TensorProtoSchema, {
          ...{ name: `${name}/${type}`, dims: dims.map(BigInt), dataType: dataTypes[type] },
          ...{ rawData, dataLocation, externalData },
        }),
      );
    };
    const middle = () => {
      const bytes = new Uint8Array(Math.ceil((rows * count * bits) / 8)).fill(bits === 4 ? 0x88 : 0x80);
      return this.#graph.constant(`const/zero_points/${type}/${rows}x${count}`, type, [rows, count], bytes);
    };
    return () => ({
      codes: as(packed, [rows, columns]),
      zeroPoints: zeroPoints ? as(zeroPoints, [rows, count]) : middle(),
    });
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
