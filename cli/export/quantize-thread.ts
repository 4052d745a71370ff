/** A thread that quantizes rows for `quantize-pool.ts`. */
import { parentPort } from 'node:worker_threads';
import { quantizeRows, type BlockFormat, type QuantizedRows } from '#core/quant/blocks.ts';
import type { QuantMethod } from '#core/quant/settings.ts';

export interface ToThread {
  values: Float32Array;
  columns: number;
  format: BlockFormat;
  method: QuantMethod;
}

export type FromThread = { type: 'done'; quantized: QuantizedRows } | { type: 'failed'; error: unknown };

parentPort?.on('message', ({ values, columns, format, method }: ToThread) => {
  let answer: FromThread;
  const given: ArrayBuffer[] = [];
  try {
    const quantized = quantizeRows(values, columns, format, method);
    given.push(quantized.packed.buffer, quantized.scales.buffer);
    if (quantized.zeroPoints) given.push(quantized.zeroPoints.buffer);
    answer = { type: 'done', quantized };
  } catch (error) {
    answer = { type: 'failed', error };
  }
  parentPort?.postMessage(answer, given);
});
