import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readPack } from '#core/tokenizer/korean/read-pack.ts';
import { readTokenizerJson } from '#core/tokenizer/json/tokenizer-json.ts';
import { reachesAcross, unitEnds } from '#core/tokenizer/text/units.ts';
import { cutsAreSafe } from '../../../workers/tokenizer/cuts.ts';
import { gemma3TokenizerJson, koreanPairs } from '../../reference/gemma3-tokenizer.ts';
import { randomText } from '../../reference/random-text.ts';
import { standInTokenizer } from '../../../cli/random-checkpoint/stand-in-tokenizer.ts';

const base = readTokenizerJson(gemma3TokenizerJson());
const pack = readPack(JSON.parse(readFileSync('public/korean/ko-8960.json', 'utf8')));
const merged = base.withMerges(pack.merges, pack.firstId);

function byUnits(text: string): { base: string; merged: string } {
  let from = 0;
  const units = unitEnds(text).map((end) => text.slice(from, (from = end)));
  return {
    base: units.flatMap((unit) => [...base.encode(unit)]).join(),
    merged: units.flatMap((unit) => [...merged.encode(unit)]).join(),
  };
}

test('a text in units gives the tokens of the whole', () => {
  const sentences = koreanPairs().flatMap(({ english, korean }) => [korean, english]);
  for (let at = 0; at < sentences.length; at += 25) {
    const text = sentences.slice(at, at + 25).join(at % 2 === 0 ? ' ' : '\n');
    expect(byUnits(text)).toEqual({ base: base.encode(text).join(), merged: merged.encode(text).join() });
  }
  const glue = fc.constantFrom('. ', '! ', '\n', '\n\n\n', '?" ', ' ', '▁', '. ▁', '> </', '.  ', '가'.repeat(200));
  const texts = fc.array(fc.tuple(randomText(['<unused3>', '\n\n', '▁▁', '</td>']), glue), { maxLength: 8 });
  fc.assert(
    fc.property(texts, (parts) => {
      const text = parts.flat().join('');
      expect(byUnits(text)).toEqual({ base: base.encode(text).join(), merged: merged.encode(text).join() });
    }),
    { numRuns: 300 },
  );
});

test('it is told which vocabularies allow it', () => {
  expect(cutsAreSafe(base)).toBe(true);
  expect(cutsAreSafe(merged, pack.firstId)).toBe(true);
  expect(
    cutsAreSafe(
      base.withMerges(
        [
          ['다', '.'],
          ['다.', '▁그'],
        ],
        pack.firstId,
      ),
    ),
  ).toBe(false);
  const { tokenizer } = standInTokenizer();
  expect(cutsAreSafe(readTokenizerJson(tokenizer))).toBe(true);
  const prepending = { ...tokenizer, normalizer: { type: 'Prepend', prepend: '▁' } };
  expect(cutsAreSafe(readTokenizerJson(prepending))).toBe(false);
  expect(reachesAcross('다.▁그')).toBe(true);
  expect(reachesAcross('\n\n')).toBe(false);
  expect(reachesAcross('▁그')).toBe(false);
});
