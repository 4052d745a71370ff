/** Converts parameters of the checkpoint to the bytes of initializers. */
import type { ExternalTensor } from '../onnx/external.ts';
import { quantizeRows, type BlockFormat, type QuantizedRows, type QuantizeRows } from '../quant/blocks.ts';
import type { QuantMethod } from '../quant/settings.ts';
import { packZeroPoints } from '../quant/pack.ts';
import { encodeHalf } from '../safetensors/dtype.ts';
import { SafetensorsError } from '../safetensors/header.ts';
import type { CheckpointTensor } from './checkpoint.ts';
import { indexOf, matrixRows, matrixShape, notFinite, rowPieces, tensorShape, type RowBytes } from './matrix-rows.ts';
import { roundedRows } from './rounded-rows.ts';
import { NotFiniteError, widenRows, type StoredRows } from './stored-rows.ts';
import type { StoredBlocks, StoredFloat, StoredWeight } from './stored.ts';

/** Receives the bytes of initializers sequentially, in the order of `initializersOf`. */
export interface InitializerSink {
  append(initializer: string, bytes: Uint8Array): Promise<void>;
}

/** The initializers of a weight, in the order in which their bytes are written. */
export function initializersOf(weight: StoredWeight): ExternalTensor[] {
  if (weight.store === 'float') {
    const type = weight.type === 'fp16' ? 'float16' : 'float32';
    return [{ name: weight.initializer, type, dims: weight.shape }];
  }
  const { rows, columns, blockSize, bits, zeroPoints } = weight;
  const blocks = columns / blockSize;
  return [
    { name: weight.packed, type: 'uint8', dims: [rows, blocks, (blockSize * bits) / 8] },
    { name: weight.scales, type: weight.scaleType === 'fp16' ? 'float16' : 'float32', dims: [rows, blocks] },
    ...(zeroPoints === undefined
      ? []
      : [{ name: zeroPoints, type: 'uint8' as const, dims: [rows, Math.ceil((blocks * bits) / 8)] }]),
  ];
}

/** A weight or a scale is larger than the largest fp16 value. */
export class HalfOverflowError extends SafetensorsError {
  constructor({ source, key }: CheckpointTensor, what: string) {
    super(source.name, key, `${what} does not fit fp16`);
    this.name = 'HalfOverflowError';
  }
}

/** Who quantizes the rows of a matrix. */
export interface RowQuantizer {
  quantize: QuantizeRows;
  /** Decodes rows of the file too, which leaves this thread with reading and writing; `bytes` are given away. Rejects with NotFiniteError. */
  stored?: {
    quantize(rows: StoredRows, columns: number, format: BlockFormat, method: QuantMethod): Promise<QuantizedRows>;
    /** Bytes of the file at a time. */
    readBytes: number;
  };
  /** Pieces of rows that are in memory at a time, quantized or waiting; at least 1. */
  pieces: number;
}

/** Quantizes on the thread that stores. */
const SAME_THREAD: RowQuantizer = { quantize: quantizeRows, pieces: 1 };

/** @throws SafetensorsError that names file and tensor; HalfOverflowError for fp16 formats; what `quantizer` throws */
export async function storeWeight(
  weight: StoredWeight,
  tensor: CheckpointTensor,
  sink: InitializerSink,
  quantizer: RowQuantizer = SAME_THREAD,
): Promise<void> {
  checkShape(weight, tensor);
  if (weight.store === 'float') await storeFloat(weight, tensor, sink);
  else await storeBlocks(weight, tensor, sink, quantizer);
}

async function storeFloat(weight: StoredFloat, tensor: CheckpointTensor, sink: InitializerSink): Promise<void> {
  let done = 0;
  for await (const values of rowsOf(weight, tensor)) {
    await sink.append(
      weight.initializer,
      encode(values, weight.type, (index) => indexOf(done + index, weight.shape), tensor),
    );
    done += values.length;
  }
}

