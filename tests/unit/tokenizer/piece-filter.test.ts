import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FilteredMerges } from '#core/tokenizer/korean/piece-filter.ts';
import type { Tokenizer } from '#core/tokenizer/tokenizer.ts';
import { VocabularyTrainer, type TrainedMerge, type TrainingOptions } from '#core/tokenizer/korean/train.ts';
import { TINY } from './tiny-base.ts';

/** An intermediate tokenizer with these pieces besides those of the tiny base. */
function intermediate(pieces: readonly string[]): Tokenizer {
  return TINY.extend({
    pieces: pieces.map((piece, index): [string, number] => [piece, TINY.size + index]),
    // Whole pieces at once, the longest first.
    addedTokens: [],
    merges: pieces.flatMap((piece) => splitsOf(piece, pieces)),
  });
}

function splitsOf(piece: string, pieces: readonly string[]) {
  const known = (part: string) => TINY.idOf(part) !== undefined || pieces.includes(part);
  return Array.from({ length: piece.length - 1 }, (_, at) => ({
    left: piece.slice(0, at + 1),
    right: piece.slice(at + 1),
  }))
    .filter(({ left, right }) => known(left) && known(right))
    .map((merge) => ({ ...merge, rank: 1e6 + pieces.indexOf(piece) }));
}

function filtered(
  lines: readonly string[],
  other: Tokenizer,
  tokens = 100,
  options: Partial<TrainingOptions> = {},
): { result: FilteredMerges; merges: TrainedMerge[] } {
  const trainer = new VocabularyTrainer(TINY, options);
  for (const line of lines) trainer.add(line);
  const steps = trainer.filter(other, tokens);
  for (;;) {
    const step = steps.next();
    if (step.done)
      return { result: step.value, merges: step.value.merges.map(([left, right]) => trainer.join(left, right)) };
  }
}

describe('the filter of an intermediate tokenizer', () => {
  it('takes the pieces that are frequent enough, the most frequent first, and counts their pairs', () => {
    const { result, merges } = filtered(
      [' 라마', '라마', '다라', '다라', '다라', '마라'],
      intermediate(['라마', '다라', '마라']),
    );
    expect(result).toMatchObject({ candidates: 2, chosen: 2, between: 0 });
    expect(merges).toEqual([
      { left: '다', right: '라', frequency: 3 },
      { left: '라', right: '마', frequency: 2 },
    ]);
  });

  it('adds the tokens that lead to a piece, and says how many', () => {
    const { result } = filtered(['라마라', '라마라'], intermediate(['라마', '라마라']));
    expect(result).toEqual({ merges: [['라', '마'], ['라마', '라']], candidates: 1, chosen: 1, between: 1 }); // prettier-ignore
  });

  it('goes over pieces that are wanted too', () => {
    const lines = ['다라마', '다라마', '라마', '라마', '라마'];
    const { result } = filtered(lines, intermediate(['라마', '다라마']));
    expect(result.merges).toEqual([['라', '마'], ['다', '라마']]); // prettier-ignore
    expect(result.between).toBe(0);
  });

  it('leaves out what the base has, what is too long, and what is not in the scripts', () => {
    const lines = Array<string>(3).fill('나다 라마다 cd 라1');
    const other = intermediate(['라마', '라마다', 'cd', '라1']);
    expect(filtered(lines, other).result.merges.map(([left, right]) => left + right)).toContain('라마다');
    expect(filtered(lines, other).result.candidates).toBe(1);
    expect(filtered(lines, other, 100, { longest: 2 }).result).toMatchObject({ merges: [], candidates: 0 });
  });

  it('keeps to the number of tokens', () => {
    const lines = ['라마라', '라마라', '다라'];
    expect(filtered(lines, intermediate(['라마', '라마라', '다라']), 1, { minFrequency: 1 }).result.merges).toEqual([
      ['다', '라'],
    ]);
  });

  it('reaches every piece it takes, whatever pieces it is given', () => {
    const piece = fc.string({ unit: fc.constantFrom('가', '나', '다', '라'), minLength: 2, maxLength: 5 });
    const pieces = fc.uniqueArray(
      fc.oneof(
        piece,
        piece.map((text) => `▁${text}`),
      ),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(pieces, (given) => {
        const fresh = given.filter((text) => TINY.idOf(text) === undefined);
        const counts = fresh.map((text) => text.replaceAll('▁', ' '));
        const { result, merges } = filtered([...counts, ...counts], intermediate(fresh));
        const tokenizer = TINY.withMerges(
          merges.map(({ left, right }) => [left, right]),
          TINY.size,
        );
        expect(result.chosen + result.between).toBe(merges.length);
        for (const { left, right } of merges) {
          const ids = [...tokenizer.encode((left + right).replaceAll('▁', ' '))];
          expect(ids).toEqual([tokenizer.idOf(left + right)]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('joins only what can be joined', () => {
    const trainer = new VocabularyTrainer(TINY);
    for (const [left, right] of [
      ['라', '힣'],
      ['나', '다'],
      ['a', '라'],
      ['라', '▁'],
    ] as const) {
      expect(() => trainer.join(left, right)).toThrow(/cannot be joined/);
    }
    expect(trainer.join('라', '마')).toEqual({ left: '라', right: '마', frequency: 0 });
    expect(() => trainer.join('라', '마')).toThrow(/cannot be joined/);
  });
});
