import { describe, expect, it } from 'vitest';
import { drawPhantom } from '#core/phantoms/draw.ts';
import { LANGUAGES } from '#core/phantoms/question.ts';
import { phantomSeed } from '#core/phantoms/sets.ts';
import { simplestPhrasing, suggestQuestions } from '#core/phantoms/suggestions.ts';
import { judge } from '#core/phantoms/verdict.ts';
import { recognize } from '#core/phantoms/wording.ts';

const phantoms = Array.from({ length: 200 }, (_, index) => drawPhantom(phantomSeed('page', 3, index)));
const withLesions = (count: number) => {
  const found = phantoms.find(({ lesions }) => lesions.length === count);
  if (!found) throw new Error(`none of the phantoms has ${count} lesions`);
  return found;
};
const [two, none] = [withLesions(2), withLesions(0)];

describe('verdicts', () => {
  it('hold an answer to the truth, and tell the right one', () => {
    expect(judge('병변이 몇 개 있습니까?', '병변이 두 개 있습니다.', two)).toMatchObject({
      right: true,
      language: 'ko',
    });
    expect(judge('병변이 몇 개 있습니까?', '병변이 한 개 있습니다.', two)).toEqual({
      right: false,
      answer: '병변이 두 개 있습니다.',
      language: 'ko',
    });
    expect(judge('How many lesions are there?', ' There are  no lesions.\n', none)).toMatchObject({ right: true });
    // The other language is another answer.
    expect(judge('How many lesions are there?', '병변이 없습니다.', none)).toMatchObject({ right: false });
  });

  it('know what is right to say where no image is needed, or there is none', () => {
    const thanks = { question: '감사합니다.', answer: '천만에요.' };
    for (const shown of ['nothing', 'unknown', two] as const) {
      expect(judge(thanks.question, thanks.answer, shown)).toMatchObject({ right: true });
    }
    expect(judge('Where are the lesions?', 'There is no image. Please show me a phantom.', 'nothing')).toMatchObject({
      right: true,
    });
    expect(judge('Where are the lesions?', 'In the upper left.', 'nothing')).toMatchObject({ right: false });
  });

  it.each([
    ['a question that is none of the phrasings', '이 병변은 얼마나 큽니까?', two],
    ['"the lesion" of several', 'What shape is the lesion?', two],
    ['an image of which nothing is known', 'How many lesions are there?', 'unknown'],
  ] as const)('say nothing about %s', (_, question, shown) => {
    expect(judge(question, 'It is round.', shown)).toBeUndefined();
  });
});

describe('suggested questions', () => {
  it.each(LANGUAGES)('fit every phantom, differ from each other, and cover the kinds (%s)', (language) => {
    for (const phantom of phantoms) {
      const questions = suggestQuestions(phantom, language);
      expect(new Set(questions).size).toBe(questions.length);
      const kinds = questions.map((text) => {
        expect(judge(text, 'no answer', phantom), `${text} about ${phantom.seed}`).toMatchObject({ right: false });
        const known = recognize(text);
        expect(known?.language).toBe(language);
        return known?.question.kind;
      });
      // What stands first is what is shown first.
      expect(new Set(kinds.slice(0, 6)).size).toBe(6);
      expect(suggestQuestions(phantom, language)).toEqual(questions);
    }
  });

  it('are recognised in their simplest form', () => {
    expect(recognize(simplestPhrasing({ kind: 'limits', topic: 'limits' }, 'ko'))?.question).toEqual({
      kind: 'limits',
      topic: 'limits',
    });
  });
});
