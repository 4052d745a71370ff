/** Quantizes rows for the maker worker; its answers come in the order of the requests. */
import { quantizeRows, type BlockFormat, type QuantizedRows } from '#core/quant/blocks.ts';
import type { QuantMethod } from '#core/quant/settings.ts';

export interface ToQuantizer {
  values: Float32Array<ArrayBuffer>;
  columns: number;
  format: BlockFormat;
  method: QuantMethod;
}

export type FromQuantizer = { type: 'done'; quantized: QuantizedRows } | { type: 'failed'; reason: string };

self.addEventListener('message', ({ data }: MessageEvent<ToQuantizer>) => {
  try {
    const quantized = quantizeRows(data.values, data.columns, data.format, data.method);
    const given = [quantized.packed.buffer, quantized.scales.buffer];
    if (quantized.zeroPoints) given.push(quantized.zeroPoints.buffer);
    post({ type: 'done', quantized }, given);
  } catch (error) {
    post({ type: 'failed', reason: error instanceof Error ? error.message : String(error) }, []);
  }
});

function post(answer: FromQuantizer, given: ArrayBuffer[]): void {
  self.postMessage(answer, given);
}
