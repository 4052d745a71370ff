/** Rows that a quantizer decodes: the bytes, and the errors, of rows that are decoded by the thread that reads. */
import { expect, test } from 'vitest';
import type { CheckpointTensor } from '#core/gemma3/checkpoint.ts';
import { pieceRanges } from '#core/gemma3/matrix-rows.ts';
import type { StoredBlocks } from '#core/gemma3/stored.ts';
import { StoredRowQuantizer } from '#core/gemma3/stored-rows.ts';
import { storeWeight, type RowQuantizer } from '#core/gemma3/store-weight.ts';
import { quantizeRows } from '#core/quant/blocks.ts';

const COLUMNS = 40;
const ROWS = 37;
/** Not a divisor of the rows. */
const READ_BYTES = COLUMNS * 2 * 5;

const weight: StoredBlocks = {
  ...{
    store: 'blocks',
    parameter: 'w',
    parameterShape: [ROWS + 6, COLUMNS],
    transform: 'none',
    packed: 'q',
    scales: 's',
  },
  // Columns are padded to whole blocks, and rows beyond the parameter's are zeros.
  ...{ rows: ROWS + 8, columns: 64, bits: 4, blockSize: 32, scaleType: 'fp16' },
};

/** bfloat16: the upper half of a float32. */
function tensor(change: (halves: Uint16Array) => void = () => undefined): CheckpointTensor {
  const floats = Float32Array.from({ length: ROWS * COLUMNS }, (_, at) => Math.sin(at * at));
  const halves = Uint16Array.from(new Uint32Array(floats.buffer), (bits) => bits >>> 16);
  change(halves);
  const bytes = new Uint8Array(halves.buffer);
  return {
    key: 'w',
    source: {
      name: 'model.safetensors',
      size: bytes.length,
      read: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length)),
    },
    entry: { name: 'w', dtype: 'BF16', shape: [ROWS, COLUMNS], begin: 0, end: bytes.length },
    // Six new rows, of which the first three take the place of the last ones.
    newRows: {
      first: ROWS - 3,
      init: 'mean',
      initializerRange: 0.02,
      subwords: [[1, 2], [3], [], [4, 5, 6], [7], [8], [9, 1], [2], [3]],
    },
  };
}

async function bytesOf(of: CheckpointTensor, quantizer?: RowQuantizer): Promise<number[]> {
  const written: number[] = [];
  const sink = { append: (_: string, bytes: Uint8Array) => Promise.resolve(void written.push(...bytes)) };
  await storeWeight(weight, of, sink, quantizer);
  return written;
}

function decoding(): { quantizer: RowQuantizer; pieces: number[] } {
  const rows = new StoredRowQuantizer();
  const pieces: number[] = [];
  return {
    pieces,
    quantizer: {
      pieces: 3,
      quantize: quantizeRows,
      stored: {
        readBytes: READ_BYTES,
        async quantize(stored, columns, format, method) {
          await Promise.resolve();
          pieces.push(stored.bytes.length);
          return rows.quantize(stored, columns, format, method);
        },
      },
    },
  };
}

test('gives the same bytes, padded, with new rows', async () => {
  const { quantizer, pieces } = decoding();
  expect(await bytesOf(tensor(), quantizer)).toEqual(await bytesOf(tensor()));
  const ranges = pieceRanges(tensor(), READ_BYTES);
  expect(pieces).toEqual(ranges.map(({ begin, end }) => end - begin));
  expect(pieces.length).toBeGreaterThan(5);
});

test('names the place of a weight that is not a number', async () => {
  const broken = tensor((halves) => (halves[11 * COLUMNS + 7] = 0x7fc0));
  const named = 'NaN at [11, 7]; the checkpoint is damaged';
  await expect(bytesOf(broken)).rejects.toThrow(named);
  await expect(bytesOf(broken, decoding().quantizer)).rejects.toThrow(named);
});
