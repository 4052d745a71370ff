import { describe, expect, it } from 'vitest';
import { drawPhantom } from '#core/phantoms/draw.ts';
import type { Lesion, Quadrant } from '#core/phantoms/phantom.ts';
import { IMAGE_QUESTIONS, KINDS, LANGUAGES, nameOf, type ImageQuestion, type Truth } from '#core/phantoms/question.ts';
import { isRight, phrasings, recognize, rightAnswer, textQuestions } from '#core/phantoms/wording.ts';

function lesion(quadrant: Quadrant, shape: Lesion['shape'], brightness: Lesion['brightness']): Lesion {
  return { quadrant, shape, brightness, x: 0, y: 0, radius: 5, contrast: brightness === 'bright' ? 60 : -60 };
}

const bright = lesion('upper-left', 'round', 'bright');
const dark = lesion('lower-right', 'cross-shaped', 'dark');
const small = lesion('lower-left', 'square', 'bright');
const NONE: Truth = { lesions: [], largest: undefined };
const ONE: Truth = { lesions: [bright], largest: bright };
const TWO: Truth = { lesions: [bright, dark], largest: dark };
const THREE: Truth = { lesions: [bright, small, dark], largest: dark };

describe('right answers', () => {
  it.each<[ImageQuestion, Truth, string | undefined, string | undefined]>([
    [{ kind: 'count' }, NONE, 'There are no lesions.', '병변이 없습니다.'],
    [{ kind: 'count' }, ONE, 'There is one lesion.', '병변이 한 개 있습니다.'],
    [{ kind: 'count' }, TWO, 'There are two lesions.', '병변이 두 개 있습니다.'],
    [{ kind: 'count' }, THREE, 'There are three lesions.', '병변이 세 개 있습니다.'],
    [{ kind: 'where' }, NONE, 'There are no lesions.', '병변이 없습니다.'],
    [{ kind: 'where' }, ONE, 'In the upper left.', '왼쪽 위에 있습니다.'],
    [{ kind: 'where' }, TWO, 'In the upper left and the lower right.', '왼쪽 위와 오른쪽 아래에 있습니다.'],
    [
      { kind: 'where' },
      THREE,
      'In the upper left, the lower left and the lower right.',
      '왼쪽 위, 왼쪽 아래, 오른쪽 아래에 있습니다.',
    ],
    [{ kind: 'brightness', of: 'only' }, NONE, 'There are no lesions.', '병변이 없습니다.'],
    [
      { kind: 'brightness', of: 'only' },
      ONE,
      'The lesion is brighter than its surroundings.',
      '병변은 주변보다 밝습니다.',
    ],
    [{ kind: 'brightness', of: 'only' }, TWO, undefined, undefined],
    [
      { kind: 'brightness', of: 'lower-right' },
      TWO,
      'The lesion in the lower right is darker than its surroundings.',
      '오른쪽 아래 병변은 주변보다 어둡습니다.',
    ],
    [
      { kind: 'brightness', of: 'upper-right' },
      TWO,
      'There is no lesion in the upper right.',
      '오른쪽 위에는 병변이 없습니다.',
    ],
    [{ kind: 'shape', of: 'only' }, ONE, 'The lesion is round.', '병변은 둥근 모양입니다.'],
    [
      { kind: 'shape', of: 'lower-left' },
      THREE,
      'The lesion in the lower left is square.',
      '왼쪽 아래 병변은 네모난 모양입니다.',
    ],
    [
      { kind: 'shape', of: 'lower-right' },
      THREE,
      'The lesion in the lower right is cross-shaped.',
      '오른쪽 아래 병변은 십자 모양입니다.',
    ],
    [
      { kind: 'shape', of: 'lower-left' },
      ONE,
      'There is no lesion in the lower left.',
      '왼쪽 아래에는 병변이 없습니다.',
    ],
    [{ kind: 'shape', of: 'lower-left' }, NONE, 'There are no lesions.', '병변이 없습니다.'],
    [
      { kind: 'largest', aspect: 'where' },
      THREE,
      'The largest lesion is in the lower right.',
      '가장 큰 병변은 오른쪽 아래에 있습니다.',
    ],
    [
      { kind: 'largest', aspect: 'shape' },
      THREE,
      'The largest lesion is cross-shaped.',
      '가장 큰 병변은 십자 모양입니다.',
    ],
    [
      { kind: 'largest', aspect: 'brightness' },
      THREE,
      'The largest lesion is darker than its surroundings.',
      '가장 큰 병변은 주변보다 어둡습니다.',
    ],
    [{ kind: 'largest', aspect: 'where' }, NONE, 'There are no lesions.', '병변이 없습니다.'],
    [{ kind: 'description' }, NONE, 'There are no lesions.', '병변이 없습니다.'],
    [
      { kind: 'description' },
      ONE,
      'There is one lesion, bright and round, in the upper left.',
      '왼쪽 위에 밝고 둥근 병변이 한 개 있습니다.',
    ],
    [
      { kind: 'description' },
      TWO,
      'There are two lesions, and the larger is dark and cross-shaped, in the lower right.',
      '병변이 두 개 있으며, 더 큰 것은 오른쪽 아래에 있는 어둡고 십자 모양인 병변입니다.',
    ],
    [
      { kind: 'description' },
      THREE,
      'There are three lesions, and the largest is dark and cross-shaped, in the lower right.',
      '병변이 세 개 있으며, 가장 큰 것은 오른쪽 아래에 있는 어둡고 십자 모양인 병변입니다.',
    ],
  ])('%j', (question, truth, en, ko) => {
    expect(rightAnswer(question, truth, 'en')).toBe(en);
    expect(rightAnswer(question, truth, 'ko')).toBe(ko);
  });

  it('ask for an image where there is none, and need none for talk', () => {
    expect(rightAnswer({ kind: 'count' }, undefined, 'ko')).toBeUndefined();
    expect(rightAnswer({ kind: 'missing', about: { kind: 'count' } }, undefined, 'ko')).toBe(
      '영상이 없습니다. 팬텀을 보여 주세요.',
    );
    expect(rightAnswer({ kind: 'missing', about: { kind: 'count' } }, ONE, 'ko')).toBeUndefined();
    expect(rightAnswer({ kind: 'limits', topic: 'diagnosis' }, ONE, 'en')).toMatch(/no medical knowledge/);
    expect(() => rightAnswer({ kind: 'talk', topic: 'weather' }, undefined, 'en')).toThrow(/no topic talk@weather/);
  });
});

