/** English phrasings of questions, and the one accepted answer to each. */
import type { Brightness, Quadrant } from './phantom.ts';
import type { Finding, ImageQuestion, Referent } from './question.ts';

export const PLACE_IN_ENGLISH: Readonly<Record<Quadrant, string>> = {
  'upper-left': 'upper left',
  'upper-right': 'upper right',
  'lower-left': 'lower left',
  'lower-right': 'lower right',
};
const COUNT = ['no lesions', 'one lesion', 'two lesions', 'three lesions'];
const SURROUNDINGS: Readonly<Record<Brightness, string>> = {
  bright: 'brighter than its surroundings',
  dark: 'darker than its surroundings',
};

const lesion = (of: Referent) => (of === 'only' ? 'the lesion' : `the lesion in the ${PLACE_IN_ENGLISH[of]}`);

/** All phrasings; the first is the simplest. */
export function askInEnglish(question: ImageQuestion): readonly string[] {
  switch (question.kind) {
    case 'count':
      return [
        'How many lesions are there?',
        'How many lesions do you see?',
        'How many lesions does the image show?',
        'Count the lesions.',
        'What is the number of lesions in this image?',
      ];
    case 'where':
      return [
        'Where are the lesions?',
        'Where do you see lesions?',
        'Where in the image are lesions?',
        'In which parts of the image are there lesions?',
        'Tell me where the lesions are.',
      ];
    case 'brightness':
      return askBrightness(lesion(question.of));
    case 'shape':
      return askShape(lesion(question.of));
    case 'largest':
      if (question.aspect === 'brightness') return askBrightness('the largest lesion');
      if (question.aspect === 'shape') return askShape('the largest lesion');
      return [
        'Where is the largest lesion?',
        'Where is the biggest lesion?',
        'In which part of the image is the largest lesion?',
        'Which lesion is the largest?',
        'Find the largest lesion.',
      ];
    case 'description':
      return [
        'Describe the image in one sentence.',
        'Describe this image.',
        'What does the image show?',
        'What do you see?',
        'Summarize the image in one sentence.',
      ];
  }
}

function askBrightness(it: string): readonly string[] {
  return [
    `Is ${it} brighter or darker than its surroundings?`,
    `Is ${it} bright or dark?`,
    `Does ${it} look brighter or darker?`,
    `How bright is ${it} compared with its surroundings?`,
    `Tell me if ${it} is bright or dark.`,
  ];
}

function askShape(it: string): readonly string[] {
  return [
    `What shape is ${it}?`,
    `What is the shape of ${it}?`,
    `Which shape does ${it} have?`,
    `Is ${it} round, square or cross-shaped?`,
    `Tell me the shape of ${it}.`,
  ];
}

/** The answer names the position of a lesion before its properties, so that the model has to locate it first. */
export function answerInEnglish(finding: Finding): string {
  switch (finding.is) {
    case 'none':
      return countSentence(0);
    case 'none-there':
      return `There is no lesion in the ${PLACE_IN_ENGLISH[finding.quadrant]}.`;
    case 'count':
      return countSentence(finding.count);
    case 'where':
      return `In ${enumerateInEnglish(finding.quadrants.map((quadrant) => `the ${PLACE_IN_ENGLISH[quadrant]}`))}.`;
    case 'brightness':
      return `${capitalized(lesion(finding.of))} is ${SURROUNDINGS[finding.brightness]}.`;
    case 'shape':
      return `${capitalized(lesion(finding.of))} is ${finding.shape}.`;
    case 'largest-where':
      return `The largest lesion is in the ${PLACE_IN_ENGLISH[finding.quadrant]}.`;
    case 'largest-brightness':
      return `The largest lesion is ${SURROUNDINGS[finding.brightness]}.`;
    case 'largest-shape':
      return `The largest lesion is ${finding.shape}.`;
    case 'description': {
      const { count, largest } = finding;
      const { shape, brightness } = largest;
      const place = `in the ${PLACE_IN_ENGLISH[largest.quadrant]}`;
      if (count === 1) return `There is one lesion, ${brightness} and ${shape}, ${place}.`;
      return `There are ${counted(count)}, and the ${count === 2 ? 'larger' : 'largest'} is ${brightness} and ${shape}, ${place}.`;
    }
  }
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function countSentence(count: number): string {
  return count === 1 ? 'There is one lesion.' : `There are ${counted(count)}.`;
}

function counted(count: number): string {
  const words = COUNT[count];
  if (words === undefined) throw new RangeError(`no phantom has ${count} lesions`);
  return words;
}

/** Joins with commas, and with "and" before the last part. */
export function enumerateInEnglish(parts: readonly string[]): string {
  const last = parts.at(-1) ?? '';
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}
