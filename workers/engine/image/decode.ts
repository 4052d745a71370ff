import type { BlobLike } from '#core/bytes.ts';
import { FailureError } from '#core/failure.ts';

/** A decoded image, upright, read in bands of rows so that its pixels are in memory only once. Call `close` when done. */
export interface DecodedImage {
  width: number;
  height: number;
  /** RGBA u8 [rows, width, 4], top to bottom, not premultiplied. Throws FailureError 'image-unreadable'. */
  bands(): Iterable<Uint8ClampedArray>;
  close(): void;
}

/** Rows per band times width; 4 MiB of RGBA. */
const BAND_PIXELS = 1 << 20;

/**
 * Decodes PNG, JPEG, WebP and every other format that the browser reads, turned upright by its EXIF orientation. Colour profiles are
 * ignored, as Pillow's `convert("RGB")` ignores them. The bitmap takes four bytes a pixel; what is too large for the
 * browser (in Chromium above 2^29 pixels) is unreadable. Throws FailureError 'image-unreadable' {name, reason}.
 *
 * The reader of the bands drops alpha. A canvas keeps premultiplied pixels, so where the image is translucent the
 * colours are rounded, and where it is wholly transparent they are black; Pillow would keep what the file says.
 */
export async function decodeImage(image: BlobLike, name: string): Promise<DecodedImage> {
  const unreadable = (reason: string, cause?: unknown) =>
    new FailureError('image-unreadable', { name, reason }, { cause });
  if (image.size === 0) throw unreadable('empty file');

  // Only a real Blob can be decoded in place; anything else is copied into one.
  const blob = image instanceof Blob ? image : new Blob([await image.arrayBuffer()]);
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(blob, {
      imageOrientation: 'from-image',
      premultiplyAlpha: 'none',
      colorSpaceConversion: 'none',
    });
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : String(error), error);
  }

  const { width, height } = bitmap;
  return {
    width,
    height,
    close: () => bitmap.close(),
    *bands() {
      const rows = Math.max(1, Math.min(height, Math.floor(BAND_PIXELS / width)));
      const context = new OffscreenCanvas(width, rows).getContext('2d', { willReadFrequently: true });
      if (!context) throw unreadable(`no canvas of ${width} × ${rows}`);
      for (let top = 0; top < height; top += rows) {
        const count = Math.min(rows, height - top);
        context.clearRect(0, 0, width, rows);
        context.drawImage(bitmap, 0, top, width, count, 0, 0, width, count);
        let band: ImageData;
        try {
          band = context.getImageData(0, 0, width, count);
        } catch (error) {
          throw unreadable(error instanceof Error ? error.message : String(error), error);
        }
        yield band.data;
      }
    },
  };
}
