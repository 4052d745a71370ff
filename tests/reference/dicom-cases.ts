import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import sharp from 'sharp';
import { openDicom } from '#core/dicom/file.ts';
import { readImage, type DicomImage } from '#core/dicom/image.ts';
import { bytesOfDicomCases } from './dicom-case.ts';

const cases = bytesOfDicomCases(
  JSON.parse(readFileSync(new URL('../fixtures/images/dicom.json', import.meta.url), 'utf8')),
);

export function dicomCases() {
  return cases;
}

export function dicomFile(name: string): Uint8Array<ArrayBuffer> {
  const found = cases.find((one) => one.name === name);
  if (!found) throw new Error(`no case ${name}`);
  return found.file;
}

export async function imageOf(file: Uint8Array): Promise<DicomImage> {
  return readImage(await openDicom(file, async (bytes) => inflateRawSync(bytes)));
}

/** What the browser does in the page. */
export async function decodeJpeg(jpeg: Uint8Array) {
  const { data, info } = await sharp(jpeg)
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const rgb =
    info.channels === 1 ? Uint8Array.from({ length: data.length * 3 }, (_, at) => data[Math.floor(at / 3)] ?? 0) : data;
  return { width: info.width, height: info.height, rgb };
}
