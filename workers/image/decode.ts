import type { BlobLike } from '#core/bytes.ts';
import { FailureError } from '#core/failure.ts';
import { ImageError } from '#core/image/image-error.ts';
import { kindOf } from '#core/files/kind.ts';
import { OPENED_IMAGES, type FileKind, type OpenedImage } from '#core/files/kinds.ts';
import { isAnimatedWebp } from '#core/image/webp.ts';
import type { ImageNote } from '#core/image/note.ts';
import { readGif } from '#core/image/read-gif.ts';
import { MAX_PIXELS, openPng, PngPixels, type RgbImage } from '#core/image/read-png.ts';
import { checkBmp, checkJpeg, checkWebp } from '#core/image/whole-file.ts';
import { Bands } from './bands.ts';

/** A decoded image, upright, read in bands of rows. Call `close` when done. */
export interface DecodedImage {
  width: number;
  height: number;
  /** Channels of the bands; a fourth is alpha and not used. */
  channels: 3 | 4;
  notes: readonly ImageNote[];
  /** u8 [rows, width, channels], top to bottom, not premultiplied. Throws FailureError 'image-unreadable'. */
  bands(): Iterable<Uint8Array | Uint8ClampedArray>;
  close(): void;
}

/** Larger files are refused: they are read whole. */
export const MAX_BYTES = 2 ** 30;

/** Decodes an image file. @throws FailureError, as decodeImage */
export type DecodeImage = (image: BlobLike, name: string) => Promise<DecodedImage>;

/** The kinds that the platform decodes, the browser or a library of Node. */
export type PlatformKind = Exclude<OpenedImage, 'dicom' | 'png' | 'gif'>;

/** @param unreadable makes the error for bytes that cannot be decoded */
export type DecodeOnPlatform = (
  bytes: Uint8Array<ArrayBuffer>,
  kind: PlatformKind,
  unreadable: (error: unknown) => FailureError,
) => Promise<DecodedImage>;

/**
 * Decodes an image file by its content, turned upright by its EXIF orientation, to the colours that Pillow's `convert("RGB")` gives:
 * colour profiles and alpha are ignored. PNG and GIF are decoded here, JPEG, WebP, AVIF and BMP by the platform. Of an
 * animation the first frame counts. Throws FailureError 'image-kind' {name, kind} for a kind that is not opened,
 * 'image-unreadable' {name, reason} for a file that is empty, cut off, damaged or has too many pixels, 'too-large'.
 */
export async function decodeImage(
  image: BlobLike,
  name: string,
  onPlatform: DecodeOnPlatform = decodeInBrowser,
): Promise<DecodedImage> {
  const unreadable = (error: unknown) =>
    new FailureError('image-unreadable', { name, reason: reasonOf(error) }, { cause: error });
  if (image.size === 0) throw unreadable(new ImageError('empty file'));
  if (image.size > MAX_BYTES) throw new FailureError('too-large', { file: name, bytes: image.size, limit: MAX_BYTES });
  const bytes = new Uint8Array(await image.arrayBuffer());
  const { kind } = kindOf(bytes) ?? {};
  if (kind === undefined) throw unreadable(new ImageError('none of the kinds of image that can be opened'));
  if (kind === 'dicom' || !isOpened(kind)) throw new FailureError('image-kind', { name, kind });
  try {
    if (kind === 'png') return await decodePng(bytes);
    if (kind === 'gif') {
      const gif = readGif(bytes);
      return decoded(gif, [...firstFrame(gif.animated), ...transparency(gif.hasAlpha)]);
    }
    checkWhole(bytes, kind);
    return await onPlatform(bytes, kind, unreadable);
  } catch (error) {
    throw error instanceof FailureError ? error : unreadable(error);
  }
}

function isOpened(kind: FileKind): kind is OpenedImage {
  return OPENED_IMAGES.some((opened) => opened === kind);
}

