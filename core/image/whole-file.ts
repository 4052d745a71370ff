/** Whether a file that the browser decodes is whole: browsers show what they have of one that is cut off, and fill up with grey. */
import { ImageError } from './image-error.ts';

/** Walks the markers of a JPEG (ITU T.81, B.1). @throws ImageError if it ends before its end marker */
export function checkJpeg(bytes: Uint8Array): void {
  let at = 2;
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) throw new ImageError('it is damaged');
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === 0xd9) throw new ImageError('it has no picture');
    at += 2 + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
    if (marker !== 0xda) continue;
    // Inside a scan 0xff is followed by 0 or a restart marker, so that 0xffd9 is the end of the image.
    for (; at + 1 < bytes.length; at++) if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return;
  }
  throw new ImageError('the file is cut off');
}

/** The length that the RIFF header tells. @throws ImageError if bytes are missing */
export function checkWebp(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 12 || view.getUint32(4, true) + 8 > bytes.length) throw new ImageError('the file is cut off');
}

/** Rows of an uncompressed bitmap. @throws ImageError if bytes are missing */
export function checkBmp(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 34) throw new ImageError('the file is cut off');
  const isOld = view.getUint32(14, true) === 12;
  const width = isOld ? view.getUint16(18, true) : view.getInt32(18, true);
  const height = isOld ? view.getUint16(20, true) : Math.abs(view.getInt32(22, true));
  const bits = view.getUint16(isOld ? 24 : 28, true);
  const compression = isOld ? 0 : view.getUint32(30, true);
  // Run-length compressed rows have no fixed length.
  if (compression !== 0 && compression !== 3) return;
  if (view.getUint32(10, true) + Math.ceil((width * bits) / 32) * 4 * height > bytes.length)
    throw new ImageError('the file is cut off');
}
