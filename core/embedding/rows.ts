/** Reads rows of an embedding table as float32: some by id, or all of them block by block. */
import type { ByteSource } from '../bytes.ts';
import { decodeFloats } from '../safetensors/dtype.ts';
import type { EmbeddingTable, RowFormat, TablePart } from './table.ts';

/** Bytes of codes per read. */
const BLOCK_BYTES = 2 ** 21;

export interface RowBlock {
  /** Id of the first row. */
  first: number;
  /** [rows of the block, columns] flattened; valid until the next block is asked for. */
  values: Float32Array;
}

export class EmbeddingRows {
  readonly table: EmbeddingTable;
  readonly #sources: ReadonlyMap<string, ByteSource>;

  /** @param sources the files that `filesOf` names, under those names */
  constructor(table: EmbeddingTable, sources: ReadonlyMap<string, ByteSource>) {
    this.table = table;
    this.#sources = sources;
  }

  /** Rows by id, each [columns]. @throws RangeError for an id beyond the table */
  async rows(ids: readonly number[]): Promise<Float32Array[]> {
    const { rows, columns } = this.table;
    return Promise.all(
      ids.map(async (id) => {
        if (!Number.isInteger(id) || id < 0 || id >= rows)
          throw new RangeError(`row ${id} does not exist: the table has ${rows}`);
        const values = new Float32Array(columns);
        decodeRows(this.table, await this.#read(id, 1), values);
        return values;
      }),
    );
  }

  /** All rows in order. The next block is read while the caller processes this one. */
  async *blocks(): AsyncGenerator<RowBlock> {
    const { rows, columns, codes } = this.table;
    const step = Math.max(1, Math.floor(BLOCK_BYTES / codes.rowBytes));
    const count = (first: number) => Math.min(step, rows - first);
    const values = new Float32Array(Math.min(step, rows) * columns);
    let next = this.#read(0, count(0));
    for (let first = 0; first < rows; first += step) {
      const bytes = await next;
      if (first + step < rows) {
        next = this.#read(first + step, count(first + step));
        next.catch(() => undefined); // Reported when awaited; the caller may stop before that.
      }
      const block = values.subarray(0, count(first) * columns);
      decodeRows(this.table, bytes, block);
      yield { first, values: block };
    }
  }

  async #read(first: number, count: number): Promise<RowBytes> {
    const { codes, scales, zeroPoints } = this.table;
    const read = (from: TablePart) => this.#readPart(from, first, count);
    const [codeBytes, scaleBytes, zeroPointBytes] = await Promise.all([
      read(codes),
      scales ? read(scales) : none,
      zeroPoints ? read(zeroPoints) : none,
    ]);
    return { codes: codeBytes, scales: scaleBytes, zeroPoints: zeroPointBytes };
  }

  async #readPart({ place, rowBytes }: TablePart, first: number, count: number): Promise<Uint8Array> {
    const begin = first * rowBytes;
    if (place instanceof Uint8Array) return place.subarray(begin, begin + count * rowBytes);
    const source = this.#sources.get(place.location);
    if (!source) throw new Error(`no source for ${place.location}`);
    return source.read(place.offset + begin, count * rowBytes);
  }
}

/** Names of the external data files that hold the table. */
export function filesOf({ codes, scales, zeroPoints }: EmbeddingTable): string[] {
  const files = new Set<string>();
  for (const part of [codes, scales, zeroPoints])
    if (part && !(part.place instanceof Uint8Array)) files.add(part.place.location);
  return [...files];
}

type BlockFormat = Extract<RowFormat, { type: 'blocks' }>;

interface RowBytes {
  codes: Uint8Array;
  scales: Uint8Array;
  zeroPoints: Uint8Array;
}

const none = new Uint8Array();

/** Decodes whole rows into `out`, [rows, columns]. */
function decodeRows({ format, columns, zeroPoints }: EmbeddingTable, bytes: RowBytes, out: Float32Array): void {
  if (format.type === 'floats') decodeFloats(bytes.codes, format.dtype, out);
  else if (format.type === 'bytes') decodeBytes(bytes.codes, format, out);
  else {
    const own = zeroPoints && zeroPointsOf(bytes.zeroPoints, zeroPoints.rowBytes, columns / format.blockSize, format);
    decodeBlocks(bytes, format, own, out);
  }
}

function decodeBytes(codes: Uint8Array, format: Extract<RowFormat, { type: 'bytes' }>, out: Float32Array): void {
  const { scale, zeroPoint } = format;
  const values = format.signed ? new Int8Array(codes.buffer, codes.byteOffset, codes.byteLength) : codes;
  for (let i = 0; i < out.length; i++) out[i] = ((values[i] ?? NaN) - zeroPoint) * scale;
}

/** Zero point of each block. They are packed like the codes, or one per byte in tables whose blocks are an axis. */
function zeroPointsOf(bytes: Uint8Array, rowBytes: number, blocks: number, { bits, signed }: BlockFormat): Int16Array {
  const points = new Int16Array((bytes.length / rowBytes) * blocks);
  for (let i = 0; i < points.length; i++) {
    const row = bytes.subarray(Math.floor(i / blocks) * rowBytes);
    const block = i % blocks;
    if (bits === 8) points[i] = row[block]!;
    else points[i] = rowBytes < blocks ? codeAt(row, block, bits) : row[block]! & (2 ** bits - 1);
    if (signed) points[i] = (points[i]! << 28) >> 28;
  }
  return points;
}

function decodeBlocks(
  { codes, scales: scaleBytes }: RowBytes,
  format: BlockFormat,
  zeroPoints: Int16Array | undefined,
  out: Float32Array,
): void {
  const { bits, blockSize, signed } = format;
  const scales = decodeFloats(scaleBytes, format.scaleDtype);
  for (let block = 0; block < scales.length; block++) {
    const scale = scales[block]!;
    const zeroPoint = zeroPoints ? zeroPoints[block]! : format.zeroPoint;
    const start = block * blockSize;
    const end = start + blockSize;
    if (bits === 8) {
      for (let i = start; i < end; i++) out[i] = (codes[i]! - zeroPoint) * scale;
    } else if (signed) {
      for (let i = start; i < end; i++) out[i] = (((codeAt(codes, i, 4) << 28) >> 28) - zeroPoint) * scale;
    } else if (bits === 2) {
      for (let i = start; i < end; i++) out[i] = (codeAt(codes, i, 2) - zeroPoint) * scale;
    } else {
      for (let i = start; i < end; i += 2) {
        const byte = codes[i >> 1]!;
        out[i] = ((byte & 15) - zeroPoint) * scale;
        out[i + 1] = ((byte >> 4) - zeroPoint) * scale;
      }
    }
  }
}

function codeAt(bytes: Uint8Array, index: number, bits: 2 | 4): number {
  const bit = index * bits;
  return (bytes[bit >> 3]! >> (bit & 7)) & (2 ** bits - 1);
}