/** All bands in one: u8 [height, width, 3]. */
export function rgbOf(image: DecodedImage): Uint8Array {
  const rgb = new Uint8Array(image.width * image.height * 3);
  let at = 0;
  for (const band of image.bands()) {
    if (image.channels === 3) {
      rgb.set(band, at);
      at += band.length;
      continue;
    }
    for (let from = 0; from < band.length; from += 4, at += 3) {
      rgb[at] = band[from] ?? 0;
      rgb[at + 1] = band[from + 1] ?? 0;
      rgb[at + 2] = band[from + 2] ?? 0;
    }
  }
  return rgb;
}

async function decodePng(bytes: Uint8Array): Promise<DecodedImage> {
  const png = openPng(bytes);
  const pixels = new PngPixels(png);
  await inflate(png.data, 'deflate', (piece) => pixels.push(piece));
  const image = pixels.finish();
  const { usedBits } = image;
  const deep: ImageNote[] = usedBits !== undefined && usedBits < 16 ? [{ code: 'sixteen-bits', bits: usedBits }] : [];
  return decoded(image, [...deep, ...firstFrame(png.animated), ...transparency(png.hasAlpha)]);
}

/** @param take gets the inflated bytes piece by piece. Rejects with TypeError for a stream that is damaged or cut off */
export async function inflate(
  parts: readonly Uint8Array[],
  format: 'deflate' | 'deflate-raw',
  take: (piece: Uint8Array) => void,
): Promise<void> {
  const queue = [...parts];
  const stream = new ReadableStream<BufferSource>({
    pull(controller) {
      const part = queue.shift();
      if (part) controller.enqueue(new Uint8Array(part));
      else controller.close();
    },
  }).pipeThrough(new DecompressionStream(format));
  for await (const piece of stream) take(piece);
}

/** Refuses a file that is cut off: decoders fill up what is missing. @throws ImageError */
function checkWhole(bytes: Uint8Array, kind: PlatformKind): void {
  if (kind === 'jpeg') checkJpeg(bytes);
  else if (kind === 'webp') checkWebp(bytes);
  else if (kind === 'bmp') checkBmp(bytes);
}

/** @throws ImageError */
export function checkPixels(width: number, height: number): void {
  if (width * height > MAX_PIXELS) throw new ImageError(`${width} × ${height} pixels, more than ${MAX_PIXELS}`);
}

export function platformNotes(bytes: Uint8Array, kind: PlatformKind, hasAlpha: boolean): ImageNote[] {
  return [...firstFrame(kind === 'webp' && isAnimatedWebp(bytes)), ...transparency(hasAlpha)];
}

async function decodeInBrowser(
  bytes: Uint8Array<ArrayBuffer>,
  kind: PlatformKind,
  unreadable: (error: unknown) => FailureError,
): Promise<DecodedImage> {
  const blob = new Blob([bytes], { type: `image/${kind}` });
  const bitmap = await createImageBitmap(blob, {
    imageOrientation: 'from-image',
    premultiplyAlpha: 'none',
    colorSpaceConversion: 'none',
  });
  const { width, height } = bitmap;
  try {
    checkPixels(width, height);
    const bands = new Bands(bitmap, kind !== 'jpeg');
    return {
      width,
      height,
      channels: 4,
      notes: platformNotes(bytes, kind, bands.hasAlpha),
      *bands() {
        try {
          yield* bands.read();
        } catch (error) {
          throw unreadable(error);
        }
      },
      close: () => bitmap.close(),
    };
  } catch (error) {
    bitmap.close();
    throw error;
  }
}

function decoded({ width, height, rgb }: RgbImage, notes: readonly ImageNote[]): DecodedImage {
  return { width, height, channels: 3, notes, bands: () => [rgb], close: () => {} };
}

function firstFrame(animated: boolean): ImageNote[] {
  return animated ? [{ code: 'first-frame' }] : [];
}

function transparency(hasAlpha: boolean): ImageNote[] {
  return hasAlpha ? [{ code: 'transparency' }] : [];
}

function reasonOf(error: unknown): string {
  return error instanceof ImageError ? error.reason : error instanceof Error ? error.message : String(error);
}
