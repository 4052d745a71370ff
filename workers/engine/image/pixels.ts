import type { BlobLike } from '#core/bytes.ts';
import { normalize } from '#core/image/normalize.ts';
import type { Preprocessor } from '#core/image/preprocessor.ts';
import { Resizer } from '#core/image/resize.ts';
import { decodeImage, type DecodeImage } from '../../image/decode.ts';

/** An image file → RGB u8 [height, width, 3] at the preprocessor's size. Throws FailureError 'image-unreadable', 'image-kind'. */
export async function readResized(
  image: BlobLike,
  name: string,
  size: { width: number; height: number },
  decode: DecodeImage = decodeImage,
): Promise<Uint8Array> {
  const decoded = await decode(image, name);
  try {
    const resizer = new Resizer(decoded.width, decoded.height, size.width, size.height);
    for (const band of decoded.bands()) resizer.push(band, decoded.channels);
    return resizer.finish();
  } finally {
    decoded.close();
  }
}

/** An image file → `pixel_values` f32 [3, height, width]. Throws FailureError 'image-unreadable', 'image-kind'. */
export async function readPixelValues(
  image: BlobLike,
  name: string,
  preprocessor: Preprocessor,
  decode: DecodeImage = decodeImage,
): Promise<Float32Array<ArrayBuffer>> {
  return normalize(await readResized(image, name, preprocessor, decode), preprocessor);
}
