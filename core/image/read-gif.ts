/**
 * Reads the first frame of a GIF (GIF89a specification) to the bytes that Pillow's `convert("RGB")` gives: transparent pixels keep
 * the colour of their palette entry, where a canvas has black.
 */
import { ImageError } from './image-error.ts';
import { concatBytes, latin1 } from '../bytes.ts';
import { MAX_PIXELS, type RgbImage } from './read-png.ts';

export interface GifImage extends RgbImage {
  /** True if another frame follows. */
  animated: boolean;
  hasAlpha: boolean;
}

/** @throws ImageError for a file that is cut off or damaged */
export function readGif(bytes: Uint8Array): GifImage {
  const reader = new Reader(bytes);
  if (!/^GIF8[79]a$/.test(latin1(reader.take(6)))) throw new ImageError('its header is missing');
  let width = reader.word();
  let height = reader.word();
  const flags = reader.byte();
  reader.take(2);
  const globalPalette = flags & 0x80 ? reader.take(3 << ((flags & 7) + 1)) : undefined;
  let transparent: number | undefined;
  for (;;) {
    const block = reader.byte();
    if (block === 0x3b) throw new ImageError('it has no picture');
    if (block === 0x21) {
      const isControl = reader.byte() === 0xf9;
      const body = reader.subBlocks();
      if (isControl && ((body[0] ?? 0) & 1) !== 0) transparent = body[3];
      continue;
    }
    if (block !== 0x2c) throw new ImageError('it is damaged');
    const [left, top, columns, rows] = [reader.word(), reader.word(), reader.word(), reader.word()];
    const local = reader.byte();
    const palette = local & 0x80 ? reader.take(3 << ((local & 7) + 1)) : globalPalette;
    const codeSize = reader.byte();
    const data = reader.subBlocks();
    // A frame that reaches out of the screen enlarges it, as in Pillow.
    width = Math.max(width, left + columns);
    height = Math.max(height, top + rows);
    if (columns * rows === 0) throw new ImageError('it has no pixels');
    if (width * height > MAX_PIXELS) throw new ImageError(`${width} × ${height} pixels, more than ${MAX_PIXELS}`);
    const indices = lzw(data, codeSize, columns * rows);
    const canvas = new Uint8Array(width * height).fill(transparent ?? 0);
    const order = local & 0x40 ? interlacedRows(rows) : Array.from({ length: rows }, (_, row) => row);
    for (const [stored, row] of order.entries()) {
      canvas.set(indices.subarray(stored * columns, (stored + 1) * columns), (top + row) * width + left);
    }
    const rgb = new Uint8Array(width * height * 3);
    for (let i = 0; i < rgb.length; i++) {
      const index = canvas[Math.floor(i / 3)]!;
      rgb[i] = palette ? (palette[index * 3 + (i % 3)] ?? 0) : index;
    }
    return {
      width,
      height,
      rgb,
      usedBits: undefined,
      animated: reader.hasPicture(),
      hasAlpha: transparent !== undefined,
    };
  }
}

/** Appendix E. */
function interlacedRows(rows: number): number[] {
  const order: number[] = [];
  for (const [first, step] of [
    [0, 8],
    [4, 8],
    [2, 4],
    [1, 2],
  ] as const) {
    for (let row = first; row < rows; row += step) order.push(row);
  }
  return order;
}

class Reader {
  #at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(count: number): Uint8Array {
    const taken = this.#bytes.subarray(this.#at, this.#at + count);
    if (taken.length < count) throw new ImageError('the file is cut off');
    this.#at += count;
    return taken;
  }

  byte(): number {
    return this.take(1)[0]!;
  }

  word(): number {
    const [low, high] = this.take(2);
    return low! | (high! << 8);
  }

  /** Blocks of up to 255 bytes up to an empty one, joined. */
  subBlocks(): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let size = this.byte(); size > 0; size = this.byte()) parts.push(this.take(size));
    return concatBytes(parts);
  }

  /** Whether a further picture follows; a damaged rest has none. */
  hasPicture(): boolean {
    try {
      for (;;) {
        const block = this.byte();
        if (block !== 0x21) return block === 0x2c;
        this.byte();
        this.subBlocks();
      }
    } catch {
      return false;
    }
  }
}

/** Appendix F: variable-length codes, least significant bit first. @returns indices u8 [pixels] */
function lzw(data: Uint8Array, codeSize: number, pixels: number): Uint8Array {
  if (codeSize < 1 || codeSize > 11) throw new ImageError('its pixels are damaged');
  const clear = 1 << codeSize;
  const prefix = new Uint16Array(4096);
  const last = new Uint8Array(4096);
  const length = new Uint16Array(4096);
  const out = new Uint8Array(pixels);
  for (let code = 0; code < clear; code++) {
    last[code] = code;
    length[code] = 1;
  }
  let [size, next, previous, filled, bits, held] = [codeSize + 1, clear + 2, -1, 0, 0, 0];
  for (const byte of data) {
    held |= byte << bits;
    bits += 8;
    while (bits >= size && filled < pixels) {
      const code = held & ((1 << size) - 1);
      held >>>= size;
      bits -= size;
      if (code === clear) {
        [size, next, previous] = [codeSize + 1, clear + 2, -1];
        continue;
      }
      if (code === clear + 1) throw new ImageError('the file is cut off');
      if (code > next || (previous < 0 && code >= clear)) throw new ImageError('its pixels are damaged');
      // A code that is just being defined is the previous text and its own first index.
      const known = code < next ? code : previous;
      const count = length[known]!;
      let at = filled + count;
      for (let walk = known, left = count; left > 0; left--, walk = prefix[walk]!) {
        at--;
        if (at < pixels) out[at] = last[walk]!;
      }
      const first = out[filled]!;
      filled += count;
      if (code === next) {
        if (filled < pixels) out[filled] = first;
        filled++;
      }
      if (previous >= 0 && next < 4096) {
        prefix[next] = previous;
        last[next] = first;
        length[next] = length[previous]! + 1;
        next++;
        if (next === 1 << size && size < 12) size++;
      }
      previous = code;
    }
  }
  if (filled < pixels) throw new ImageError('the file is cut off');
  return out;
}
