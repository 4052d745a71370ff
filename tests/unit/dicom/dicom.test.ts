import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ctColours, placeOf, sampledSlices, sortedSlices } from '#core/dicom/ct.ts';
import { isHounsfield } from '#core/dicom/image.ts';
import { readFrame } from '#core/dicom/pixels.ts';
import { rangeOf, renderFrame, type Rendering } from '#core/dicom/render.ts';
import { fileVois, greyOf } from '#core/dicom/window.ts';
import { privateFactsOfBoth } from '#core/dicom/private-facts.ts';
import { ImageError } from '#core/image/image-error.ts';
import { decodeJpeg, dicomCases, dicomFile, imageOf } from '../../reference/dicom-cases.ts';

async function shown(file: Uint8Array, how: string, index: number): Promise<Uint8Array> {
  const image = await imageOf(file);
  const frame = await readFrame(image, index, decodeJpeg);
  let rendering: Rendering = { type: 'full' };
  if (how === 'ct-colours') rendering = { type: how };
  else if (how.startsWith('file:')) {
    const voi = fileVois(image, index)[Number(how.slice(5))]?.voi;
    if (!voi) throw new Error(`the file has no ${how}`);
    rendering = voi;
  }
  return renderFrame(image, index, frame, rendering);
}

describe('DICOM as pydicom and the standard have it', () => {
  it.each(dicomCases())('$name', async ({ file, views, tolerance }) => {
    for (const { rendering, frame, rgb } of views) {
      const actual = await shown(file, rendering, frame);
      expect(actual.length).toBe(rgb.length);
      const largest = Math.max(...rgb.map((value, at) => Math.abs(value - (actual[at] ?? NaN))));
      expect(largest, `${rendering} of frame ${frame}`).toBeLessThanOrEqual(tolerance);
    }
  });

  it('words of windows, identifying elements, text in the picture', async () => {
    const ct = await imageOf(dicomFile('CT with three windows'));
    expect(fileVois(ct, 0).map(({ explanation }) => explanation)).toEqual(['SOFT', 'LUNG', 'EDGE']);
    expect(isHounsfield(ct)).toBe(true);
    expect(isHounsfield(await imageOf(dicomFile('signed, fractions')))).toBe(false);
    expect(isHounsfield(await imageOf(dicomFile('enhanced CT')))).toBe(true);
    const named = await imageOf(dicomFile('identifying'));
    // PatientID is there and empty.
    expect(named.identifying).toEqual(['PatientName', 'PatientBirthDate']);
    expect(named.burnedIn).toBe('yes');
    expect(ct.burnedIn).toBe('unknown');
    expect(ct.identifying).toEqual([]);
    // A series says what any of its files holds, whichever comes first.
    for (const both of [privateFactsOfBoth(ct, named), privateFactsOfBoth(named, ct)]) {
      expect(both).toEqual({ ...both, identifying: ['PatientName', 'PatientBirthDate'], burnedIn: 'yes' });
    }
    const clean = { identifying: [], burnedIn: 'no', hasOverlay: false } as const;
    expect(privateFactsOfBoth(clean, clean)).toEqual(clean);
    expect(privateFactsOfBoth(clean, { ...clean, burnedIn: 'unknown', hasOverlay: true })).toEqual({
      ...{ identifying: [], burnedIn: 'unknown', hasOverlay: true },
    });
  });

  it('padding does not count in the range', async () => {
    const image = await imageOf(dicomFile('padding'));
    const frame = await readFrame(image, 0, decodeJpeg);
    const kept = [...frame.values].filter((value) => value !== image.padding?.[0]);
    expect(rangeOf(image, 0, frame)).toEqual({ lowest: Math.min(...kept), highest: Math.max(...kept) });
    const only = { ...frame, values: frame.values.slice(0, 1) };
    expect(rangeOf(image, 0, only)).toEqual({ lowest: 0, highest: 0 });
  });
});