async function storeBlocks(
  weight: StoredBlocks,
  tensor: CheckpointTensor,
  sink: InitializerSink,
  quantizer: RowQuantizer,
): Promise<void> {
  const { rows, columns, bits, blockSize, scaleType } = weight;
  const hasZeroPoints = weight.zeroPoints !== undefined;
  const format = { bits, blockSize, scaleType, hasZeroPoints };
  // Scales follow the packed matrix in the file, so they are held in memory: one number per block.
  const scales = new Float32Array((rows * columns) / blockSize);
  const zeroPoints = new Uint8Array(hasZeroPoints ? scales.length : 0);
  let done = 0;
  const write = async (quantized: QuantizedRows) => {
    if (quantized.scaleOverflow >= 0) throw new HalfOverflowError(tensor, 'the scale of a block');
    scales.set(quantized.scales, done);
    if (quantized.zeroPoints) zeroPoints.set(quantized.zeroPoints, done);
    done += quantized.scales.length;
    await sink.append(weight.packed, quantized.packed);
  };
  const begun: Promise<QuantizedRows>[] = [];
  const method = weight.method ?? 'round';
  const own = matrixShape(weight.parameterShape).columns;
  const { stored } = quantizer;
  const quantize = async (piece: Float32Array | RowBytes): Promise<QuantizedRows> => {
    if (piece instanceof Float32Array) return quantizer.quantize(piece, columns, format, method);
    if (!stored) throw new TypeError('rows that nobody decodes');
    const { bytes, row } = piece;
    try {
      return await stored.quantize({ bytes, dtype: tensor.entry.dtype, columns: own }, columns, format, method);
    } catch (error) {
      throw error instanceof NotFiniteError ? notFinite(tensor, row * own + error.index, error.value) : error;
    }
  };
  for await (const piece of piecesOf(weight, tensor, stored)) {
    const quantized = quantize(piece);
    quantized.catch(() => undefined); // Reported when its turn comes; an earlier piece may fail before.
    begun.push(quantized);
    if (begun.length < quantizer.pieces) continue;
    const [first] = begun.splice(0, 1);
    if (first) await write(await first);
  }
  for (const quantized of begun) await write(await quantized);
  await sink.append(
    weight.scales,
    encode(scales, scaleType, () => [], tensor),
  );
  if (weight.zeroPoints !== undefined) await sink.append(weight.zeroPoints, packZeroPoints(zeroPoints, rows, bits));
}

/** Rows as the file has them where the quantizer decodes them and nothing else is done to them before. */
async function* piecesOf(
  weight: StoredBlocks,
  tensor: CheckpointTensor,
  stored: RowQuantizer['stored'],
): AsyncGenerator<Float32Array | RowBytes> {
  if (!stored || weight.transform !== 'none' || tensor.adapter) {
    yield* rowsOf(weight, tensor);
    return;
  }
  const own = matrixShape(weight.parameterShape);
  for await (const piece of rowPieces(tensor, stored.readBytes))
    yield piece instanceof Float32Array ? fitted(piece, own.columns, weight.columns) : piece;
  if (weight.rows > own.rows) yield new Float32Array((weight.rows - own.rows) * weight.columns);
}

function fitted(values: Float32Array, columns: number, wanted: number): Float32Array {
  return columns === wanted ? values : widenRows(values, columns, wanted);
}

/** The initializer's rows in order, several at a time: the transformed parameter and its zero padding. */
async function* rowsOf(weight: StoredWeight, tensor: CheckpointTensor): AsyncGenerator<Float32Array> {
  const own = matrixShape(weight.parameterShape);
  const whole = matrixShape(weight.store === 'float' ? weight.shape : [weight.rows, weight.columns]);
  const rounded = weight.store === 'float' ? weight.rounded : undefined;
  const rows = rounded
    ? roundedRows(tensor, rounded, weight.transform === 'transpose')
    : matrixRows(tensor, weight.transform === 'transpose');
  for await (const values of rows) {
    if (weight.transform === 'plus-one') for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? NaN) + 1;
    yield fitted(values, own.columns, whole.columns);
  }
  if (whole.rows > own.rows) yield new Float32Array((whole.rows - own.rows) * whole.columns);
}

function encode(
  values: Float32Array,
  type: 'fp32' | 'fp16',
  position: (index: number) => number[],
  tensor: CheckpointTensor,
): Uint8Array {
  if (type === 'fp32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const halves = new Uint16Array(values.length);
  const overflow = encodeHalf(values, halves);
  if (overflow >= 0) throw new HalfOverflowError(tensor, `${values[overflow]} at [${position(overflow).join(', ')}]`);
  return new Uint8Array(halves.buffer);
}

/** The shapes of graph and checkpoint must match; a difference is a bug in the exporter. */
function checkShape(weight: StoredWeight, tensor: CheckpointTensor): void {
  const wanted = weight.parameterShape;
  const shape = tensorShape(tensor);
  const found = weight.transform === 'transpose' ? shape.toReversed() : shape;
  if (wanted.join() !== found.join()) {
    throw new Error(`${tensor.key}: the graph stores [${wanted.join(', ')}], the checkpoint has [${found.join(', ')}]`);
  }
}
