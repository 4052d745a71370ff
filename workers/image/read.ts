import type { BlobLike } from '#core/bytes.ts';
import { kindOf, KIND_BYTES } from '#core/files/kind.ts';
import type { ReadImage } from '#core/protocol/image.ts';
import { decodeImage, rgbOf } from './decode.ts';
import { pngBlob } from './png-blob.ts';

/** Decodes a whole file before it is sent. @throws FailureError 'image-unreadable', 'image-kind' */
export async function readImageFile(file: BlobLike, name: string): Promise<ReadImage> {
  const head = new Uint8Array(await file.slice(0, KIND_BYTES).arrayBuffer());
  if (kindOf(head)?.kind === 'dicom') return { type: 'dicom' };
  const decoded = await decodeImage(file, name);
  try {
    const { notes, width, height } = decoded;
    // The browser would show transparency, moving pictures and dark 16-bit files otherwise than the model sees them.
    if (notes.length > 0) return { type: 'png', png: await pngBlob(rgbOf(decoded), width, height), notes };
    return { type: 'as-is', notes };
  } finally {
    decoded.close();
  }
}
