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

/** A data file cannot be used. The message names the file and the line. */
export class DataFileError extends Error {
  constructor(message: string) {
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

function readExample(text: string, line: number, file: string): TrainingExample {
  const fail = (reason: string) => new DataFileError(`${file}, line ${line}: ${reason}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw fail(`not JSON (${cause instanceof Error ? cause.message : String(cause)}); each line is one object`);
  }
  if (!isJsonObject(json)) throw fail('not an object with "question" and "answer"');
  const words = (key: 'question' | 'answer'): string => {
    const value = json[key];
    if (value === undefined) throw fail(`"${key}" is missing`);
    if (typeof value !== 'string' || value.trim() === '') throw fail(`"${key}" is ${shown(value)}, expected a text`);
    return value;
  };
  const image = json['image'] ?? undefined;
  const isRow = typeof image === 'number' && Number.isSafeInteger(image) && image >= 0;
  if (image !== undefined && !isRow && (typeof image !== 'string' || image === ''))
    throw fail(`"image" is ${shown(image)}, expected a path, a row of images.npy, or null`);
  return { line, question: words('question'), answer: words('answer'), image };
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
