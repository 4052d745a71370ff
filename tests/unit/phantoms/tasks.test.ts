/** The subjects of the adapters: reports, and the patient's side. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GuessingBaselines } from '#core/phantoms/balance.ts';
import { drawPhantom } from '#core/phantoms/draw.ts';
import { drawExample } from '#core/phantoms/examples.ts';
import { textPairs } from '#core/phantoms/pairs.ts';
import { SIDE, type Lesion, type Quadrant } from '#core/phantoms/phantom.ts';
import { IMAGE_QUESTIONS, LANGUAGES, nameOf, PATIENT_QUESTIONS, type Language } from '#core/phantoms/question.ts';
import { imageKinds, imageQuestions, TASKS } from '#core/phantoms/task.ts';
import { isRight, phrasings, recognize, rightAnswer, textQuestions } from '#core/phantoms/wording.ts';

function lesion(quadrant: Quadrant, shape: Lesion['shape'], brightness: Lesion['brightness']): Lesion {
  return { quadrant, shape, brightness, x: 0, y: 0, radius: 5, contrast: brightness === 'bright' ? 60 : -60 };
}

const bright = lesion('upper-left', 'round', 'bright');
const dark = lesion('lower-right', 'cross-shaped', 'dark');
const square = lesion('lower-left', 'square', 'bright');
const NONE = { lesions: [], largest: undefined };
const ONE = { lesions: [bright], largest: bright };
const TWO = { lesions: [bright, dark], largest: dark };
const THREE = { lesions: [bright, square, dark], largest: square };

/** Where a lesion lies by its coordinates alone, which the wording does not look at; in words of either language. */
function placeOf({ x, y }: Lesion, side: 'image' | 'patient', language: Language): string {
  const isLeft = side === 'image' ? x < SIDE / 2 : x > SIDE / 2;
  const isUpper = y < SIDE / 2;
  if (language === 'en') return `${isUpper ? 'upper' : 'lower'} ${isLeft ? 'left' : 'right'}`;
  return `${isLeft ? '왼쪽' : '오른쪽'} ${isUpper ? '위' : '아래'}`;
}

/** The places that a text names, in its order. */
function placesIn(text: string): string[] {
  return text.match(/(upper|lower) (left|right)|(왼쪽|오른쪽) (위|아래)/g) ?? [];
}

const phantoms = fc.integer({ min: 0, max: 10 ** 9 }).map(drawPhantom);
const languages = fc.constantFrom(...LANGUAGES);

describe('answers from the patient’s side', () => {
  it.each([
    ['patient-where', NONE, 'There are no lesions in the patient.', '환자에게 병변이 없습니다.'],
    ['patient-where', ONE, 'In the upper right of the patient.', '환자의 오른쪽 위에 있습니다.'],
    [
      'patient-where',
      TWO,
      'In the upper right and the lower left of the patient.',
      '환자의 오른쪽 위와 왼쪽 아래에 있습니다.',
    ],
    [
      'patient-where',
      THREE,
      'In the upper right, the lower right and the lower left of the patient.',
      '환자의 오른쪽 위, 오른쪽 아래, 왼쪽 아래에 있습니다.',
    ],
    ['patient-largest', NONE, 'There are no lesions in the patient.', '환자에게 병변이 없습니다.'],
    [
      'patient-largest',
      THREE,
      'The largest lesion is in the lower right of the patient.',
      '가장 큰 병변은 환자의 오른쪽 아래에 있습니다.',
    ],
  ] as const)('%s', (kind, truth, en, ko) => {
    for (const task of ['base', 'patient-side'] as const) {
      expect(rightAnswer({ kind }, truth, 'en', task)).toBe(en);
      expect(rightAnswer({ kind }, truth, 'ko', task)).toBe(ko);
    }
    expect(rightAnswer({ kind }, undefined, 'ko')).toBeUndefined();
  });

  it('name the places of the lesions with left and right exchanged, and are never those of the base task', () => {
    fc.assert(
      fc.property(phantoms, languages, (phantom, language) => {
        const where = rightAnswer({ kind: 'patient-where' }, phantom, language) ?? '';
        expect(placesIn(where)).toEqual(phantom.lesions.map((it) => placeOf(it, 'patient', language)));
        const largest = rightAnswer({ kind: 'patient-largest' }, phantom, language) ?? '';
        const [most] = [...phantom.lesions].sort((a, b) => b.radius - a.radius);
        expect(placesIn(largest)).toEqual(most ? [placeOf(most, 'patient', language)] : []);
        const usual = IMAGE_QUESTIONS.map((question) => rightAnswer(question, phantom, language));
        expect(usual).not.toContain(where);
        expect(usual).not.toContain(largest);
      }),
    );
  });
});

