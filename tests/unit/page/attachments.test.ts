/** Files that are added while others are read, and a dialog that is open while more come. */
import { expect, test, vi } from 'vitest';
import { FailureError } from '#core/failure.ts';
import type { DicomSeries, ImageJobs, NamedFile } from '#core/protocol/image.ts';
import { Attachments } from '../../../src/chat/attachments.svelte.ts';
import { ImageWorker } from '../../../src/workers/image-worker.ts';
import { FakeWorker } from '../jobs/fake-worker.ts';

const file = (name: string) => new File(['x'], name);
const series = (description: string): DicomSeries => ({
  ...{ description, number: 1, modality: 'CT', slices: 1, rows: 1, columns: 1, isColour: false, isHounsfield: true },
  ...{ identifying: [], burnedIn: 'no', hasOverlay: false },
});

/** Of the names: `broken` cannot be read, `.dcm` is DICOM, `refused.dcm` fails when it is opened. */
function attachments() {
  let release = () => {};
  let gate = Promise.resolve();
  const unused = { mode: 'queue' as const, run: () => Promise.reject(new FailureError('busy')) };
  const worker = new ImageWorker(() =>
    FakeWorker.of<ImageJobs>({
      read: {
        mode: 'queue',
        run: async ({ name }: NamedFile) => {
          await gate;
          if (name.includes('broken')) throw new FailureError('image-unreadable', { name, reason: 'broken' });
          return { read: name.endsWith('.dcm') ? { type: 'dicom' } : { type: 'as-is', notes: [] } };
        },
      },
      openDicom: {
        mode: 'queue',
        run: (files) => {
          const [first] = files;
          if (!first || first.name === 'refused.dcm') return Promise.reject(new FailureError('runtime'));
          return Promise.resolve({ series: [series(first.name)], refused: [] });
        },
      },
      showDicom: unused,
      saveDicom: unused,
    }),
  );
  return {
    of: new Attachments(worker),
    hold: () => {
      gate = new Promise((resolve) => (release = resolve));
    },
    go: () => release(),
  };
}

const names = ({ items }: Attachments) => items.map(({ name }) => name);
const refused = (of: Attachments) => of.refused.map(({ name }) => name);

test('two drops in one breath: what the first could not read is still named', async () => {
  const { of } = attachments();
  const first = of.add([file('a.png'), file('broken-1.png')]);
  const second = of.add([file('broken-2.png'), file('b.png')]);
  expect(of.reading).toBe(4);
  await Promise.all([first, second]);
  expect(names(of)).toEqual(['a.png', 'b.png']);
  expect(refused(of)).toEqual(['broken-1.png', 'broken-2.png']);
  expect(of.reading).toBe(0);
  // The next drop is about itself.
  await of.add([file('c.png')]);
  expect(refused(of)).toEqual([]);
});

test('DICOM that comes while a window is chosen waits for that dialog; it replaces nothing', async () => {
  const { of } = attachments();
  await of.add([file('one.dcm')]);
  const later = of.add([file('two.dcm'), file('a.png')]);
  await vi.waitFor(() => expect(names(of)).toEqual(['a.png']));
  expect(of.dicom?.current.description).toBe('one.dcm');
  of.closeDicom();
  await later;
  expect(of.dicom?.current.description).toBe('two.dcm');
});

test('where DICOM cannot be opened, the images beside it are not called unreadable', async () => {
  const { of } = attachments();
  await of.add([file('a.png'), file('refused.dcm')]);
  expect(names(of)).toEqual(['a.png']);
  expect(refused(of)).toEqual(['refused.dcm']);
});

test('what was cleared does not come back when it has been read', async () => {
  const { of, hold, go } = attachments();
  hold();
  const adding = of.add([file('a.png'), file('broken.png'), file('b.dcm')]);
  await vi.waitFor(() => expect(of.reading).toBe(3));
  of.clear();
  go();
  await adding;
  expect([names(of), refused(of), of.reading, of.dicom]).toEqual([[], [], 0, undefined]);
});
