/** Matrices as the float32 numbers that quantization makes of them. */
import { dequantize, quantize } from '../quant/matrix.ts';
import { SafetensorsError } from '../safetensors/header.ts';
import type { CheckpointTensor } from './checkpoint.ts';
import { matrixRows, matrixShape, tensorShape, transpose } from './matrix-rows.ts';
import type { RoundedBlocks } from './stored.ts';

/**
 * As `matrixRows`, of the quantized tensor. Where blocks run along the rows that come out, some rows at a time, else the
 * whole tensor at once: a row that comes out has a weight of every block.
 * @throws SafetensorsError that names file and tensor, also of a weight that half precision cannot hold
 */
export async function* roundedRows(
  tensor: CheckpointTensor,
  { settings, blocksAlong }: RoundedBlocks,
  transposed: boolean,
): AsyncGenerator<Float32Array> {
  // M has the blocks along its rows.
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
