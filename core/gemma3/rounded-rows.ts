/** Quantizes and dequantizes matrices, giving float32 rows. */
import { dequantize, quantize } from '../quant/matrix.ts';
import { SafetensorsError } from '../safetensors/header.ts';
import type { CheckpointTensor } from './checkpoint.ts';
import { matrixRows, matrixShape, tensorShape, transpose } from './matrix-rows.ts';
import type { RoundedBlocks } from './stored.ts';

/**
 * As `matrixRows`, for the quantized tensor. If blocks run along the output rows, it processes several rows at a time;
 * otherwise the whole tensor at once, since each output row has a weight of every block in it.
 * @throws SafetensorsError that names file and tensor, also for a weight beyond the range of fp16
 */
export async function* roundedRows(
  tensor: CheckpointTensor,
  { settings, blocksAlong }: RoundedBlocks,
  transposed: boolean,
): AsyncGenerator<Float32Array> {
  // quantize expects the blocks along the rows of M.
  const isTransposed = blocksAlong === 'rows';
  const own = matrixShape(tensorShape(tensor));
  const columns = isTransposed ? own.rows : own.columns;
  const round = (values: Float32Array) => {
    try {
      return dequantize(quantize(values, columns, settings));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new SafetensorsError(tensor.source.name, tensor.key, error.message);
    }
  };
  if (isTransposed === transposed) {
    for await (const values of matrixRows(tensor, isTransposed)) yield round(values);
    return;
  }
  const whole = new Float32Array(own.rows * own.columns);
  let done = 0;
  for await (const values of matrixRows(tensor, isTransposed)) {
    whole.set(round(values), done);
    done += values.length;
  }
  yield transpose(whole, columns);
}