describe('what is refused', () => {
  /** The UID of Explicit VR Little Endian in the head, replaced by another of the same length. */
  function withSyntax(uid: string): Uint8Array {
    const file = Buffer.from(dicomFile('grey of 12 bits'));
    const at = file.indexOf('1.2.840.10008.1.2.1\0');
    const length = Buffer.alloc(2);
    length.writeUInt16LE(uid.length + (uid.length % 2));
    return Buffer.concat([
      file.subarray(0, at - 2),
      length,
      Buffer.from(uid + '\0'.repeat(uid.length % 2)),
      file.subarray(at + 20),
    ]);
  }

  it.each([
    ['1.2.840.10008.1.2.4.70', 'JPEG Lossless, First-Order Prediction'],
    ['1.2.840.10008.1.2.4.80', 'JPEG-LS Lossless'],
    ['1.2.840.10008.1.2.4.90', 'JPEG 2000 Lossless'],
    ['1.2.840.10008.1.2.4.202', 'HTJ2K Lossless RPCL'],
    ['1.2.3.4.5', '1.2.3.4.5'],
  ])('transfer syntax %s has a name', async (uid, name) => {
    const image = await imageOf(withSyntax(uid));
    expect(image.file.syntax).toMatchObject({ name, pixels: 'refused' });
  });

  it('scan.dcm: a head and then noise', async () => {
    const file = readFileSync(new URL('../../fixtures/cases/images/scan.dcm', import.meta.url));
    await expect(imageOf(file)).rejects.toThrow('its transfer syntax is missing');
  });

  it('pixels that are cut off', async () => {
    const file = dicomFile('grey of 12 bits');
    await expect(imageOf(file.subarray(0, file.length - 3))).rejects.toThrow('the file is cut off');
    const rle = dicomFile('RLE');
    await expect(imageOf(rle.subarray(0, rle.length - 20))).rejects.toThrow('the file is cut off');
  });

  it('no bytes make anything but an image or an ImageError', async () => {
    const file = dicomFile('enhanced CT');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        fc.nat(file.length),
        async (changes, length) => {
          const damaged = file.slice(0, Math.max(length, 140));
          for (const [at, value] of changes) if (at < damaged.length) damaged[at] = value;
          try {
            const image = await imageOf(damaged);
            if (image.rows * image.columns > 1e6) return;
            await readFrame(image, 0, decodeJpeg);
            fileVois(image, 0);
          } catch (error) {
            expect(error).toBeInstanceOf(ImageError);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('windows', () => {
  it('LINEAR: the example of PS3.3, C.11.2.1.2: center 2048, width 4096', () => {
    const window = { center: 2048, width: 4096, function: 'LINEAR' } as const;
    expect(greyOf(window, 0)).toBe(0);
    expect(greyOf(window, 4095)).toBe(255);
    expect(greyOf(window, 2047.5)).toBeCloseTo(127.5, 10);
  });

  it('width 1 is a threshold', () => {
    const window = { center: 0, width: 1, function: 'LINEAR' } as const;
    expect([-1, -0.5, 0, 5].map((value) => greyOf(window, value))).toEqual([0, 0, 255, 255]);
  });
});

describe('CT for MedGemma', () => {
  it('three windows', () => {
    expect(ctColours(-2000)).toEqual([0, 0, 0]);
    expect(ctColours(3000)).toEqual([255, 255, 255]);
    expect(ctColours(40)).toEqual([132, 128, 128]);
  });

  it('samples as the notebook: round(i / count · (slices − 1)), half to even', () => {
    expect(sampledSlices(3, 85)).toEqual([0, 1, 2]);
    expect(sampledSlices(11, 4)).toEqual([2, 5, 8, 10]);
    expect(sampledSlices(200, 85)).toHaveLength(85);
    expect(sampledSlices(200, 85).at(-1)).toBe(199);
    expect(new Set(sampledSlices(86, 85)).size).toBe(85);
  });

  it('slices by position, in the direction of their numbers', async () => {
    const given = await Promise.all([2, 1, 4, 3].map((number) => imageOf(dicomFile(`slice ${number}`))));
    const order = (images: typeof given) =>
      sortedSlices(images.map((image) => placeOf(image, 0))).map(({ instanceNumber }) => instanceNumber);
    expect(order(given)).toEqual([1, 2, 3, 4]);
    // Wrong numbers do not change the order of positions.
    const misnumbered = given.map((image) => (image.instanceNumber === 2 ? { ...image, instanceNumber: 9 } : image));
    expect(order(misnumbered)).toEqual([1, 9, 3, 4]);
    const flat = await imageOf(dicomFile('CT with three windows'));
    expect(
      order([
        { ...flat, instanceNumber: 3 },
        { ...flat, instanceNumber: 1 },
      ]),
    ).toEqual([1, 3]);
  });
});
