/** Chooses questions about a phantom so that guessing without the image scores low. */
import type { Random } from '../sampling/random.ts';
import { choose, weighted } from './chance.ts';
import { QUADRANTS } from './phantom.ts';
import {
  nameOf,
  type ImageKind,
  type ImageQuestion,
  type Kind,
  type Language,
  type PatientKind,
  type PatientQuestion,
  type Question,
  type Truth,
} from './question.ts';
import { imageKinds, type Task } from './task.ts';
import { phrasings, rightAnswer, textQuestions } from './wording.ts';

export interface Pair {
  kind: Kind;
  /** `nameOf` the question. */
  name: string;
  language: Language;
  question: string;
  /** The one accepted answer. */
  answer: string;
}

/** Fraction of questions about a lesion that does not exist, so that the model has to check. */
const ABSENT = 0.15;

/** Draws a question of the kind that fits the image, with answers as balanced as the phantoms. */
export function drawQuestion(
  kind: ImageKind | PatientKind,
  { lesions }: Truth,
  random: Random,
): ImageQuestion | PatientQuestion {
  switch (kind) {
    case 'count':
    case 'where':
    case 'description':
    case 'patient-where':
    case 'patient-largest':
      return { kind };
    case 'brightness':
    case 'shape': {
      if (lesions.length < 2 && random.uniform() < 0.5) return { kind, of: 'only' };
      const taken = lesions.map(({ quadrant }) => quadrant);
      const asksInVain = taken.length === 0 || random.uniform() < ABSENT;
      return {
        kind,
        of: choose(random, asksInVain ? QUADRANTS.filter((quadrant) => !taken.includes(quadrant)) : taken),
      };
    }
    case 'largest':
      // Places have four answers, shapes three, brightness two. More answers make guessing less likely to succeed.
      return {
        kind,
        aspect: weighted(random, [
          ['where', 4],
          ['shape', 3],
          ['brightness', 2],
        ]),
      };
  }
}

/** `count` questions about an image in random order; no kind repeats before all kinds of the task are used. */
export function drawPairs(
  truth: Truth,
  language: Language,
  count: number,
  random: Random,
  task: Task = 'base',
): Pair[] {
  const pairs: Pair[] = [];
  let left: (ImageKind | PatientKind)[] = [];
  while (pairs.length < count) {
    if (left.length === 0) left = [...imageKinds(task)];
    const kind = choose(random, left);
    left = left.filter((other) => other !== kind);
    const question = drawQuestion(kind, truth, random);
    pairs.push(pairOf(question, truth, language, choose(random, phrasings(question, language)), task));
  }
  return pairs;
}

/** All pairs of a task without an image, in every phrasing. */
export function textPairs(language: Language, task: Task = 'base'): Pair[] {
  return textQuestions(task).flatMap((question) =>
    phrasings(question, language).map((phrase) => pairOf(question, undefined, language, phrase, task)),
  );
}

function pairOf(question: Question, truth: Truth | undefined, language: Language, phrase: string, task: Task): Pair {
  const answer = rightAnswer(question, truth, language, task);
  if (answer === undefined) throw new RangeError(`${nameOf(question)} does not fit the image`);
  return { kind: question.kind, name: nameOf(question), language, question: phrase, answer };
}
