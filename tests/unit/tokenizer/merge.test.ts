import { describe, expect, it } from 'vitest';
import { MergeChecks } from '#core/tokenizer/korean/checks.ts';
import { mergeTokenizerJson, requireBase } from '#core/tokenizer/korean/merge.ts';
import { PackError } from '#core/tokenizer/korean/pack-error.ts';
import type { Pack } from '#core/tokenizer/korean/pack.ts';
import { requireTokenizerJson } from '#core/tokenizer/korean/tokenizer-file.ts';
import { readTokenizerJson } from '#core/tokenizer/json/tokenizer-json.ts';
import { TINY, tinyPack, tinyTokenizerJson } from './tiny-base.ts';

const pack = tinyPack([
  ['라', '마', 5],
  ['▁', '라마', 3],
]);
const merge = (base: unknown, given: Pack = pack) => mergeTokenizerJson(requireTokenizerJson(base), given);

describe('merging', () => {
  it('gives the new tokens the ids from firstId on, and their merges the last places', () => {
    const base = tinyTokenizerJson();
    const { model } = merge(base);
    expect(model.vocab['라마']).toBe(TINY.size);
    expect(model.vocab['▁라마']).toBe(TINY.size + 1);
    expect(model.merges).toEqual([...base.model.merges, ['라', '마'], ['▁', '라마']]);
  });

  it('writes an added token that stands in no vocabulary into it, under the id it has', () => {
    const base = tinyTokenizerJson();
    expect(base.model.vocab['<image>']).toBeUndefined();
    expect(merge(base).model.vocab['<image>']).toBe(TINY.size - 1);
  });

  it('keeps all else, and the base as it was', () => {
    const base = { ...tinyTokenizerJson(), of_tomorrow: [1.5, { a: null }] };
    const before = JSON.stringify(base);
    const merged = JSON.parse(JSON.stringify(merge(base)));
    expect(JSON.stringify(base)).toBe(before);
    const { vocab, merges } = base.model;
    const grown = { ...vocab, '<image>': TINY.size - 1, 라마: TINY.size, '▁라마': TINY.size + 1 };
    const expected = { ...base.model, vocab: grown, merges: [...merges, ['라', '마'], ['▁', '라마']] };
    expect(merged).toEqual({ ...base, model: expected });
  });

  it('keeps a piece named __proto__', () => {
    const base: unknown = JSON.parse(JSON.stringify(tinyTokenizerJson()).replace('"ab":', '"__proto__":'));
    expect(JSON.stringify(merge(base))).toContain('"__proto__":');
  });

  it('writes merges in the form that the base has', () => {
    const base = tinyTokenizerJson();
    const texts = { ...base, model: { ...base.model, merges: base.model.merges.map((pair) => pair.join(' ')) } };
    expect(merge(texts).model.merges.slice(-2)).toEqual(['라 마', '▁ 라마']);
    expect(() => merge(texts, tinyPack([['라', ' ', 1]]))).toThrow(/is no piece of this tokenizer/);
  });

  it('reads as the base with these merges behind its own', () => {
    const merged = readTokenizerJson(JSON.parse(JSON.stringify(merge(tinyTokenizerJson()))));
    const expected = TINY.withMerges(pack.merges, pack.firstId);
    for (const text of ['라마', ' 라마 라마', '라 마', 'ab 라마다.', '<image> 라마']) {
      expect([...merged.encode(text)]).toEqual([...expected.encode(text)]);
    }
  });

  it.each<[string, Pack, RegExp]>([
    [
      'of a larger base',
      tinyPack([], { base: { ...pack.base, size: 9 }, firstId: 9 }),
      /continues a tokenizer with 9 ids; this one has/,
    ],
    [
      'with a side that nothing makes',
      tinyPack([['라', '힣', 1]]),
      /merges\[0\] .* joins "라" and "힣", but "힣" is no piece/,
    ],
    ['with a piece of the base', tinyPack([['나', '다', 1]]), /makes "나다", which this tokenizer already has/],
    ['with an added token of the base', tinyPack([['<ima', 'ge>', 1]]), /"<ima" is no piece/],
  ])('refuses a pack %s', (_, given, message) => {
    expect(() => merge(tinyTokenizerJson(), given)).toThrow(PackError);
    expect(() => merge(tinyTokenizerJson(), given)).toThrow(message);
  });

  it('refuses a pack that was made for another file, and names both hashes', () => {
    expect(() => requireBase(pack, 'a'.repeat(64))).not.toThrow();
    expect(() => requireBase(pack, 'c'.repeat(64))).toThrow(/a{64}, this one has c{64}/);
  });

  it.each<[string, unknown, RegExp]>([
    ['a list', [], /no "model"/],
    [
      'a tokenizer of another kind',
      { model: { type: 'Unigram', vocab: [] } },
      /model of this tokenizer.json is "Unigram"/,
    ],
    ['no ids', { model: { type: 'BPE', vocab: { a: 'b' }, merges: [] } }, /"model\.vocab"/],
    ['no pairs', { model: { type: 'BPE', vocab: { a: 1 }, merges: ['ab'] } }, /"model\.merges"/],
    [
      'added tokens without ids',
      { model: { type: 'BPE', vocab: {}, merges: [] }, added_tokens: ['x'] },
      /"added_tokens"/,
    ],
  ])('refuses a base that is %s', (_, json, message) => {
    expect(() => requireTokenizerJson(json)).toThrow(message);
  });
});

