/** The training kit reads the data files of `npm run lora`: the same examples, and the same lines refused. */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { greyscalePng } from '#core/image/png.ts';
import { readExamples } from '#core/lora/training/data-file.ts';
import { writePhantomSet } from '../../../cli/phantoms/phantom-set.ts';
import { temporaryFolder } from '../../reference/node.ts';
import { hasTrainingPython, python } from './python.ts';

const READ = `
import json, sys
from pathlib import Path
from teaching.example_file import ExampleFile
try:
    read = ExampleFile(Path(sys.argv[1]), 64)
except ValueError as error:
    print(json.dumps({"error": str(error)}))
else:
    about = [[pair.question, pair.answer] for pairs in read.pairs.values() for of_image in pairs for pair in of_image]
    talk = [[pair.question, pair.answer] for pairs in read.talk.values() for pair in pairs]
    print(json.dumps({"about": about, "talk": talk, "sums": [int(image.sum()) for image in read.images]}))
`;

const isHere = hasTrainingPython();
const name = isHere ? 'a data file' : 'a data file (skipped: no Python with PyTorch; PYTHON may name one)';
describe.skipIf(!isHere)(name, () => {
  vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
  const folder = temporaryFolder();
  const set = join(folder.path, 'set');
  afterAll(() => folder.remove());
  beforeAll(() => writePhantomSet({ out: set, task: 'patient-side', split: 'train', seed: 0, count: 3, questions: 1 }));

  const inPython = async (file: string): Promise<unknown> => JSON.parse((await python(['-c', READ, file])).stdout);

  it('with rows of images.npy, a PNG, and questions without an image', async () => {
    await copyFile(join(set, 'questions.jsonl'), join(set, 'own.jsonl'));
    const grey = new Uint8Array(64 * 64).fill(7);
    await writeFile(join(set, 'own.png'), greyscalePng(grey, 64, 64));
    const own = { question: '무엇입니까?', answer: '병변이 없습니다.', image: 'own.png' };
    await writeFile(join(set, 'own.jsonl'), `${JSON.stringify(own)}\n`, { flag: 'a' });
    const text = await readFile(join(set, 'own.jsonl'), 'utf8');
    const examples = readExamples(text, 'own.jsonl');
    const pairs = (about: boolean) =>
      examples.filter(({ image }) => (image !== undefined) === about).map(({ question, answer }) => [question, answer]);
    const read = await inPython(join(set, 'own.jsonl'));
    expect(read).toEqual({
      about: expect.arrayContaining(pairs(true)) as unknown,
      talk: expect.arrayContaining(pairs(false)) as unknown,
      sums: expect.arrayContaining([7 * 64 * 64]) as unknown,
    });
    expect(read).toHaveProperty('about.length', pairs(true).length);
    expect(read).toHaveProperty('talk.length', pairs(false).length);
  });

  it.each(['{"question": "a"}', '[1]', '{"question": "a", "answer": "b", "image": true}'])(
    'refuses %s by its line',
    async (wrong) => {
      const file = join(set, 'wrong.jsonl');
      const five = Array.from({ length: 5 }, () => '{"question": "a", "answer": "b"}');
      const text = [...five, wrong].join('\n');
      await writeFile(file, text);
      expect(() => readExamples(text, file)).toThrow(`${file}, line 6: `);
      expect(await inPython(file)).toEqual({ error: expect.stringContaining(`${file}, line 6: `) as unknown });
    },
  );
});
