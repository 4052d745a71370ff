import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { kindOf } from '#core/files/kind.ts';
import { openPng, PngPixels } from '#core/image/read-png.ts';
import { readGif } from '#core/image/read-gif.ts';
import { imageCases } from '../../reference/image-cases.ts';

function readPng(file: Uint8Array, step = 1000) {
  const png = openPng(file);
  const pixels = new PngPixels(png);
  const inflated = inflateSync(Buffer.concat(png.data));
  for (let at = 0; at < inflated.length; at += step) pixels.push(inflated.subarray(at, at + step));
  return { png, ...pixels.finish() };
}

const cases = imageCases();
const ofKind = (kind: string) => cases.filter(({ name }) => name.startsWith(kind));

describe('PNG as Pillow reads it', () => {
  it.each(ofKind('png'))('$name', ({ file, width, height, rgb }) => {
    const image = readPng(file);
    expect([image.width, image.height]).toEqual([width, height]);
    expect(Buffer.compare(image.rgb, rgb)).toBe(0);
    // However the stream is cut into pieces.
    expect(Buffer.compare(readPng(file, 3).rgb, rgb)).toBe(0);
  });

  it('tells used bits, transparency and animation', () => {
    const facts = (name: string) => {
      const found = cases.find((one) => one.name === name);
      if (!found) throw new Error(`no case ${name}`);
      const { png, usedBits } = readPng(found.file);
      return { usedBits, hasAlpha: png.hasAlpha, animated: png.animated };
    };
    expect(facts('png grey 16, 12 used')).toEqual({ usedBits: 12, hasAlpha: false, animated: false });
    expect(facts('png rgb 16')).toEqual({ usedBits: 16, hasAlpha: false, animated: false });
    expect(facts('png palette, tRNS')).toEqual({ usedBits: undefined, hasAlpha: true, animated: false });
    expect(facts('png animated')).toEqual({ usedBits: undefined, hasAlpha: false, animated: true });
  });

  it('hidden colours are the same as without alpha: chart-transparent-white and chart-opaque', () => {
    const folder = new URL('../../fixtures/cases/images/', import.meta.url);
    const [hidden, opaque] = ['chart-transparent-white.png', 'chart-opaque.png'].map(
      (name) => readPng(readFileSync(new URL(name, folder))).rgb,
    );
    expect(hidden?.length).toBe(448 * 448 * 3);
    expect(Buffer.compare(hidden ?? Buffer.of(), opaque ?? Buffer.of())).toBe(0);
  });

  it.each([10, 40, 60, 120])('a file cut off after %i bytes is refused', (length) => {
    const file = ofKind('png rgba')[0]?.file;
    expect(() => readPng(file?.subarray(0, length) ?? Buffer.of())).toThrow();
  });

  it('sizes that no memory holds are refused before anything is allocated', () => {
    const file = Uint8Array.from(ofKind('png rgba')[0]?.file ?? []);
    new DataView(file.buffer).setUint32(16, 100_000);
    new DataView(file.buffer).setUint32(20, 100_000);
    expect(() => openPng(file)).toThrow('100000 × 100000 pixels');
  });
});

describe('the first frame of a GIF as Pillow reads it', () => {
  it.each(ofKind('gif'))('$name', ({ name, file, width, height, rgb }) => {
    const image = readGif(file);
    expect([image.width, image.height]).toEqual([width, height]);
    expect(Buffer.compare(image.rgb, rgb)).toBe(0);
    expect(image.animated).toBe(name === 'gif animated');
    expect(image.hasAlpha).toBe(name === 'gif transparent');
  });

  it('a file that is cut off is refused wherever it ends', () => {
    const file = ofKind('gif interlaced')[0]?.file ?? Buffer.of();
    for (const length of [0, 5, 12, 100, 800, 1500, file.length - 3])
      expect(() => readGif(file.subarray(0, length)), `${length} bytes`).toThrow();
  });
});

describe('kinds by content', () => {
  it.each(cases)('$name', ({ name, file }) => {
    expect(kindOf(file.subarray(0, 1024))?.kind).toBe(name.split(' ')[0]);
  });

  const text = (content: string) => Buffer.from(content, 'latin1');
  it.each([
    ['heic', text('\0\0\0\x18ftypheic\0\0\0\0mif1heic')],
    ['heic', text('\0\0\0\x18ftypmif1\0\0\0\0mif1heic')],
    ['avif', text('\0\0\0\x18ftypmif1\0\0\0\0mif1avif')],
    ['video', text('\0\0\0\x18ftypmp42\0\0\0\0isom')],
    ['video', text('\x1aE\xdf\xa3 webm')],
    ['video', text('RIFF\0\0\0\0AVI LIST')],
    ['video', text('\0\0\0\x08wide\0\0\0\0mdat')],
    [undefined, text('The wide river')],
    ['tiff', text('II*\0\x08\0\0\0')],
    ['tiff', text('MM\0+\0\x08\0\0')],
    ['svg', text('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['svg', text('\xef\xbb\xbf<?xml version="1.0"?>\n<!-- a drawing -->\n<!DOCTYPE svg PUBLIC "x">\n<svg width="1"/>')],
    ['webPage', text('<!DOCTYPE html><html><svg></svg>')],
    ['pdf', text('%PDF-1.7')],
    ['zip', text('PK\x03\x04')],
    ['gzip', text('\x1f\x8b\x08')],
    ['jpeg2000', text('\0\0\0\x0cjP  \r\n\x87\n')],
    ['jpegXl', text('\xff\x0a')],
    ['photoshop', text('8BPS\0\x01')],
    ['icon', text('\0\0\x01\0\x01\0')],
    ['nifti', text(`\x5c\x01\x00\x00${'\0'.repeat(340)}n+1\0`)],
    ['lfsPointer', text('version https://git-lfs.github.com/spec/v1\n')],
    ['dicom', text(`${'\0'.repeat(128)}DICM`)],
    ['dicom', text('\x08\0\x05\0\x0a\0\0\0ISO_IR 100')],
    ['dicom', text('\x08\0\x05\0CS\x0a\0ISO_IR 100')],
    [undefined, text('just a line of text, not an image')],
    ['empty', text('')],
    ['modelConfig', text('{"model_type": "gemma3"}')],
  ])('%s', (kind, bytes) => {
    expect(kindOf(bytes)?.kind).toBe(kind);
  });
});
