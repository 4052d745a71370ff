/**
 * What an adapter is trained on: JSON Lines, a line an example, with `question`, `answer` and, where there is one, `image`
 * (docs/training-data.md). `questions.jsonl` of `npm run phantoms` is such a file, and training/ reads the same ones.
 */
import { isJsonObject } from '../../json.ts';
import { sample } from '../../phantoms/chance.ts';
import { Random } from '../../sampling/random.ts';
import { shown } from '../../schema/schema.ts';

export interface TrainingExample {
  /** Line of the file, from 1 on. */
  line: number;
  question: string;
  answer: string;
  /** A row of images.npy, a path, both beside the file; undefined: no image. */
  image: number | string | undefined;
}

/** What is wrong with a line. `value` is what stands there, shortened. */
export type LineProblem =
  | { code: 'not-json'; reason: string }
  | { code: 'not-object' }
  | { code: 'missing'; cell: 'question' | 'answer' }
  | { code: 'not-text'; cell: 'question' | 'answer'; value: string }
  | { code: 'no-image'; value: string };

/** A data file cannot be used. The message names the file and the line. */
export class DataFileError extends Error {
  constructor(
    message: string,
    /** Undefined where it is about the whole file. */
    readonly problem?: LineProblem,
  ) {
    super(message);
    this.name = 'DataFileError';
  }
}

/** Fewer rows than this leave nothing to hold out. */
export const LEAST_EXAMPLES = 5;

/** @param file for messages @throws DataFileError */
export function readExamples(text: string, file: string): TrainingExample[] {
  const examples: TrainingExample[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    examples.push(readExample(line, index + 1, file));
  }
  if (examples.length < LEAST_EXAMPLES)
    throw new DataFileError(
      `${file} has ${examples.length} examples; at least ${LEAST_EXAMPLES} are needed, of which some are held out`,
    );
  return examples;
}

/** @param file for messages @param line for messages, from 1 on @throws DataFileError */
export function readExample(text: string, line: number, file: string): TrainingExample {
  const fail = (problem: LineProblem) => new DataFileError(`${file}, line ${line}: ${lineText(problem)}`, problem);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw fail({ code: 'not-json', reason: cause instanceof Error ? cause.message : String(cause) });
  }
  if (!isJsonObject(json)) throw fail({ code: 'not-object' });
  const words = (cell: 'question' | 'answer'): string => {
    const value = json[cell];
    if (value === undefined) throw fail({ code: 'missing', cell });
    if (typeof value !== 'string' || value.trim() === '') throw fail({ code: 'not-text', cell, value: shown(value) });
    return value;
  };
  const image = json['image'] ?? undefined;
  const isRow = typeof image === 'number' && Number.isSafeInteger(image) && image >= 0;
  if (image !== undefined && !isRow && (typeof image !== 'string' || image === ''))
    throw fail({ code: 'no-image', value: shown(image) });
  return { line, question: words('question'), answer: words('answer'), image };
}

function lineText(problem: LineProblem): string {
  switch (problem.code) {
    case 'not-json':
      return `not JSON (${problem.reason}); each line is one object`;
    case 'not-object':
      return 'not an object with "question" and "answer"';
    case 'missing':
      return `"${problem.cell}" is missing`;
    case 'not-text':
      return `"${problem.cell}" is ${problem.value}, expected a text`;
    case 'no-image':
      return `"image" is ${problem.value}, expected a path, a row of images.npy, or null`;
  }
}

export interface SplitExamples {
  trained: TrainingExample[];
  heldOut: TrainingExample[];
}

/**
 * Holds a fraction of the examples back, by which one sees whether what was learnt goes beyond the rows. Examples of one image stay on one
 * side, and so do equal questions without image: an adapter could know the others by heart.
 * @param fraction 0 holds nothing back; otherwise at least one image or question is
 */
export function holdOut(examples: readonly TrainingExample[], fraction: number, seed: number): SplitExamples {
  const keyOf = ({ image, question }: TrainingExample) => (image === undefined ? `text ${question}` : `image ${image}`);
  const keys = [...new Set(examples.map(keyOf))];
  const count = fraction > 0 ? Math.min(keys.length - 1, Math.max(1, Math.round(fraction * keys.length))) : 0;
  const held = new Set(sample(Random.fromSeed(seed), keys, count));
  return {
    trained: examples.filter((example) => !held.has(keyOf(example))),
    heldOut: examples.filter((example) => held.has(keyOf(example))),
  };
}
