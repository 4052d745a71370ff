import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readPairs } from '#core/tokenizer/statistics/read-pairs.ts';
import { rowsOf, SOURCES } from '../../../src/labs/tokenizer/medicine/medicine.svelte.ts';
import { FIELDS, readTerms, termLists } from '../../../src/labs/tokenizer/medicine/terms.ts';

const shipped = (name: string) => readFileSync(new URL(`../../../public/korean/${name}`, import.meta.url), 'utf8');

test('the shipped terms are read whole: Korean, English and a field each, none twice', () => {
  const text = shipped('medical-terms.tsv');
  const terms = readTerms(text);
  expect(terms).toHaveLength(text.trimEnd().split('\n').length);
  expect(new Set(terms.map(({ korean }) => korean)).size).toBe(terms.length);
  for (const { korean, english } of terms) {
    expect(korean).toMatch(/^[가-힣]+$/);
    expect(english).toMatch(/^[\w ,'’-]+$/);
  }
  for (const field of FIELDS) expect(terms.filter((term) => term.field === field).length).toBeGreaterThan(20);
});

test('the shipped sentences are pairs of English and Korean, none of them twice', () => {
  for (const name of SOURCES) {
    const read = readPairs(shipped(`${name}.en-ko.tsv`));
    if ('problem' in read) throw new Error(read.problem);
    expect(read).toMatchObject({ header: false, leftOut: { halfEmpty: 0, tooWide: 0 } });
    expect(new Set(read.pairs.map(({ korean }) => korean)).size).toBe(read.pairs.length);
  }
});

test('each source is counted apart, against the base', () => {
  const rows = rowsOf(
    [
      { key: 'base', english: new Int32Array(3), korean: Int32Array.of(10, 4, 6) },
      { key: 'pack', english: new Int32Array(3), korean: Int32Array.of(8, 5, 3) },
    ],
    { general: 1, clinical: 2 },
  );
  expect(rows[0]?.sources.general).toEqual({ tokens: 10, change: undefined, longer: 0 });
  expect(rows[1]?.sources.general.change).toBeCloseTo(-0.2);
  expect(rows[1]?.sources.clinical).toMatchObject({ tokens: 8, longer: 1 });
  expect(rows[1]?.sources.clinical.change).toBeCloseTo(-0.2);
});

test('terms are one token or several, found in both languages, those that cost most first', () => {
  const terms = readTerms('심근경색\tmyocardial infarction\tdisease\n뇌졸중\tstroke\tdisease\n기침\tcough\tsymptom\n');
  const cuts = (pieces: string[][]) => ({ key: 'any', pieces });
  const base = cuts([['▁심', '근', '경', '색'], ['▁뇌', '졸', '중'], ['▁기침']]);
  const pack = cuts([['▁심근', '경색'], ['▁뇌', '졸', '중'], ['▁기침']]);
  const all = termLists(terms, base, pack, '');
  expect(all.one.map(({ korean }) => korean)).toEqual(['기침']);
  expect(all.alreadyOne).toBe(1);
  expect(all.several.map(({ korean, after }) => [korean, after.length])).toEqual([
    ['뇌졸중', 3],
    ['심근경색', 2],
  ]);
  expect(termLists(terms, base, pack, ' STROKE').several.map(({ korean }) => korean)).toEqual(['뇌졸중']);
  expect(termLists(terms, base, pack, '경색').several.map(({ korean }) => korean)).toEqual(['심근경색']);
  expect(termLists(terms, base, undefined, '').one).toEqual([]);
});
