/** DICOM on the command line: what the model sees of a file, what is told, and what is refused. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { imagePart } from '../../../cli/generate/images.ts';
import { decodeImageInNode } from '../../../cli/shared/runtime/decode-image.ts';
import { rgbOf } from '../../../workers/image/decode.ts';
import { dicomCases, dicomFile } from '../../reference/dicom-cases.ts';

const folder = await mkdtemp(join(tmpdir(), 'generate-images-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

async function partOf(file: Uint8Array) {
  const path = join(folder, 'slice.dcm');
  await writeFile(path, file);
  const notes: string[] = [];
  const part = await imagePart(path, (text) => notes.push(text), new AbortController().signal);
  return { part, notes };
}

describe('DICOM', () => {
  it.each([
    ['CT with three windows', /is shown with its first window \(centre /],
    ['MONOCHROME1', /is shown with its first window/],
    ['grey of 12 bits', /has no window and is shown from its lowest to its highest value/],
    ['RGB', undefined],
    ['JPEG in grey', /has no window/],
  ])('%s', async (name, note) => {
    const { part, notes } = await partOf(dicomFile(name));
    const found = dicomCases().find((one) => one.name === name);
    const expected = found?.views[0]?.rgb ?? Uint8Array.of();
    const rgb = rgbOf(await decodeImageInNode(part.image, part.name));
    expect(rgb.length).toBe(expected.length);
    const largest = rgb.reduce((most, value, at) => Math.max(most, Math.abs(value - (expected[at] ?? NaN))), 0);
    expect(largest).toBeLessThanOrEqual(found?.tolerance ?? 0);
    expect(notes).toEqual(note ? [expect.stringMatching(note)] : []);
  });

  it('of several slices is refused: which of them is meant?', async () => {
    await expect(partOf(dicomFile('frames'))).rejects.toThrow('slice.dcm holds 3 slices; open it in the page');
  });

  it('that is damaged is refused', async () => {
    await expect(partOf(dicomFile('RGB').subarray(0, 500))).rejects.toThrow('image-unreadable');
  });
});