describe('questions', () => {
  const all = [...IMAGE_QUESTIONS, ...textQuestions()];

  it('come in every kind', () => {
    expect(new Set(all.map(({ kind }) => kind))).toEqual(new Set(KINDS));
    expect(new Set(all.map(nameOf)).size).toBe(all.length);
  });

  it.each(LANGUAGES)('are put in several ways, each of one question (%s)', (language) => {
    const texts = all.filter(({ kind }) => kind !== 'missing').flatMap((question) => phrasings(question, language));
    expect(new Set(texts).size).toBe(texts.length);
    for (const question of all) expect(phrasings(question, language).length).toBeGreaterThanOrEqual(3);
    for (const text of texts) {
      expect(text, text).toMatch(language === 'en' ? /^[A-Z][\x20-\x7e]*[.?!]$/ : /^[가-힣]+[가-힣 ,MRI]*[.?!]$/);
      expect(text, text).not.toMatch(/ {2}|^ | $| [.,?]/);
    }
  });

  it('in Korean have the particles that fit, for every word they are made with', () => {
    const texts = all.flatMap((question) => phrasings(question, 'ko'));
    const endsInVowel = (syllable: string) => ((syllable.codePointAt(0) ?? 0) - 0xac00) % 28 === 0;
    // The nouns of the questions; after others these syllables need not be particles.
    let seen = 0;
    for (const text of texts) {
      for (const [, noun, particle] of text.matchAll(
        /(병변|영상|위치|모양|밝기|개수|위|아래)([은는이가을를과와])(?= )/g,
      )) {
        const isVowelForm = '는가를와'.includes(particle ?? '');
        expect(isVowelForm, text).toBe(endsInVowel(noun?.at(-1) ?? ''));
        seen++;
      }
    }
    expect(seen).toBeGreaterThan(50);
  });

  it('are recognized as typed, and nothing else is', () => {
    for (const language of LANGUAGES) {
      for (const question of [...IMAGE_QUESTIONS, ...textQuestions()]) {
        if (question.kind === 'missing') continue;
        for (const phrase of phrasings(question, language)) {
          expect(recognize(` ${phrase.replaceAll(' ', '  ')}\n`)).toEqual({ question, language });
        }
      }
    }
    expect(recognize('How many?')).toBeUndefined();
  });
});

describe('isRight', () => {
  it('is an exact match, but for blanks and the form of Unicode', () => {
    expect(isRight('  둥근  모양입니다.\n', '둥근 모양입니다.')).toBe(true);
    expect(isRight('둥근 모양입니다.'.normalize('NFD'), '둥근 모양입니다.')).toBe(true);
    expect(isRight('둥근모양입니다.', '둥근 모양입니다.')).toBe(false);
    expect(isRight('It is round', 'It is round.')).toBe(false);
  });

  it('tells right from wrong for every finding of a phantom', () => {
    const one = drawPhantom(0);
    const another = drawPhantom(5);
    const answers = (truth: Truth) => IMAGE_QUESTIONS.map((question) => rightAnswer(question, truth, 'ko'));
    expect(answers(one)).toEqual(answers(drawPhantom(0)));
    expect(answers(one)).not.toEqual(answers(another));
  });
});
