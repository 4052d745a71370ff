/** The questions of an evaluation: those that `npm run phantoms` writes for the same split, seed, count and task. */
import { drawExample } from '#core/phantoms/examples.ts';
import { textPairs, type Pair } from '#core/phantoms/pairs.ts';
import { SIDE } from '#core/phantoms/phantom.ts';
import type { Language } from '#core/phantoms/question.ts';
import { renderPhantom } from '#core/phantoms/render.ts';
import type { Split } from '#core/phantoms/sets.ts';
import type { Task } from '#core/phantoms/task.ts';

export interface QuestionSet {
  task: Task;
  split: Split;
  /** Number of the set. */
  seed: number;
  /** Number of phantoms. */
  count: number;
  /** Number about each phantom in each language. */
  questions: number;
  languages: readonly Language[];
  /** Grey level shown in place of every image; undefined: the images are shown. */
  blank: number | undefined;
}

/** Questions about one image, or without image. */
export interface Group {
  pairs: readonly Pair[];
  /** Grey u8 [64 · 64] */
  pixels: Uint8Array | undefined;
}

/** Size of a group of questions without image: about as much work as a phantom. */
const TEXTS_PER_GROUP = 32;

/** Number of groups: one for each phantom, then those of questions without image. */
export function groupCount(set: QuestionSet): number {
  return set.count + Math.ceil(textsOf(set).length / TEXTS_PER_GROUP);
}

export function groupAt(set: QuestionSet, index: number): Group {
  if (index >= set.count) {
    const from = (index - set.count) * TEXTS_PER_GROUP;
    return { pairs: textsOf(set).slice(from, from + TEXTS_PER_GROUP), pixels: undefined };
  }
  const { phantom, pairs } = drawExample(set.split, set.seed, index, set.questions, set.task);
  return {
    pairs: pairs.filter(({ language }) => set.languages.includes(language)),
    pixels: set.blank === undefined ? renderPhantom(phantom) : new Uint8Array(SIDE * SIDE).fill(set.blank),
  };
}

function textsOf({ languages, task }: QuestionSet): Pair[] {
  return languages.flatMap((language) => textPairs(language, task));
}

/** The mean grey level of a set's images. */
export function meanGrey({ split, seed, count }: Pick<QuestionSet, 'split' | 'seed' | 'count'>): number {
  let sum = 0;
  for (let index = 0; index < count; index++) {
    for (const value of renderPhantom(drawExample(split, seed, index, 0).phantom)) sum += value;
  }
  return Math.round(sum / (count * SIDE * SIDE));
}
