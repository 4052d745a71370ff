import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { measurePairs, measureTexts } from '#core/tokenizer/statistics/measure.ts';
import { readPairs } from '#core/tokenizer/statistics/read-pairs.ts';
import { isReachable, reach } from '#core/tokenizer/korean/reachable.ts';
import { countText } from '#core/tokenizer/statistics/text-counts.ts';
import { TINY } from './tiny-base.ts';

const MERGED = TINY.withMerges([['라', '마']], TINY.size);
/** "나다" is one token for the base; this one has it as two. */
const WORSE = TINY.extend({ pieces: [['라마', TINY.size]], merges: [{ left: '나', right: '다', rank: Infinity }] });

describe('counts of a text', () => {
  it('are those of the platform', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.oneof(
            fc.constantFrom(...Array.from(' \t\n\u00a0\u3000\u2028가힣각ᄀ')),
            fc.string({ unit: 'binary', maxLength: 1 }),
          ),
        }),
        (text) => {
          const counts = { characters: 0, bytes: 0, words: 0, syllables: 0 };
          countText(text, counts);
          expect(counts).toEqual({
            characters: Array.from(text).length,
            bytes: new TextEncoder().encode(text).length,
            words: text.split(/\s+/).filter((word) => word !== '').length,
            syllables: text.match(/[가-힣]/g)?.length ?? 0,
          });
        },
      ),
    );
  });
});

describe('measures', () => {
  const texts = ['라마 라마', 'ab', '힣'];
  const [base, merged] = measureTexts([TINY, MERGED], texts);

  it('count tokens, words, syllables, characters and bytes', () => {
    // 라 마 ▁ 라 마 | ab | three bytes
    expect(base).toMatchObject({
      ...{ texts: 3, tokens: 9, byteTokens: 3, unknownTokens: 0, usedTokens: 7 },
      ...{ characters: 8, bytes: 18, words: 4, syllables: 5, change: undefined },
    });
    expect(base?.rates).toEqual({
      tokensPerText: 3,
      charactersPerToken: 8 / 9,
      bytesPerToken: 2,
      tokensPerWord: 9 / 4,
      tokensPerSyllable: 9 / 5,
    });
  });

  it('hold the others against the first', () => {
    expect(merged?.tokens).toBe(7);
    expect(merged?.change).toEqual({
      tokens: 7 / 9 - 1,
      shorter: 1,
      longer: 0,
      same: 2,
      mostSaved: [{ text: '라마 라마', before: 5, after: 3 }],
      mostHurt: [],
    });
  });

  it('say which texts got longer', () => {
    const [, worse] = measureTexts([MERGED, TINY], texts);
    expect(worse?.change).toMatchObject({
      shorter: 0,
      longer: 1,
      mostHurt: [{ text: '라마 라마', before: 3, after: 5 }],
    });
  });

  it('keep as many examples as they are told to, the most changed first, of equal ones the earlier', () => {
    const many = ['라마', '라마라마', '라마a', '라마라마라마', '라마b'];
    const [, change] = measureTexts([TINY, MERGED], many, 4);
    expect(change?.change?.mostSaved.map(({ text }) => text)).toEqual(['라마라마라마', '라마라마', '라마', '라마a']);
    expect(measureTexts([TINY, MERGED], many, 0)[1]?.change?.mostSaved).toEqual([]);
  });

  it('have no rate where there is nothing to divide by', () => {
    const [empty] = measureTexts([TINY], []);
    expect(Object.values(empty?.rates ?? {})).toEqual(Array(5).fill(undefined));
    expect(measureTexts([TINY], ['ab'])[0]?.rates.tokensPerSyllable).toBeUndefined();
  });

  it('compare two languages', () => {
    const [pair, other] = measurePairs([TINY, MERGED], [{ english: 'ab ab', korean: '라마' }, { english: 'c', korean: '마' }]); // prettier-ignore
    // ab ▁a b c | 라 마 마
    expect(pair).toMatchObject({ english: { tokens: 4 }, korean: { tokens: 3 }, ratio: 3 / 4 });
    expect(other).toMatchObject({ english: { tokens: 4 }, korean: { tokens: 2 }, ratio: 2 / 4 });
    expect(measurePairs([TINY], [])[0]?.ratio).toBeUndefined();
  });

  it('take a line of English, tab, Korean', () => {
    expect(readPairs('a b\t가 나')).toMatchObject({ pairs: [{ english: 'a b', korean: '가 나' }] });
    for (const line of ['', 'a', 'a\tb\tc']) expect(readPairs(line)).toEqual({ problem: expect.any(String) });
  });
});

describe('reach', () => {
  it('is being the only token of one’s own text', () => {
    expect(isReachable(MERGED, TINY.size)).toBe(true);
    expect(isReachable(WORSE, TINY.size)).toBe(false);
    expect(isReachable(TINY, TINY.idOf('<0xEA>') ?? -1)).toBe(false);
    expect(isReachable(TINY, TINY.size)).toBe(false);
  });

  it('is counted over a vocabulary and over what is new in it', () => {
    const of = (tokenizer: typeof TINY) => {
      const steps = reach(tokenizer, TINY);
      for (;;) {
        const step = steps.next();
        if (step.done) return step.value;
      }
    };
    const base = of(TINY);
    expect(base).toMatchObject({ entries: TINY.size, added: 0, addedReachable: 0 });
    expect(of(MERGED)).toEqual({
      entries: base.entries + 1,
      reachable: base.reachable + 1,
      added: 1,
      addedReachable: 1,
    });
    expect(of(WORSE)).toMatchObject({ added: 1, addedReachable: 0 });
  });
});
