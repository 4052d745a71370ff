/** Decodes image files in Node: PNG and GIF as the page does, the other kinds through sharp (libvips). */
import type { Sharp } from 'sharp';
import { ImageError } from '#core/image/image-error.ts';
import {
  checkPixels,
  decodeImage,
  platformNotes,
  type DecodeImage,
  type DecodeOnPlatform,
} from '../../../workers/image/decode.ts';

/** As decodeImage of the page, but BMP is not decoded. @throws FailureError 'image-kind', 'image-unreadable', 'too-large' */
export const decodeImageInNode: DecodeImage = (image, name) => decodeImage(image, name, decodeWithSharp);

const decodeWithSharp: DecodeOnPlatform = async (bytes, kind) => {
  // libvips as sharp ships it has no BMP.
  if (kind === 'bmp') throw new ImageError('BMP is decoded in the page only; save it as PNG');
  // Loaded with the first such file: questions without images do not wait for it.
  const { default: sharp } = await import('sharp');
  // Colour profiles are ignored, as in the page. Damaged files are refused, extra bytes are not.
  const file = sharp(bytes, { failOn: 'error', ignoreIcc: true, limitInputPixels: false });
  const { width: storedWidth, height: storedHeight, space } = await file.metadata();
  checkPixels(storedWidth, storedHeight);
  const { data, info } = await (space === 'cmyk' ? uprightCmyk(file) : uprightRgba(file));
  const rgba = space === 'cmyk' ? rgbaOfCmyk(data) : data;
  return {
    width: info.width,
    height: info.height,
    channels: 4,
    notes: platformNotes(bytes, kind, isTranslucent(rgba)),
    bands: () => [rgba],
    close: () => undefined,
  };
};

function uprightRgba(file: Sharp) {
  return file
    .autoOrient()
    .toColourspace('srgb')
    .ensureAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
}

function uprightCmyk(file: Sharp) {
  return file
    .autoOrient()
    .pipelineColourspace('cmyk')
    .toColourspace('cmyk')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
}

/** Without a profile, as Pillow: each colour is (255 − C) · (255 − K) / 255. @param cmyk u8 [pixels, 4] */
function rgbaOfCmyk(cmyk: Uint8Array): Uint8Array {
  const rgba = new Uint8Array(cmyk.length);
  for (let at = 0; at < cmyk.length; at += 4) {
    const light = 255 - (cmyk[at + 3] ?? 0);
    for (let channel = 0; channel < 3; channel++)
      rgba[at + channel] = Math.round(((255 - (cmyk[at + channel] ?? 0)) * light) / 255);
    rgba[at + 3] = 255;
  }
  return rgba;
}

function isTranslucent(rgba: Uint8Array): boolean {
  for (let at = 3; at < rgba.length; at += 4) if (rgba[at] !== 255) return true;
  return false;
}
