/* eslint-disable no-control-regex -- beginnings of files are bytes */
/**
 * What a file is by its first bytes. Names and MIME types say little: a phone names a HEIC photo `.jpg`, a viewer exports
 * PNG without extension, browsers know no MIME type for DICOM, and a login page is saved under the name of the file it stands for.
 */
import { latin1 } from '../bytes.ts';
import type { FileKind } from './kinds.ts';

/** Brands of the ISO base media file format (ISO 14496-12); the rest of the format is video. */
const BRANDS: readonly (readonly [pattern: RegExp, kind: FileKind])[] = [
  [/^avi[fs]/, 'avif'],
  [/^(hei[cxms]|hev[cxm]|mif1|msf1)/, 'heic'],
];

/** Office Open XML, OpenDocument and HWPX are zip archives that begin with one of these entries. */
const OFFICE_ENTRY =
  /^(\[Content_Types\]\.xml|_rels\/|docProps\/|(word|xl|ppt)\/|mimetypeapplication\/(hwp|vnd\.oasis))/;

/**
 * Beginnings as Latin-1; the first that fits counts. Each is strict enough that no text begins so: texts come this way too.
 */
const BEGINNINGS: readonly (readonly [pattern: RegExp, kind: FileKind])[] = [
  // Eight bytes of length, of which four are used at most, and the JSON. The length may begin like anything, so this is first.
  [/^[^]{4}\0{4}\{/, 'safetensors'],
  [/^GGUF([\x01-\x09]\0\0\0|\0\0\0[\x01-\x09]|$)/, 'gguf'],
  [/^\x80[\x02-\x05][\x8a\x8c\x95}\](c]/, 'pickle'],
  [/^\x89HDF/, 'hdf5'],
  [/^\x93NUMPY/, 'numpy'],
  [/^\x89PNG\r\n\x1a\n/, 'png'],
  [/^\xff\xd8\xff/, 'jpeg'],
  [/^RIFF[^]{4}WEBP/, 'webp'],
  [/^RIFF[^]{4}AVI /, 'video'],
  [/^GIF8[79]a/, 'gif'],
  [/^BM[^]{4}\0\0\0\0/, 'bmp'],
  [/^[^]{128}DICM/, 'dicom'],
  [/^(II[*+]\0|MM\0[*+])/, 'tiff'],
  [/^%PDF-/, 'pdf'],
  [/^\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1/, 'officeDocument'],
  [/^PK(\x03\x04|\x05\x06)/, 'zip'],
  [/^\x1f\x8b/, 'gzip'],
  [/^(Rar!\x1a\x07|7z\xbc\xaf|BZh[1-9]1AY&SY|\xfd7zXZ\0|\x28\xb5\x2f\xfd)/, 'archive'],
  [/^[^]{257}ustar[\0 ]/, 'archive'],
  [/^(\0\0\0\x0cjP {2}\r\n\x87\n|\xff\x4f\xff\x51)/, 'jpeg2000'],
  [/^(\0\0\0\x0cJXL \r\n\x87\n|\xff\x0a)/, 'jpegXl'],
  [/^(\x1aE\xdf\xa3|OggS\0|\0\0\x01[\xb3\xba]|FLV\x01)/, 'video'],
  [/^8BPS\0[\x01\x02]/, 'photoshop'],
  [/^\0\0[\x01\x02]\0[^\0]\0/, 'icon'],
  // NIfTI-1 and NIfTI-2 headers tell their own length, in either byte order.
  [/^(\x5c\x01\0\0|\0\0\x01\x5c)[^]{340}(n[i+]1)\0/, 'nifti'],
  [/^(\x1c\x02\0\0|\0\0\x02\x1c)n[i+]2\0/, 'nifti'],
  // DICOM without preamble, as old archives write it: a file meta or identifying group, little endian.
  [/^\x02\0[\0\x01\x02]\0(UL|OB|UI|\x04\0)/, 'dicom'],
  [/^\x08\0(\0\0|\x01\0|\x05\0|\x08\0|\x16\0)(UL|CS|UI|[\x02-\x40]\0\0\0)/, 'dicom'],
];

/** @param head the first bytes of a file @returns undefined for text and for what is not known */
export function kindOfBeginning(head: Uint8Array): FileKind | undefined {
  const bytes = latin1(head);
  for (const [pattern, kind] of BEGINNINGS) {
    if (pattern.test(bytes)) return kind === 'zip' ? kindOfZip(bytes) : kind;
  }
  return kindOfMedia(bytes) ?? (isSentencePiece(head) ? 'sentencepieceModel' : undefined);
}

/** By the name of the first entry, which stands at byte 30. */
function kindOfZip(bytes: string): FileKind {
  const entry = bytes.slice(30, 130);
  if (/^[^\0]*data\.pkl/.test(entry)) return 'pickle';
  if (OFFICE_ENTRY.test(entry)) return 'officeDocument';
  return /^[^\0]*\.npy/.test(entry) ? 'numpy' : 'zip';
}

function kindOfMedia(bytes: string): FileKind | undefined {
  // A box begins with its size, whose first byte is no letter: a text may have "wide" there.
  const box = /^[\0-\x08][^]{3}(ftyp|moov|mdat|wide)([^]{4})/.exec(bytes);
  if (!box) return undefined;
  const [, type, major = ''] = box;
  if (type !== 'ftyp') return 'video';
  for (const [pattern, kind] of BRANDS) {
    if (!pattern.test(major)) continue;
    // `mif1` is any still image; the compatible brands behind it tell which.
    return kind === 'heic' && /^[^]{16}([^]{4})*?avif/.test(bytes.slice(0, 64)) ? 'avif' : kind;
  }
  return 'video';
}

/** A protobuf that begins with its first piece: field 1, in it field 1 (text), then field 2 (score) or 3 (type). */
function isSentencePiece(head: Uint8Array): boolean {
  const [piece, , text, length = 0] = head;
  const next = head[4 + length];
  return piece === 0x0a && text === 0x0a && (next === 0x15 || next === 0x18);
}
