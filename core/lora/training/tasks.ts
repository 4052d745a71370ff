/** What the training lab teaches on phantoms that are drawn on the spot, each with an answer that the teaching model never gives by itself. */
import { drawPhantom } from '../../phantoms/draw.ts';
import { drawPairs } from '../../phantoms/pairs.ts';
import { PATIENT_SIDE } from '../../phantoms/patient-side.ts';
import type { Phantom } from '../../phantoms/phantom.ts';
import type { Language } from '../../phantoms/question.ts';
import { phantomSeed, questionSeed, SET_SIZE, type Split } from '../../phantoms/sets.ts';
import { phrasings, rightAnswer } from '../../phantoms/wording.ts';
import { Random } from '../../sampling/random.ts';
import { HANJA_COUNTS, hanjaAnswers, politeAnswers, politely, type AskedAnswer } from './task-wording.ts';
import type { WishedAnswer } from './wished-answer.ts';

/**
 * - `patient-side`: a new skill. Positions from the patient's side, whose right is on the left of the image.
 * - `report`: a new form. Every question about an image is answered with the same three headings.
 * - `polite`: a new manner. The same answers, with thanks behind them.
 * - `hanja-count`: new signs. Lesions are counted in Chinese characters.
 */
export const PHANTOM_TASKS = ['patient-side', 'report', 'polite', 'hanja-count'] as const;
export type PhantomTask = (typeof PHANTOM_TASKS)[number];

/** Questions about a phantom: few, since what an adapter learns of one phantom more is more than of one question more. */
const QUESTIONS: Readonly<Record<PhantomTask, number>> = { 'patient-side': 2, report: 2, polite: 2, 'hanja-count': 1 };

export interface DrawnTask {
  trained: WishedAnswer[];
  /** Of other phantoms. */
  heldOut: WishedAnswer[];
}

/**
 * The same rows for the same seed. Trained phantoms are of the split `train`, the others of the split `evaluation`, so that no phantom is in
 * both, whatever the seeds.
 * @param seed 0 … 999,999
 * @param trained heldOut — numbers of rows
 */
export function drawTask(
  task: PhantomTask,
  language: Language,
  { seed, trained, heldOut }: { seed: number; trained: number; heldOut: number },
): DrawnTask {
  return {
    trained: rowsOf(task, language, 'train', seed, trained),
    heldOut: rowsOf(task, language, 'evaluation', seed, heldOut),
  };
}

function rowsOf(task: PhantomTask, language: Language, split: Split, seed: number, count: number): WishedAnswer[] {
  const each = QUESTIONS[task];
  const phantoms = Array.from({ length: Math.ceil(count / each) }, (_, index) =>
    drawPhantom(phantomSeed(split, seed, index)),
  );
  return phantoms
    .flatMap((phantom) => {
      const random = Random.fromSeed(questionSeed(phantom.seed));
      return askedAbout(task, phantom, language, each, random).map((asked) => rowOf(phantom, asked));
    })
    .slice(0, count);
}

function askedAbout(
  task: PhantomTask,
  phantom: Phantom,
  language: Language,
  count: number,
  random: Random,
): AskedAnswer[] {
  switch (task) {
    case 'patient-side':
    case 'report':
      return drawPairs(phantom, language, count, random, task);
    case 'polite':
      return politeAnswers(phantom, language, count, random);
    case 'hanja-count':
      return hanjaAnswers(phantom, language, count, random);
  }
}

const rowOf = ({ seed }: Phantom, { question, answer }: AskedAnswer): WishedAnswer => ({
  question,
  answer,
  image: { type: 'phantom', seed },
});

/**
 * A question to watch while the adapter trains, in its simplest wording, about a phantom of the split `page`, which no training has: it has two lesions
 * on one side of the image, so that their positions from the patient's side are others.
 */
export function fixedQuestion(task: PhantomTask, language: Language, seed: number): WishedAnswer {
  for (let index = 0; index < SET_SIZE; index++) {
    const phantom = drawPhantom(phantomSeed('page', seed, index));
    if (!isTelling(phantom)) continue;
    return rowOf(phantom, simplest(task, phantom, language));
  }
  throw new RangeError(`set ${seed} has no phantom with two lesions on one side`);
}

function isTelling({ lesions }: Phantom): boolean {
  const quadrants = lesions.map(({ quadrant }) => quadrant);
  return quadrants.length === 2 && !quadrants.some((quadrant) => quadrants.includes(PATIENT_SIDE[quadrant]));
}

function simplest(task: PhantomTask, phantom: Phantom, language: Language): AskedAnswer {
  const question = task === 'patient-side' ? { kind: 'patient-where' as const } : { kind: 'count' as const };
  const [text = ''] = phrasings(question, language);
  if (task === 'hanja-count') return { question: text, answer: HANJA_COUNTS[2] };
  const answer = rightAnswer(question, phantom, language, task === 'report' ? 'report' : 'base') ?? '';
  return { question: text, answer: task === 'polite' ? politely(answer, language) : answer };
}
