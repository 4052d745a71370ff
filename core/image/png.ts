/**
 * Writes PNGs (W3C PNG, third edition). A canvas is not used, because browsers with fingerprinting protection change
 * the pixels read from it, and the decoded image must equal the input exactly.
 */
import { concatBytes } from '../bytes.ts';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Longest stored block of deflate (RFC 1951, 3.2.4). */
const MAX_STORED = 0xffff;

/**
 * An uncompressed 8-bit greyscale PNG file.
 * @param pixels u8 [height, width], row by row from the top
 * @throws RangeError if their number is not `width × height`
 */
export function greyscalePng(pixels: Uint8Array, width: number, height: number): Uint8Array<ArrayBuffer> {
  if (pixels.length !== width * height || pixels.length === 0) {
    throw new RangeError(`${pixels.length} pixels do not fit an image of ${width} × ${height}`);
  }
  return pngFile(width, height, GREY, stored(filterRows(pixels, width, height)));
}

const GREY = 0;
const RGB = 2;

/**
 * An 8-bit RGB PNG file.
 * @param deflated zlib stream of `filterRows(rgb, width * 3, height)`
 */
export function rgbPng(width: number, height: number, deflated: Uint8Array): Uint8Array<ArrayBuffer> {
  return pngFile(width, height, RGB, deflated);
}

/** The rows as PNG compresses them: each begins with its filter type, here 0 (none). u8 [height, 1 + rowBytes] */
export function filterRows(pixels: Uint8Array, rowBytes: number, height: number): Uint8Array<ArrayBuffer> {
  const rows = new Uint8Array(height * (rowBytes + 1));
  for (let row = 0; row < height; row++) {
    rows.set(pixels.subarray(row * rowBytes, (row + 1) * rowBytes), row * (rowBytes + 1) + 1);
  }
  return rows;
}

function pngFile(width: number, height: number, colourType: number, data: Uint8Array): Uint8Array<ArrayBuffer> {
  // Bit depth 8, colour type, deflate, adaptive filters, not interlaced.
  const header = Uint8Array.of(...word(width), ...word(height), 8, colourType, 0, 0, 0);
  return concatBytes([
    Uint8Array.from(SIGNATURE),
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', new Uint8Array()),
  ]);
}

/** zlib (RFC 1950) around stored blocks. */
function stored(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0x78, 0x01)];
  for (let at = 0; at < bytes.length; at += MAX_STORED) {
    const block = bytes.subarray(at, at + MAX_STORED);
    const isLast = at + MAX_STORED >= bytes.length;
    const { length } = block;
    parts.push(Uint8Array.of(isLast ? 1 : 0, length & 255, length >> 8, ~length & 255, (~length >> 8) & 255), block);
  }
  parts.push(Uint8Array.from(word(adler32(bytes))));
  return concatBytes(parts);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = concatBytes([Uint8Array.from(type, (letter) => letter.charCodeAt(0)), data]);
  return concatBytes([Uint8Array.from(word(data.length)), body, Uint8Array.from(word(crc32(body)))]);
}

function word(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function adler32(bytes: Uint8Array): number {
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  return ((b << 16) | a) >>> 0;
}
