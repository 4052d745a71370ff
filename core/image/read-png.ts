/**
 * Reads PNG (W3C PNG, third edition) to the bytes that Pillow's `convert("RGB")` gives: alpha, tRNS, gamma and colour profile
 * are ignored, and colours under full transparency are kept. A canvas cannot do this: it keeps premultiplied pixels.
 */
import { ImageError } from './image-error.ts';
import { toEightBits } from './sixteen-bits.ts';
import { latin1 } from '../bytes.ts';

/** Most pixels: what browsers decode at most, and less than an array of RGB may hold. */
export const MAX_PIXELS = 1 << 28;

export interface PngFile {
  width: number;
  height: number;
  bitDepth: 1 | 2 | 4 | 8 | 16;
  channels: 1 | 2 | 3 | 4;
  /** RGB u8 [256, 3]; undefined where the pixels are no indices. */
  palette: Uint8Array | undefined;
  interlaced: boolean;
  /** True where a viewer would blend the colours with what lies behind. */
  hasAlpha: boolean;
  /** Animated: only the first picture is read. */
  animated: boolean;
  /** 1 to 8, from eXIf; 1 if the file has no eXIf. */
  orientation: number;
  /** The zlib stream. */
  data: readonly Uint8Array[];
}

export interface RgbImage {
  width: number;
  height: number;
  /** u8 [height, width, 3] */
  rgb: Uint8Array<ArrayBuffer>;
  /** Bits of a 16-bit file that its values use, 1 to 16; undefined for other files. */
  usedBits: number | undefined;
}

const depths: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
const channelsOf: Readonly<Record<number, 1 | 2 | 3 | 4>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** Everything but the pixels. @throws ImageError */
export function openPng(bytes: Uint8Array): PngFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const chunks = new Map<string, Uint8Array>();
  const data: Uint8Array[] = [];
  let at = 8;
  while (at + 8 <= bytes.length) {
    const length = view.getUint32(at);
    const type = latin1(bytes.subarray(at + 4, at + 8));
    const body = bytes.subarray(at + 8, at + 8 + length);
    if (body.length < length) throw new ImageError('the file is cut off');
    if (type === 'IDAT') data.push(body);
    else if (!chunks.has(type)) chunks.set(type, body);
    if (type === 'IEND') break;
    at += 12 + length;
  }
  const header = chunks.get('IHDR');
  if (!header || header.length < 13) throw new ImageError('its header is missing');
  const fields = new DataView(header.buffer, header.byteOffset, header.length);
  const width = fields.getUint32(0);
  const height = fields.getUint32(4);
  const bitDepth = fields.getUint8(8);
  const colourType = fields.getUint8(9);
  const channels = channelsOf[colourType];
  if (!channels || !isDepth(bitDepth) || !depths[colourType]?.includes(bitDepth))
    throw new ImageError(`PNG has no colour type ${colourType} with ${bitDepth} bits`);
  if (fields.getUint8(10) !== 0 || fields.getUint8(11) !== 0 || fields.getUint8(12) > 1)
    throw new ImageError('PNG does not have its compression, filter or interlace method');
  if (width === 0 || height === 0) throw new ImageError('it has no pixels');
  if (width * height > MAX_PIXELS) throw new ImageError(`${width} × ${height} pixels, more than ${MAX_PIXELS}`);
  if (data.length === 0) throw new ImageError('the file is cut off');
  let palette: Uint8Array | undefined;
  if (colourType === 3) {
    const stored = chunks.get('PLTE');
    if (!stored) throw new ImageError('its palette is missing');
    // An index beyond a short palette is black, as in Pillow.
    palette = new Uint8Array(256 * 3);
    palette.set(stored.subarray(0, 256 * 3));
  }
  const hasAlpha = channels === 2 || channels === 4 || chunks.has('tRNS');
  const orientation = exifOrientation(chunks.get('eXIf'));
  const interlaced = fields.getUint8(12) === 1;
  const animated = chunks.has('acTL');
  return { width, height, bitDepth, channels, palette, interlaced, hasAlpha, animated, orientation, data };
}