describe('the checks', () => {
  const texts = ['라마 라마', 'ab cd.', '가나다 라마', '1, 2', ''];

  function failures(given: Pack, merged = TINY.withMerges(given.merges, given.firstId)): Record<string, string[]> {
    const checks = new MergeChecks(TINY, merged, given);
    for (const steps of [checks.addNewTokens(), checks.addBaseTokens()]) while (!steps.next().done);
    for (const text of texts) checks.add(text);
    expect(checks.all().every(({ tried }) => tried > 0)).toBe(true);
    return Object.fromEntries(
      checks.all().flatMap(({ name, failed, examples }) => (failed > 0 ? [[name, examples]] : [])),
    );
  }

  it('pass where merges are appended', () => {
    expect(failures(pack)).toEqual({});
  });

  it('find tokens that nothing reaches', () => {
    const pieces = pack.merges.map(([left, right], index): [string, number] => [left + right, TINY.size + index]);
    expect(failures(pack, TINY.extend({ pieces, merges: [] }))).toEqual({ reachable: ['라마', '▁라마'] });
  });

  it('find text that gets longer and text of others that changes', () => {
    // Before all merges of the base, "▁" goes to the new piece.
    const wrong = tinyPack([['b', '▁', 1]]);
    const first = TINY.extend({
      pieces: [['b▁', TINY.size]],
      merges: [{ left: 'b', right: '▁', rank: -1 }],
    });
    const found = failures(wrong, first);
    expect(found['others-unchanged']).toContain('ab cd.');
    const longer = new MergeChecks(TINY, first, wrong);
    longer.add('ab a');
    expect(longer.all().find(({ name }) => name === 'none-longer')).toMatchObject({ failed: 1, examples: ['ab a'] });
  });

  it('find ids that decode to another text', () => {
    const other = TINY.extend({ pieces: [], merges: [] });
    const broken = Object.assign(Object.create(other) as typeof other, { decode: () => 'x' });
    const checks = new MergeChecks(TINY, broken, tinyPack([]));
    checks.add('라마');
    expect(checks.all().find(({ name }) => name === 'same-text')?.failed).toBe(0);
    const split = Object.assign(Object.create(other) as typeof other, {
      encode: () => Int32Array.of(5),
      decode: () => 'x',
    });
    const second = new MergeChecks(TINY, split, tinyPack([]));
    second.add('라마');
    expect(second.all().find(({ name }) => name === 'same-text')).toMatchObject({ failed: 1, examples: ['라마'] });
  });
});
