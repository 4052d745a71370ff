/** Training and evaluation examples: a phantom of a set with questions about it. */
import { Random } from '../sampling/random.ts';
import { drawPhantom } from './draw.ts';
import { drawPairs, type Pair } from './pairs.ts';
import type { Phantom } from './phantom.ts';
import { LANGUAGES } from './question.ts';
import { phantomSeed, questionSeed, type Split } from './sets.ts';
import type { Task } from './task.ts';

export interface Example {
  phantom: Phantom;
  /** `questions` pairs per language, grouped by language. */
  pairs: Pair[];
}

/**
 * The phantom `index` of the set `seed` of a split, with `questions` questions of the task about it in each language.
 * @throws RangeError as `phantomSeed`
 */
export function drawExample(
  split: Split,
  seed: number,
  index: number,
  questions: number,
  task: Task = 'base',
): Example {
  const phantom = drawPhantom(phantomSeed(split, seed, index));
  const random = Random.fromSeed(questionSeed(phantom.seed));
  return { phantom, pairs: LANGUAGES.flatMap((language) => drawPairs(phantom, language, questions, random, task)) };
}
