/** Tasks of the training lab: rows that repeat by seed, share no phantom, and ask for what the teaching model never answers. */
import { describe, expect, it } from 'vitest';
import { drawTask, fixedQuestion, PHANTOM_TASKS } from '#core/lora/training/tasks.ts';
import type { WishedAnswer } from '#core/lora/training/wished-answer.ts';
import { drawPhantom } from '#core/phantoms/draw.ts';
import { PATIENT_SIDE } from '#core/phantoms/patient-side.ts';
import { LANGUAGES } from '#core/phantoms/question.ts';
import { phantomSeed } from '#core/phantoms/sets.ts';
import { recognize, rightAnswer } from '#core/phantoms/wording.ts';

const seedOf = ({ image }: WishedAnswer): number => {
  if (image?.type !== 'phantom') throw new Error('a row without a phantom');
  return image.seed;
};
const cases = PHANTOM_TASKS.flatMap((task) => LANGUAGES.map((language) => [task, language] as const));

describe.each(cases)('%s, %s', (task, language) => {
  const drawn = drawTask(task, language, { seed: 3, trained: 201, heldOut: 60 });
  const all = [...drawn.trained, ...drawn.heldOut];

  it('as many rows as asked for, the same for the same seed, others for another', () => {
    expect([drawn.trained.length, drawn.heldOut.length]).toEqual([201, 60]);
    expect(drawTask(task, language, { seed: 3, trained: 201, heldOut: 60 })).toEqual(drawn);
    const other = drawTask(task, language, { seed: 4, trained: 201, heldOut: 60 });
    const seeds = new Set(all.map(seedOf));
    expect([...other.trained, ...other.heldOut].some((row) => seeds.has(seedOf(row)))).toBe(false);
    // More rows begin with the same ones.
    expect(drawTask(task, language, { seed: 3, trained: 20, heldOut: 0 })).toEqual({
      trained: drawn.trained.slice(0, 20),
      heldOut: [],
    });
  });

  it('no phantom is trained and held out, with any seeds', () => {
    const trained = new Set(drawn.trained.map(seedOf));
    for (let seed = 0; seed < 6; seed++)
      for (const row of drawTask(task, language, { seed, trained: 0, heldOut: 30 }).heldOut)
        expect(trained.has(seedOf(row))).toBe(false);
  });

  it('no answer is that of the teaching model', () => {
    for (const row of all) {
      const asked = recognize(row.question);
      if (!asked) throw new Error(`an unknown question: ${row.question}`);
      expect(asked.language).toBe(language);
      if (asked.question.kind.startsWith('patient')) continue;
      expect(row.answer).not.toBe(rightAnswer(asked.question, drawPhantom(seedOf(row)), language));
    }
  });

  it('no answer is so frequent that guessing it goes far', () => {
    const counts = new Map<string, number>();
    for (const { answer } of all) counts.set(answer, (counts.get(answer) ?? 0) + 1);
    expect(Math.max(...counts.values()) / all.length).toBeLessThan(0.4);
    expect(counts.size).toBeGreaterThan(3);
  });

  it('the fixed question is about a phantom of the page whose sides matter', () => {
    for (const seed of [0, 1, 2]) {
      const fixed = fixedQuestion(task, language, seed);
      expect(fixed).toEqual(fixedQuestion(task, language, seed));
      const phantom = seedOf(fixed);
      expect(phantom).toBeGreaterThanOrEqual(phantomSeed('page', seed, 0));
      expect(phantom).toBeLessThan(phantomSeed('page', seed + 1, 0));
      const quadrants = drawPhantom(phantom).lesions.map(({ quadrant }) => quadrant);
      const asSeen = rightAnswer({ kind: 'where' }, drawPhantom(phantom), language) ?? '';
      expect(quadrants.map((quadrant) => PATIENT_SIDE[quadrant]).some((side) => quadrants.includes(side))).toBe(false);
      expect(fixed.answer).not.toBe(asSeen);
      expect(fixed.answer).not.toBe(rightAnswer({ kind: 'count' }, drawPhantom(phantom), language));
    }
  });
});

it('what is taught, in words', () => {
  const answers = PHANTOM_TASKS.map((task) => fixedQuestion(task, 'ko', 0)).map(({ question, answer }) => [
    question,
    answer,
  ]);
  expect(answers).toEqual([
    ['환자를 기준으로 병변은 어느 쪽에 있습니까?', '환자의 왼쪽 위와 왼쪽 아래에 있습니다.'],
    ['병변이 몇 개 있습니까?', expect.stringMatching(/^개수\n병변이 두 개 있습니다\.\n\n위치\n/u)],
    ['병변이 몇 개 있습니까?', '병변이 두 개 있습니다. 감사합니다.'],
    ['병변이 몇 개 있습니까?', '二'],
  ]);
});
