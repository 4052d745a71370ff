import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { readTokenizer } from '../../../workers/tokenizer/read-tokenizer.ts';

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/cases/tokenizers/${name}`, import.meta.url));
const { texts, ids } = JSON.parse(fixture('expected.json').toString('utf8')) as {
  texts: string[];
  ids: Record<string, number[][]>;
};

it.each(Object.keys(ids))('%s makes the ids of its reference', (name) => {
  const file = name === 'bpe-score0' ? `${name}.model` : `${name}.json`;
  const { tokenizer } = readTokenizer(gunzipSync(fixture(`${file}.gz`)), file, () => {
    throw new Error('no base');
  });
  expect(texts.map((text) => [...tokenizer.encode(text)])).toEqual(ids[name]);
});
