import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VocabularyTrainer, type TrainedMerge, type TrainingOptions } from '#core/tokenizer/korean/train.ts';
import { TINY } from './tiny-base.ts';

function train(lines: readonly string[], options: Partial<TrainingOptions> = {}, most = Infinity): TrainedMerge[] {
  const trainer = new VocabularyTrainer(TINY, options);
  for (const line of lines) trainer.add(line);
  const merges: TrainedMerge[] = [];
  for (let merge = trainer.next(); merge && merges.length < most; merge = trainer.next()) merges.push(merge);
  return merges;
}

const pieces = (merges: readonly TrainedMerge[]) => merges.map(({ left, right }) => left + right);

/** The same by counting everything again before every merge. */
function trainNaively(lines: readonly string[], { minFrequency = 2, longest = 8, superwords = false }): TrainedMerge[] {
  const text = lines.map((line) => Array.from(TINY.encode(line), (id) => TINY.pieceOf(id) ?? ''));
  const made: string[] = [];
  const idOf = (piece: string) => TINY.idOf(piece) ?? TINY.size + made.indexOf(piece);
  const word = superwords ? /^▁?[가-힣]+(▁[가-힣]+)*$/ : /^▁?[가-힣]+$/;
  const mayMerge = (left: string, right: string) =>
    word.test(left + right) &&
    (left + right).replaceAll('▁', '').length <= longest &&
    TINY.idOf(left + right) === undefined &&
    !made.includes(left + right);
  const merges: TrainedMerge[] = [];
  for (;;) {
    const counts = new Map<string, TrainedMerge>();
    for (const tokens of text) {
      tokens.slice(1).forEach((right, index) => {
        const left = tokens[index] ?? '';
        if (!mayMerge(left, right)) return;
        const entry = counts.get(`${left} ${right}`) ?? { left, right, frequency: 0 };
        entry.frequency++;
        counts.set(`${left} ${right}`, entry);
      });
    }
    const [best] = [...counts.values()].sort(
      (a, b) => b.frequency - a.frequency || idOf(a.left) - idOf(b.left) || idOf(a.right) - idOf(b.right),
    );
    if (!best || best.frequency < minFrequency) return merges;
    merges.push(best);
    made.push(best.left + best.right);
    for (const tokens of text) {
      for (let at = 0; at + 1 < tokens.length; at++) {
        if (tokens[at] === best.left && tokens[at + 1] === best.right) tokens.splice(at, 2, best.left + best.right);
      }
    }
  }
}

const line = fc.string({ unit: fc.constantFrom(...Array.from('가나다라마 가나다 가가 ab.1▁힣')), maxLength: 30 });
const someLines = fc.array(line, { maxLength: 8 });
const someOptions = fc.record({
  minFrequency: fc.integer({ min: 1, max: 3 }),
  longest: fc.integer({ min: 2, max: 9 }),
  superwords: fc.boolean(),
});

describe('training', () => {
  it('makes the merges, in order and with the frequencies, that counting anew each time makes', () => {
    fc.assert(
      fc.property(someLines, someOptions, (lines, options) => {
        expect(train(lines, options)).toEqual(trainNaively(lines, options));
      }),
      { numRuns: 600 },
    );
  });

  it('saves on its own text what encoding with the merges saves', () => {
    fc.assert(
      fc.property(someLines, someOptions, (lines, options) => {
        const trainer = new VocabularyTrainer(TINY, options);
        for (const text of lines) trainer.add(text);
        for (const share of trainer.prepare()) expect(share).toBeLessThanOrEqual(1);
        const before = trainer.tokens;
        const merges: [string, string][] = [];
        for (let merge = trainer.next(); merge; merge = trainer.next()) merges.push([merge.left, merge.right]);
        const merged = TINY.withMerges(merges, TINY.size);
        const total = (of: typeof merged) => lines.reduce((sum, text) => sum + of.encode(text).length, 0);
        expect(before - trainer.tokens).toBe(total(TINY) - total(merged));
      }),
      { numRuns: 400 },
    );
  });

  it('does not depend on the order of the lines', () => {
    fc.assert(
      fc.property(someLines, someOptions, (lines, options) => {
        expect(train([...lines].reverse(), options)).toEqual(train(lines, options));
      }),
    );
  });

  it('takes the most frequent pair, of equal ones the smaller ids', () => {
    expect(train(['라마 라마 다라 다라 다라'])).toEqual([
      { left: '▁', right: '다', frequency: 3 },
      { left: '▁다', right: '라', frequency: 3 },
      { left: '라', right: '마', frequency: 2 },
    ]);
  });

  it('joins three equal tokens from the left, as encoding does', () => {
    expect(train(['라라라라라'], { minFrequency: 1 }).slice(0, 2)).toEqual([
      { left: '라', right: '라', frequency: 4 },
      { left: '라라', right: '라', frequency: 1 },
    ]);
  });

  it('leaves other scripts, digits and punctuation alone', () => {
    expect(pieces(train(Array<string>(9).fill('cd cd 1가, 나다.나a라1라')))).toEqual([]);
  });

  it('takes punctuation, and other scripts, where it is told to', () => {
    const lines = Array<string>(3).fill('a cd마다.');
    expect(pieces(train(lines, { punctuation: true }))).toContain('마다.');
    expect(pieces(train(lines, { scripts: ['Latin'] }))).toEqual(['▁c', '▁cd']);
    expect(pieces(train(Array<string>(3).fill('라1'), { scripts: ['Hangul', 'Common'] }))).toEqual(['라1']);
  });

  it('holds the longest piece and the least frequency', () => {
    const lines = ['라마라마라마', '라마라마라마'];
    expect(Math.max(...pieces(train(lines, { longest: 3 })).map((piece) => piece.length))).toBeLessThanOrEqual(3);
    expect(train(lines, { minFrequency: 7 })).toEqual([]);
    expect(train(lines, { minFrequency: 6 })).toHaveLength(1);
  });

  it('does not count a piece across a space unless it is told to', () => {
    const lines = Array<string>(5).fill('라 마');
    expect(pieces(train(lines))).toEqual(['▁마']);
    expect(pieces(train(lines, { superwords: true }))).toEqual(['▁마', '라▁마']);
  });

  it('takes decomposed text as it is, or composes it', () => {
    const lines = Array<string>(3).fill('라마'.normalize('NFD'));
    expect(pieces(train(lines, { nfc: true }))).toEqual(['라마']);
    expect(pieces(train(lines))).toEqual([]);
  });

  it('keeps to the limit of different words and says what it dropped', () => {
    const trainer = new VocabularyTrainer(TINY, { wordLimit: 4 });
    for (const word of ['라마', '라마', '라마', '마라', '다라', '라다', '마다', '가라', '라가']) trainer.add(word);
    expect(trainer.droppedWords).toBe(6);
    expect(trainer.next()).toEqual({ left: '라', right: '마', frequency: 3 });
  });

  it('takes no lines after the first merge', () => {
    const trainer = new VocabularyTrainer(TINY);
    trainer.next();
    expect(() => trainer.add('라마')).toThrow('before the first merge');
  });

  it.each(['Korean', 'Hangul}\\p{L', ''])('refuses the script %j', (script) => {
    expect(() => new VocabularyTrainer(TINY, { scripts: [script] })).toThrow(/Unicode knows no script/);
  });

  it('refuses scripts that are of no language alone', () => {
    expect(() => new VocabularyTrainer(TINY, { scripts: ['Common'] })).toThrow(/script with letters/);
  });
});