describe('reports', () => {
  it('have fixed headings, whatever is asked', () => {
    const expected = {
      en: 'Count\nThere are three lesions.\n\nWhere\nIn the upper left, the lower left and the lower right.\n\nThe largest\nThe lesion is bright and square, in the lower left.',
      ko: '개수\n병변이 세 개 있습니다.\n\n위치\n왼쪽 위, 왼쪽 아래, 오른쪽 아래에 있습니다.\n\n가장 큰 병변\n왼쪽 아래에 있으며 밝고 네모난 모양입니다.',
    };
    for (const language of LANGUAGES) {
      const answers = IMAGE_QUESTIONS.map((question) => rightAnswer(question, THREE, language, 'report'));
      // "The lesion" does not fit three.
      expect(new Set(answers)).toEqual(new Set([expected[language], undefined]));
    }
    expect(rightAnswer({ kind: 'count' }, NONE, 'en', 'report')).toBe('Count\nThere are no lesions.');
    expect(rightAnswer({ kind: 'shape', of: 'upper-left' }, NONE, 'ko', 'report')).toBe('개수\n병변이 없습니다.');
    expect(rightAnswer({ kind: 'description' }, TWO, 'ko', 'report')).toBe(
      '개수\n병변이 두 개 있습니다.\n\n위치\n왼쪽 위와 오른쪽 아래에 있습니다.\n\n가장 큰 병변\n오른쪽 아래에 있으며 어둡고 십자 모양입니다.',
    );
    expect(rightAnswer({ kind: 'brightness', of: 'only' }, ONE, 'en', 'report')).toBe(
      'Count\nThere is one lesion.\n\nWhere\nIn the upper left.\n\nThe largest\nThe lesion is bright and round, in the upper left.',
    );
  });

  it('leave small talk as it is, and the patient’s side open', () => {
    for (const question of textQuestions('report')) {
      for (const language of LANGUAGES) {
        const answer = rightAnswer(question, undefined, language, 'report');
        expect(answer).toBe(rightAnswer(question, undefined, language));
        expect(answer).toBeDefined();
      }
    }
    expect(rightAnswer({ kind: 'patient-where' }, ONE, 'en', 'report')).toBeUndefined();
  });

  it('say what the truth is by its coordinates, radii and contrasts', () => {
    const numbers = { en: ['no ', 'one ', 'two ', 'three '], ko: ['없', '한 개', '두 개', '세 개'] };
    const shapes = {
      en: { round: 'round', square: 'square', cross: 'cross' },
      ko: { round: '둥근', square: '네모난', cross: '십자' },
    };
    fc.assert(
      fc.property(phantoms, languages, (phantom, language) => {
        const report = rightAnswer({ kind: 'count' }, phantom, language, 'report') ?? '';
        const [count = '', where = '', largest = ''] = report.split('\n\n');
        const said = numbers[language].map((number) => count.includes(number));
        expect(said.indexOf(true)).toBe(phantom.lesions.length);
        expect(said.filter(Boolean)).toHaveLength(1);
        expect(placesIn(where)).toEqual(phantom.lesions.map((it) => placeOf(it, 'image', language)));
        const [most] = [...phantom.lesions].sort((a, b) => b.radius - a.radius);
        if (!most) {
          expect(report.split('\n')).toHaveLength(2);
          return;
        }
        expect(placesIn(largest)).toEqual([placeOf(most, 'image', language)]);
        expect(/bright|밝고/.test(largest)).toBe(most.contrast > 0);
        expect(/dark|어둡고/.test(largest)).toBe(most.contrast < 0);
        for (const [shape, word] of Object.entries(shapes[language])) {
          expect(largest.includes(word)).toBe(most.shape.startsWith(shape));
        }
      }),
    );
  });
});

describe('questions of the tasks', () => {
  it('are put in several ways of their own, none of which another question has', () => {
    const phrases = new Map<string, string>();
    for (const question of [...IMAGE_QUESTIONS, ...PATIENT_QUESTIONS]) {
      for (const language of LANGUAGES) {
        const own = phrasings(question, language);
        expect(own.length).toBeGreaterThanOrEqual(5);
        for (const phrase of own) {
          expect(phrases.get(phrase)).toBeUndefined();
          phrases.set(phrase, nameOf(question));
          expect(recognize(phrase)).toEqual({ question, language });
        }
      }
    }
    for (const question of PATIENT_QUESTIONS) {
      for (const phrase of phrasings(question, 'en'))
        expect(phrase).toMatch(/^[A-Z][A-Za-z ,']*patient[A-Za-z ,']*[.?]$/);
      for (const phrase of phrasings(question, 'ko')) expect(phrase).toMatch(/^[가-힣]+[가-힣 ]*[.?]$/);
    }
  });

  it('have the Korean particles that fit', () => {
    const texts = PATIENT_QUESTIONS.flatMap((question) => [
      ...phrasings(question, 'ko'),
      ...[ONE, TWO, THREE].map((truth) => rightAnswer(question, truth, 'ko') ?? ''),
    ]);
    const hasFinal = (word: string) => ((word.codePointAt(word.length - 1) ?? 0) - 0xac00) % 28 !== 0;
    let seen = 0;
    for (const text of texts) {
      for (const [, noun = '', particle = ''] of text.matchAll(
        /(병변|환자|위치|위|아래)(은|는|이|가|을|를|과|와)(?= )/g,
      )) {
        expect('은이을과'.includes(particle), text).toBe(hasFinal(noun));
        seen++;
      }
    }
    expect(seen).toBeGreaterThan(10);
  });

  it.each(TASKS)('come with the answers of the task (%s)', (task) => {
    for (let index = 0; index < 60; index++) {
      const { phantom, pairs } = drawExample('page', 3, index, 4, task);
      expect(pairs).toHaveLength(8);
      for (const { kind, question, answer, language } of pairs) {
        expect(imageKinds(task)).toContain(kind);
        const known = recognize(question);
        expect(known?.language).toBe(language);
        if (!known) throw new Error(question);
        expect(isRight(answer, rightAnswer(known.question, phantom, language, task) ?? '')).toBe(true);
      }
    }
    const missing = textPairs('ko', task).filter(({ kind }) => kind === 'missing');
    expect(new Set(missing.map(({ name }) => name))).toEqual(
      new Set(imageQuestions(task).map((question) => `missing@${nameOf(question)}`)),
    );
  });

  it('leave little to guessing from the patient’s side', () => {
    const floors = new GuessingBaselines();
    for (let index = 0; index < 1000; index++) {
      for (const pair of drawExample('page', 1, index, 2, 'patient-side').pairs) floors.add(pair);
    }
    for (const [key, { text_only: floor }] of floors.results()) expect(floor, key).toBeLessThan(0.3);
    expect(floors.results().size).toBe(4);
  });
});