function isDepth(bits: number): bits is PngFile['bitDepth'] {
  return [1, 2, 4, 8, 16].includes(bits);
}

/** Tag 274 of the first directory (EXIF 2.3); 1 where it is missing or out of range. */
function exifOrientation(exif: Uint8Array | undefined): number {
  if (!exif || exif.length < 14) return 1;
  const view = new DataView(exif.buffer, exif.byteOffset, exif.length);
  const little = view.getUint16(0) === 0x4949;
  const first = view.getUint32(4, little);
  if (first + 2 > exif.length) return 1;
  const count = view.getUint16(first, little);
  for (let at = first + 2; at < first + 2 + count * 12 && at + 12 <= exif.length; at += 12) {
    if (view.getUint16(at, little) !== 274) continue;
    const orientation = view.getUint16(at + 8, little);
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
  }
  return 1;
}

interface Pass {
  left: number;
  top: number;
  stepX: number;
  stepY: number;
}

const whole: readonly Pass[] = [{ left: 0, top: 0, stepX: 1, stepY: 1 }];
/** Adam7: PNG, 8.2. */
const adam7: readonly Pass[] = [
  { left: 0, top: 0, stepX: 8, stepY: 8 },
  { left: 4, top: 0, stepX: 8, stepY: 8 },
  { left: 0, top: 4, stepX: 4, stepY: 8 },
  { left: 2, top: 0, stepX: 4, stepY: 4 },
  { left: 0, top: 2, stepX: 2, stepY: 4 },
  { left: 1, top: 0, stepX: 2, stepY: 2 },
  { left: 0, top: 1, stepX: 1, stepY: 2 },
];

/** Takes the inflated zlib stream piece by piece, so that it is never in memory at once. */
export class PngPixels {
  readonly #png: PngFile;
  /** [height, width, 3], or [height, width, colours] of 16 bits. */
  readonly #rgb: Uint8Array<ArrayBuffer>;
  readonly #wide: Uint16Array | undefined;
  /** Bytes of a pixel, at least one: the distance of the filters. */
  readonly #distance: number;
  readonly #passes: Pass[];
  #line: Uint8Array;
  #above: Uint8Array;
  #filled = 0;
  #row = 0;

  constructor(png: PngFile) {
    this.#png = png;
    const { width, height, bitDepth, channels } = png;
    const pixels = width * height;
    this.#wide = bitDepth === 16 ? new Uint16Array(pixels * (channels < 3 ? 1 : 3)) : undefined;
    this.#rgb = new Uint8Array(this.#wide ? 0 : pixels * 3);
    this.#distance = Math.max(1, (bitDepth * channels) / 8);
    this.#passes = (png.interlaced ? adam7 : whole).filter(({ left, top }) => left < width && top < height);
    this.#line = this.#emptyLine();
    this.#above = this.#emptyLine();
  }

