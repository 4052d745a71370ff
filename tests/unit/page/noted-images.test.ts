import { expect, test } from 'vitest';
import { notedImages } from '../../../src/chat/noted-images.ts';

test('a note is said once for all images that have it', () => {
  const twelve = { code: 'sixteen-bits', bits: 12 } as const;
  const first = { code: 'first-frame' } as const;
  const found = notedImages([
    { name: 'a.png', notes: [twelve] },
    { name: 'b.jpg' },
    { name: 'c.gif', notes: [first, { ...twelve }] },
    { name: 'd.png', notes: [{ ...twelve, bits: 10 }] },
  ]);
  expect(found.map(({ note, names }) => [note, names])).toEqual([
    [twelve, ['a.png', 'c.gif']],
    [first, ['c.gif']],
    [{ ...twelve, bits: 10 }, ['d.png']],
  ]);
});
