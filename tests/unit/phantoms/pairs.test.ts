import { describe, expect, it } from 'vitest';
import { GuessingBaselines } from '#core/phantoms/balance.ts';
import { drawPhantom } from '#core/phantoms/draw.ts';
import { drawPairs, textPairs, type Pair } from '#core/phantoms/pairs.ts';
import { IMAGE_KINDS, LANGUAGES } from '#core/phantoms/question.ts';
import { phantomSeed, questionSeed, SET_SIZE, SETS, SPLITS } from '#core/phantoms/sets.ts';
import { isRight, recognize, rightAnswer } from '#core/phantoms/wording.ts';
import { Random } from '#core/sampling/random.ts';

function pairsOf(seed: number): Pair[] {
  const phantom = drawPhantom(seed);
  const random = Random.fromSeed(questionSeed(seed));
  return LANGUAGES.flatMap((language) => drawPairs(phantom, language, 4, random));
}

describe('drawPairs', () => {
  it('asks what fits the image, each kind once before one comes again', () => {
    for (let seed = 0; seed < 300; seed++) {
      const phantom = drawPhantom(seed);
      const pairs = drawPairs(phantom, 'ko', 2 * IMAGE_KINDS.length, Random.fromSeed(seed));
      const kinds = pairs.map(({ kind }) => kind);
      expect(new Set(kinds.slice(0, IMAGE_KINDS.length)).size).toBe(IMAGE_KINDS.length);
      expect(new Set(kinds.slice(IMAGE_KINDS.length)).size).toBe(IMAGE_KINDS.length);
      for (const { question, answer, language } of pairs) {
        const known = recognize(question);
        if (!known) throw new Error(question);
        expect(known.language).toBe(language);
        expect(isRight(answer, rightAnswer(known.question, phantom, language) ?? '')).toBe(true);
      }
    }
  });

  it('is repeatable', () => {
    expect(pairsOf(11)).toEqual(pairsOf(11));
    expect(pairsOf(11)).not.toEqual(pairsOf(12));
  });

  it('leaves little to guessing', () => {
    const floors = new GuessingBaselines();
    for (let seed = 0; seed < 2000; seed++) for (const pair of pairsOf(seed)) floors.add(pair);
    const most = { count: 0.33, where: 0.2, brightness: 0.45, shape: 0.35, largest: 0.35, description: 0.2 };
    for (const language of LANGUAGES) {
      for (const kind of IMAGE_KINDS) {
        const floor = floors.results().get(`${kind} ${language}`);
        expect(floor?.text_only, `${kind} ${language}`).toBeLessThan(most[kind]);
        expect(floor?.majority, `${kind} ${language}`).toBeLessThanOrEqual(floor?.text_only ?? 0);
      }
    }
  });
});

describe('GuessingBaselines', () => {
  it('counts what the commonest answer scores, of the kind and of each question', () => {
    const floors = new GuessingBaselines();
    const add = (name: string, answer: string) =>
      floors.add({ kind: 'shape', name, language: 'en', question: '?', answer });
    for (const answer of ['a', 'a', 'b']) add('shape@only', answer);
    for (const answer of ['b', 'b', 'b', 'a']) add('shape@upper-left', answer);
    expect(floors.results()).toEqual(
      new Map([['shape en', { questions: 7, answers: 2, majority: 4 / 7, text_only: 5 / 7 }]]),
    );
  });
});

describe('textPairs', () => {
  it('have one answer a question', () => {
    for (const language of LANGUAGES) {
      const pairs = textPairs(language);
      const answers = new Map(pairs.map(({ question, answer }) => [question, answer]));
      expect(answers.size).toBe(pairs.length);
      expect(new Set(pairs.map(({ kind }) => kind))).toEqual(new Set(['talk', 'limits', 'missing']));
    }
  });
});

describe('phantomSeed', () => {
  it('gives each set of each split seeds of its own', () => {
    const last = { set: SETS - 1, index: SET_SIZE - 1 };
    // The ends of neighbouring ranges, in order, do not touch.
    const ends = SPLITS.flatMap((split) => [
      [phantomSeed(split, 0, 0), phantomSeed(split, 0, last.index)],
      [phantomSeed(split, 1, 0), phantomSeed(split, 1, last.index)],
      [phantomSeed(split, last.set, 0), phantomSeed(split, last.set, last.index)],
    ]).flat();
    for (const [i, end] of ends.slice(1).entries()) expect(end).toBeGreaterThan(ends[i] ?? NaN);
    expect(Math.max(...ends)).toBeLessThan(2 ** 52);
    expect(Number.isSafeInteger(questionSeed(Math.max(...ends)))).toBe(true);
  });

  it('refuses what would reach into the next range', () => {
    expect(() => phantomSeed('train', SETS, 0)).toThrow(/0 to 999999/);
    expect(() => phantomSeed('train', 0, SET_SIZE)).toThrow(/0 to 999999/);
    expect(() => phantomSeed('train', -1, 0)).toThrow(RangeError);
    expect(() => phantomSeed('train', 0, 0.5)).toThrow(RangeError);
  });
});