  /** More of the stream. @throws ImageError for an unknown filter; bytes after the last row are ignored */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && this.#passes.length > 0) {
      const part = bytes.subarray(at, at + this.#line.length - this.#filled);
      this.#line.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === this.#line.length) this.#endLine();
    }
  }

  /** @throws ImageError if rows are missing */
  finish(): RgbImage {
    if (this.#passes.length > 0) throw new ImageError('the file is cut off');
    const { width, height, orientation } = this.#png;
    const eight = this.#wide ? toEightBits(this.#wide, width * height) : undefined;
    const image = { width, height, rgb: eight?.rgb ?? this.#rgb, usedBits: eight?.usedBits };
    return orientation === 1 ? image : turned(image, orientation);
  }

  /** One filter byte and the pixels of a row of the current pass. */
  #emptyLine(): Uint8Array {
    const [pass] = this.#passes;
    if (!pass) return new Uint8Array(0);
    const { bitDepth, channels } = this.#png;
    return new Uint8Array(1 + Math.ceil((this.#columns(pass) * channels * bitDepth) / 8));
  }

  #columns({ left, stepX }: Pass): number {
    return Math.ceil((this.#png.width - left) / stepX);
  }

  #endLine(): void {
    const [pass] = this.#passes;
    if (!pass) return;
    unfilter(this.#line, this.#above, this.#distance);
    this.#store(pass);
    [this.#line, this.#above] = [this.#above, this.#line];
    this.#filled = 0;
    this.#row++;
    if (pass.top + this.#row * pass.stepY < this.#png.height) return;
    this.#passes.shift();
    this.#row = 0;
    this.#line = this.#emptyLine();
    this.#above = this.#emptyLine();
  }

  #store(pass: Pass): void {
    const { width, bitDepth, channels, palette } = this.#png;
    const line = this.#line;
    const columns = this.#columns(pass);
    let to = (pass.top + this.#row * pass.stepY) * width + pass.left;
    const colours = channels < 3 ? 1 : 3;
    for (let x = 0; x < columns; x++, to += pass.stepX) {
      if (this.#wide) {
        for (let c = 0; c < colours; c++) {
          const from = 1 + (x * channels + c) * 2;
          this.#wide[to * colours + c] = (line[from]! << 8) | line[from + 1]!;
        }
        continue;
      }
      if (colours === 3) {
        for (let c = 0; c < 3; c++) this.#rgb[to * 3 + c] = line[1 + x * channels + c]!;
        continue;
      }
      let value = line[1 + x * channels]!;
      if (bitDepth < 8) {
        const bit = x * bitDepth;
        value = (line[1 + (bit >> 3)]! >> (8 - bitDepth - (bit & 7))) & ((1 << bitDepth) - 1);
        if (!palette) value *= 255 / ((1 << bitDepth) - 1);
      }
      for (let c = 0; c < 3; c++) this.#rgb[to * 3 + c] = palette ? palette[value * 3 + c]! : value;
    }
  }
}

/** PNG, 9.2; both lines begin with the filter byte. */
function unfilter(line: Uint8Array, above: Uint8Array, distance: number): void {
  const filter = line[0]!;
  if (filter > 4) throw new ImageError('its pixels are damaged');
  if (filter === 0) return;
  for (let at = 1; at < line.length; at++) {
    const left = at > distance ? line[at - distance]! : 0;
    const up = above[at]!;
    if (filter === 1) line[at]! += left;
    else if (filter === 2) line[at]! += up;
    else if (filter === 3) line[at]! += (left + up) >> 1;
    else line[at]! += paeth(left, up, at > distance ? above[at - distance]! : 0);
  }
}

function paeth(left: number, up: number, upLeft: number): number {
  const estimate = left + up - upLeft;
  const toLeft = Math.abs(estimate - left);
  const toUp = Math.abs(estimate - up);
  const toUpLeft = Math.abs(estimate - upLeft);
  if (toLeft <= toUp && toLeft <= toUpLeft) return left;
  return toUp <= toUpLeft ? up : upLeft;
}

/** Upright, as a viewer shows it: EXIF 2.3, tag 274. */
function turned(image: RgbImage, orientation: number): RgbImage {
  const sideways = orientation > 4;
  const width = sideways ? image.height : image.width;
  const height = sideways ? image.width : image.height;
  const mirrorX = [2, 3, 7, 8].includes(orientation);
  const mirrorY = [3, 4, 6, 7].includes(orientation);
  const rgb = new Uint8Array(image.rgb.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let [column, row] = sideways ? [y, x] : [x, y];
      if (mirrorX) column = image.width - 1 - column;
      if (mirrorY) row = image.height - 1 - row;
      const from = (row * image.width + column) * 3;
      const to = (y * width + x) * 3;
      for (let c = 0; c < 3; c++) rgb[to + c] = image.rgb[from + c]!;
    }
  }
  return { ...image, width, height, rgb };
}
