import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PackError } from '#core/tokenizer/korean/pack-error.ts';
import type { Pack } from '#core/tokenizer/korean/pack.ts';
import { readPack } from '#core/tokenizer/korean/read-pack.ts';
import { writePack } from '#core/tokenizer/korean/write-pack.ts';
import { tinyPack } from './tiny-base.ts';

const good = tinyPack([
  ['라', '마', 5],
  ['▁', '라마', 3],
]);

describe('a pack', () => {
  it('is read as it was written, one merge a line', () => {
    const merges = fc.uniqueArray(
      fc.tuple(fc.string({ minLength: 1, unit: 'binary' }), fc.constantFrom('가', '"', '\n'), fc.nat()),
      { selector: ([left, right]) => left + right },
    );
    fc.assert(
      fc.property(merges, fc.string(), (given, notice) => {
        const made = new Set(given.map(([left, right]) => left + right));
        // A side that another merge makes would have to come behind it.
        const alone = given.filter(([left, right]) => !made.has(left) && !made.has(right));
        const pack = { ...tinyPack(alone), corpus: { ...good.corpus, notice } };
        const text = writePack(pack);
        expect(readPack(JSON.parse(text))).toEqual(pack);
        expect(text.split('\n').length - writePack(tinyPack([])).split('\n').length).toBe(
          Math.max(0, alone.length - 1),
        );
      }),
    );
  });

  it('is read with merges that build on each other', () => {
    expect(readPack(JSON.parse(writePack(good)))).toEqual(good);
  });

  it.each<[string, unknown, RegExp]>([
    ['no object', [], /^The pack is \[\], expected an object\.$/],
    ['nothing', null, /^The pack is null/],
    ['another format', { ...good, format: 'x/2' }, /format is "x\/2", expected "medgemma-ko-lab\/korean\/1"/],
    ['a tokenizer.json', { version: '1.0', model: {} }, /no pack of a Korean vocabulary: its format is missing/],
    ['no name', { ...good, name: 7 }, /"name" of the pack is 7, expected a text/],
    ['a short hash', { ...good, base: { sha256: 'ab', size: 3 } }, /"base\.sha256" of the pack is "ab"/],
    ['a size of half', { ...good, base: { ...good.base, size: 1.5 } }, /"base\.size" of the pack is 1\.5/],
    [
      'new ids among those of the base',
      { ...good, firstId: 2 },
      /"firstId" of the pack is 2, expected a whole number from/,
    ],
    ['no corpus', { ...good, corpus: 'text' }, /"corpus" of the pack is "text", expected an object/],
    ['an unknown method', { ...good, method: 'unigram' }, /"method" of the pack is "unigram", expected "bpe" or/],
    ['an option that is a list', { ...good, options: { scripts: ['Hangul'] } }, /"options\.scripts" of the pack is/],
    ['merges that are no list', { ...good, merges: {} }, /"merges" of the pack is \{\}, expected a list/],
    ['a merge of two', { ...good, merges: [['라', '마']] }, /"merges\[0\]" of the pack is \["라","마"\]/],
    ['an empty side', { ...good, merges: [['라', '', 1]] }, /"merges\[0\]\[1\]" of the pack is "", expected a piece/],
    ['a number as a side', { ...good, merges: [[1, '라', 1]] }, /"merges\[0\]\[0\]" of the pack is 1/],
    ['a frequency below 0', { ...good, merges: [['라', '마', -1]] }, /"merges\[0\]\[2\]" of the pack is -1/],
    [
      'a piece made twice',
      { ...good, merges: [['라', '마다', 1], ['라마', '다', 1]] }, // prettier-ignore
      /merges\[1\] of the pack makes "라마다", which merges\[0\] already made/,
    ],
    [
      'a piece used before it is made',
      { ...good, merges: [...good.merges].reverse() },
      /merges\[0\] of the pack uses "라마", which only merges\[1\] makes/,
    ],
  ])('is refused when it is %s', (_, json, message) => {
    expect(() => readPack(json)).toThrow(PackError);
    expect(() => readPack(json)).toThrow(message);
  });

  it('is no pack whatever else it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        expect(() => readPack(json)).toThrow(PackError);
      }),
    );
    const fields: (keyof Pack)[] = ['format', 'name', 'base', 'firstId', 'corpus', 'method', 'options', 'merges'];
    for (const field of fields) expect(() => readPack({ ...good, [field]: undefined })).toThrow(PackError);
  });
});
