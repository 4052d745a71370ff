/** Quantizes rows for the maker worker; its answers come in the order of the requests. */
import { NotFiniteError, StoredRowQuantizer, type StoredRows } from '#core/gemma3/stored-rows.ts';
import { quantizeRows, type BlockFormat, type QuantizedRows } from '#core/quant/blocks.ts';
import type { QuantMethod } from '#core/quant/settings.ts';

export interface ToQuantizer {
  /** Decoded, or as the file has them. */
  rows: Float32Array<ArrayBuffer> | StoredRows;
  /** Of the quantized matrix. */
  columns: number;
  format: BlockFormat;
  method: QuantMethod;
}

export type FromQuantizer =
  /** `rows`: the buffer of stored rows, to be used again. */
  | { type: 'done'; quantized: QuantizedRows; rows: ArrayBuffer | undefined }
  | { type: 'not-finite'; index: number; value: number }
  | { type: 'failed'; reason: string };

const stored = new StoredRowQuantizer();

self.addEventListener('message', ({ data: { rows, columns, format, method } }: MessageEvent<ToQuantizer>) => {
  try {
    const quantized =
      rows instanceof Float32Array
        ? quantizeRows(rows, columns, format, method)
        : stored.quantize(rows, columns, format, method);
    const given = [quantized.packed.buffer, quantized.scales.buffer];
    const buffer = rows instanceof Float32Array ? undefined : rows.bytes.buffer;
    if (buffer) given.push(buffer);
    if (quantized.zeroPoints) given.push(quantized.zeroPoints.buffer);
    post({ type: 'done', quantized, rows: buffer }, given);
  } catch (error) {
    if (error instanceof NotFiniteError) post({ type: 'not-finite', index: error.index, value: error.value }, []);
    else post({ type: 'failed', reason: error instanceof Error ? error.message : String(error) }, []);
  }
});

function post(answer: FromQuantizer, given: ArrayBuffer[]): void {
  self.postMessage(answer, given);
}
