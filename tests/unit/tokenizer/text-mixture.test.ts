import { describe, expect, it } from 'vitest';
import { PackError } from '#core/tokenizer/korean/pack-error.ts';
import type { TextWeight } from '#core/tokenizer/korean/text-mixture.ts';
import { VocabularyTrainer, type TrainingOptions } from '#core/tokenizer/korean/train.ts';
import { TINY } from './tiny-base.ts';

type Text = [weight: TextWeight, lines: readonly string[]];

function trainer(texts: readonly Text[], options: Partial<TrainingOptions> = {}): VocabularyTrainer {
  const made = new VocabularyTrainer(TINY, { minFrequency: 1, ...options });
  for (const [weight, lines] of texts) {
    made.beginText(weight);
    for (const line of lines) made.add(line);
  }
  return made;
}

function merges(made: VocabularyTrainer): [piece: string, frequency: number][] {
  const all: [string, number][] = [];
  for (let merge = made.next(); merge; merge = made.next()) all.push([merge.left + merge.right, merge.frequency]);
  return all;
}

describe('several training texts', () => {
  it('count each word as often as its text says', () => {
    const weighted = trainer([
      [{ times: 3 }, ['라마', '가나']],
      [{ times: 0.5 }, ['가나', '가나', '가나', '가나']],
    ]);
    expect(weighted.weights()).toEqual([3, 0.5]);
    expect(merges(weighted)).toEqual(
      merges(trainer([[{ times: 1 }, ['라마', '라마', '라마', ...Array<string>(5).fill('가나')]]])),
    );
  });

  it('are the stated part of all counted words, however long they are', () => {
    const made = trainer([
      [{ share: 0.25 }, ['라마']],
      [{ share: 0.75 }, Array<string>(7).fill('가나')],
    ]);
    // 8 words: 2 of the first text, 6 of the other.
    expect(made.weights()[0]).toBe(2);
    expect(made.weights()[1]).toBeCloseTo(6 / 7, 3);
    expect(merges(made).find(([piece]) => piece === '라마')).toEqual(['라마', 2]);
  });

  it('are refused where a share has no meaning', () => {
    const all = (texts: readonly Text[]) => () => trainer(texts).next();
    expect(
      all([
        [{ share: 0.5 }, ['라마']],
        [{ times: 1 }, ['가나']],
      ]),
    ).toThrow(PackError);
    expect(
      all([
        [{ share: 0.5 }, ['라마']],
        [{ share: 0.5 }, ['abc']],
      ]),
    ).toThrow(/Text 2 has a share and no word/);
    expect(all([[{ times: 0.0001 }, ['라마']]])).toThrow(/would count 0\.0001 times/);
  });
});

describe('cap', () => {
  const phrase = '마라 라마 가나';

  it('counts a word at most so often between the same neighbours', () => {
    const lines = [...Array<string>(9).fill(phrase), '가나 라마 마라'];
    const made = trainer([[{ times: 1 }, lines]], { cap: 2 });
    expect(merges(made)).toEqual(merges(trainer([[{ times: 1 }, [phrase, phrase, '가나 라마 마라']]])));
    expect(made.cappedWords).toBe(21);
  });

  it('knows a phrase again in another text', () => {
    const made = trainer(
      [
        [{ times: 1 }, [phrase]],
        [{ times: 1 }, [phrase]],
      ],
      { cap: 1 },
    );
    expect(made.cappedWords).toBe(3);
  });

  it('takes the same words for two phrases where the counted one stands elsewhere', () => {
    // In a line of two words both count with the other as neighbour.
    const made = trainer([[{ times: 1 }, ['라마 라마']]], { cap: 1 });
    expect(made.cappedWords).toBe(0);
  });
});

it('a named mark ends pieces, and stands nowhere else in them', () => {
  const lines = ['라마.', '라마.', '라마.', '라마,', '라.마', '라.마', '라마..'];
  const pieces = (endings: string) => merges(trainer([[{ times: 1 }, lines]], { endings })).map(([piece]) => piece);
  expect(pieces('.')).toContain('라마.');
  expect(pieces('').some((piece) => piece.includes('.'))).toBe(false);
  expect(pieces('.').filter((piece) => /[.](?!$)|,/u.test(piece))).toEqual([]);
  expect(pieces('.,')).toContain('라마,');
});
