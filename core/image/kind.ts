/* eslint-disable no-control-regex -- beginnings of files are bytes */
/**
 * What a file is by its first bytes. Names and MIME types say little: a phone names a HEIC photo `.jpg`, a viewer exports
 * PNG without extension, and browsers know no MIME type for DICOM.
 */

/** Kinds that are opened, and kinds that are refused by their name. */
export type ImageKind = OpenedKind | RefusedKind;
export type OpenedKind = 'png' | 'jpeg' | 'webp' | 'gif' | 'avif' | 'bmp' | 'dicom';
export type RefusedKind =
  | 'heic'
  | 'tiff'
  | 'svg'
  | 'pdf'
  | 'video'
  | 'zip'
  | 'gzip'
  | 'jpeg-2000'
  | 'jpeg-xl'
  | 'nifti'
  | 'photoshop'
  | 'icon'
  | 'web-page'
  | 'lfs-pointer';

/** As many bytes from the start of a file as `imageKind` looks at. */
export const KIND_BYTES = 1024;

const opened: readonly string[] = ['png', 'jpeg', 'webp', 'gif', 'avif', 'bmp', 'dicom'] satisfies OpenedKind[];

export function isOpened(kind: ImageKind): kind is OpenedKind {
  return opened.includes(kind);
}

/** Brands of the ISO base media file format (ISO 14496-12); the rest of the format is video. */
const brands: readonly (readonly [pattern: RegExp, kind: ImageKind])[] = [
  [/^avi[fs]/, 'avif'],
  [/^(hei[cxms]|hev[cxm]|mif1|msf1)/, 'heic'],
];

/** Beginnings as Latin-1; the first that fits counts. */
const beginnings: readonly (readonly [pattern: RegExp, kind: ImageKind])[] = [
  [/^\x89PNG\r\n\x1a\n/, 'png'],
  [/^\xff\xd8\xff/, 'jpeg'],
  [/^RIFF[^]{4}WEBP/, 'webp'],
  [/^RIFF[^]{4}AVI /, 'video'],
  [/^GIF8[79]a/, 'gif'],
  [/^BM[^]{4}\0\0\0\0/, 'bmp'],
  [/^[^]{128}DICM/, 'dicom'],
  [/^(II[*+]\0|MM\0[*+])/, 'tiff'],
  [/^%PDF-/, 'pdf'],
  [/^(PK\x03\x04|PK\x05\x06|Rar!|7z\xbc\xaf)/, 'zip'],
  [/^\x1f\x8b/, 'gzip'],
  [/^(\0\0\0\x0cjP {2}\r\n\x87\n|\xff\x4f\xff\x51)/, 'jpeg-2000'],
  [/^(\0\0\0\x0cJXL \r\n\x87\n|\xff\x0a)/, 'jpeg-xl'],
  [/^(\x1aE\xdf\xa3|OggS|\0\0\x01[\xb3\xba]|FLV)/, 'video'],
  [/^8BPS/, 'photoshop'],
  [/^\0\0[\x01\x02]\0[^\0]\0/, 'icon'],
  [/^version https:\/\/git-lfs\.github\.com\//, 'lfs-pointer'],
  // NIfTI-1 and NIfTI-2 headers tell their own length, in either byte order.
  [/^(\x5c\x01\0\0|\0\0\x01\x5c)[^]{340}(n[i+]1)\0/, 'nifti'],
  [/^(\x1c\x02\0\0|\0\0\x02\x1c)n[i+]2\0/, 'nifti'],
  // DICOM without preamble, as old archives write it: a file meta or identifying group, little endian.
  [/^\x02\0[\0\x01\x02]\0(UL|OB|UI|\x04\0)/, 'dicom'],
  [/^\x08\0(\0\0|\x01\0|\x05\0|\x08\0|\x16\0)(UL|CS|UI|[\x02-\x40]\0\0\0)/, 'dicom'],
];

/** The kind of a file by its first `KIND_BYTES`; undefined if they belong to none. */
export function imageKind(head: Uint8Array): ImageKind | undefined {
  const text = latin1(head.subarray(0, KIND_BYTES));
  for (const [pattern, kind] of beginnings) if (pattern.test(text)) return kind;
  const box = /^[^]{4}(ftyp|moov|mdat|wide)([^]{4})/.exec(text);
  if (box) {
    const [, type, major = ''] = box;
    if (type !== 'ftyp') return 'video';
    for (const [pattern, kind] of brands) {
      if (!pattern.test(major)) continue;
      // `mif1` is any still image; the compatible brands behind it tell which.
      return kind === 'heic' && /^[^]{16}([^]{4})*?avif/.test(text.slice(0, 64)) ? 'avif' : kind;
    }
    return 'video';
  }
  const markup = withoutByteOrderMark(text).trimStart();
  if (/^(<\?xml[^]*?)?(\s|<!--[^]*?-->|<!DOCTYPE svg[^>]*>)*<svg[\s>]/i.test(markup)) return 'svg';
  if (/^(<!doctype html|<html)/i.test(markup)) return 'web-page';
  return undefined;
}

/** True for a WebP of several frames (VP8X with the animation flag; RFC 9649, 2.7). */
export function isAnimatedWebp(head: Uint8Array): boolean {
  return latin1(head.subarray(12, 16)) === 'VP8X' && ((head[20] ?? 0) & 2) !== 0;
}

/** True for a WebP that stores alpha: in VP8X's flags, or in the header of a lossless bitstream. */
export function webpHasAlpha(head: Uint8Array): boolean {
  const chunk = latin1(head.subarray(12, 16));
  if (chunk === 'VP8X') return ((head[20] ?? 0) & 0x10) !== 0;
  return chunk === 'VP8L' && ((head[24] ?? 0) & 0x10) !== 0;
}

function withoutByteOrderMark(text: string): string {
  return text.startsWith('\xef\xbb\xbf') ? text.slice(3) : text;
}

export function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
