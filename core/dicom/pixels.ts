/** Stored values of a frame (PS3.5, 8). */
import { concatBytes } from '../bytes.ts';
import { ImageError } from '../image/image-error.ts';
import type { DicomImage } from './image.ts';
import { decodeRle } from './rle.ts';
import { TAG } from './tags.ts';

/** Decodes a baseline JPEG to RGB u8 [height, width, 3]. @throws ImageError */
export type DecodeJpeg = (jpeg: Uint8Array) => Promise<{ width: number; height: number; rgb: Uint8Array }>;

/** Samples of a frame as they are stored. */
export interface Frame {
  /** [rows, columns], or [rows, columns, 3]. */
  values: Int32Array | Uint32Array | Uint16Array | Int16Array | Uint8Array;
  /** True for colours that are RGB already, as a JPEG decoder hands them out. */
  isRgb: boolean;
}

/** @throws ImageError for pixels that are damaged, cut off, or compressed in a way that is not read */
export async function readFrame(image: DicomImage, frame: number, decodeJpeg: DecodeJpeg): Promise<Frame> {
  const { file, rows, columns, samples, bitsAllocated } = image;
  const pixels = rows * columns;
  const bytesPerSample = bitsAllocated / 8;
  if (file.syntax.pixels === 'native') {
    const bytes = nativeFrame(image, frame);
    return { values: storedValues(image, bytes, file.syntax.encoding.littleEndian, image.planar), isRgb: false };
  }
  const data = encapsulatedFrame(image, frame);
  if (file.syntax.pixels === 'rle') {
    const bytes = decodeRle(data, pixels, samples, bytesPerSample);
    return { values: storedValues(image, bytes, true, false), isRgb: false };
  }
  const jpeg = await decodeJpeg(samples === 3 && image.photometric === 'RGB' ? asRgbJpeg(data) : data);
  if (jpeg.width !== columns || jpeg.height !== rows)
    throw new ImageError(`its JPEG is ${jpeg.width} × ${jpeg.height}, not ${columns} × ${rows}`);
  const values = samples === 3 ? jpeg.rgb : jpeg.rgb.filter((_, at) => at % 3 === 0);
  return { values, isRgb: samples === 3 };
}

function nativeFrame(image: DicomImage, frame: number): Uint8Array {
  const { rows, columns, samples, bitsAllocated, photometric, frames } = image;
  const perPixel = photometric === 'YBR_FULL_422' ? 2 : samples;
  const length = rows * columns * perPixel * (bitsAllocated / 8);
  const { dataSet, syntax } = image.file;
  let bytes = dataSet.bytes(TAG.PixelData);
  if (bytes.length < length * frames) throw new ImageError('the file is cut off');
  if (bitsAllocated === 8 && !syntax.encoding.littleEndian && dataSet.vr(TAG.PixelData) === 'OW') {
    // Bytes in words of the other byte order are swapped in pairs.
    const words = bytes;
    bytes = words.map((byte, at) => words[at ^ 1] ?? byte);
  }
  return bytes.subarray(frame * length, (frame + 1) * length);
}

/** PS3.5, A.4: by the offset table, by one fragment a frame, or all of them for the only frame. */
function encapsulatedFrame({ file, frames }: DicomImage, frame: number): Uint8Array {
  const [offsets, ...fragments] = file.dataSet.fragments(TAG.PixelData);
  if (fragments.length === frames) return fragments[frame]!;
  if (frames === 1) return concatBytes(fragments);
  const table = new DataView(offsets?.buffer ?? new ArrayBuffer(0), offsets?.byteOffset, offsets?.length ?? 0);
  if (table.byteLength < frames * 4)
    throw new ImageError('its frames cannot be told apart: the offset table is missing');
  const from = table.getUint32(frame * 4, true);
  const to = frame + 1 < frames ? table.getUint32(frame * 4 + 4, true) : Infinity;
  let at = 0;
  return concatBytes(
    fragments.filter((fragment) => {
      const isInside = at >= from && at < to;
      at += fragment.length + 8;
      return isInside;
    }),
  );
}

/** With an Adobe marker that says RGB: without one a decoder takes three components for YCbCr. */
function asRgbJpeg(jpeg: Uint8Array): Uint8Array {
  const adobe = Uint8Array.of(0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, 0);
  let hasMarker = false;
  for (let at = 2; at + 9 < jpeg.length && jpeg[at] === 0xff && jpeg[at + 1] !== 0xda;) {
    if (jpeg[at + 1] === 0xee) hasMarker = true;
    at += 2 + ((jpeg[at + 2]! << 8) | jpeg[at + 3]!);
  }
  return hasMarker ? jpeg : concatBytes([jpeg.subarray(0, 2), adobe, jpeg.subarray(2)]);
}

function storedValues(image: DicomImage, bytes: Uint8Array, little: boolean, planar: boolean): Frame['values'] {
  const { bitsAllocated, bitsStored, highBit, signed, samples } = image;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = bytes.length / (bitsAllocated / 8);
  const values = emptyValues(bitsAllocated, signed, count);
  const shift = highBit + 1 - bitsStored;
  // Left to cut off what lies above the high bit, right to cut off what lies below and to extend the sign.
  const left = 31 - highBit;
  for (let i = 0; i < count; i++) {
    const at = i * (bitsAllocated / 8);
    const raw =
      bitsAllocated === 8
        ? (bytes[at] ?? 0)
        : bitsAllocated === 16
          ? view.getUint16(at, little)
          : view.getUint32(at, little);
    values[i] = signed ? (raw << left) >> (left + shift) : (raw << left) >>> (left + shift);
  }
  return planar && samples === 3 ? interleaved(values) : values;
}

function emptyValues(bits: 8 | 16 | 32, signed: boolean, count: number): Frame['values'] {
  if (bits === 32) return signed ? new Int32Array(count) : new Uint32Array(count);
  if (signed) return new Int16Array(count);
  return bits === 16 ? new Uint16Array(count) : new Uint8Array(count);
}

function interleaved(planes: Frame['values']): Frame['values'] {
  const pixels = planes.length / 3;
  const values = planes.slice();
  for (let i = 0; i < values.length; i++) values[i] = planes[(i % 3) * pixels + Math.floor(i / 3)]!;
  return values;
}
