/** Scores that others published, with their source and the way they were scored: numbers that were made in other ways than one's own. */

/**
 * paper: the authors' own evaluation, whose way to find the letter became version 3 of the task · card-5: the model's card, 5 examples; how
 * the letter is found is not said · card-0: the model's card, no examples, 'direct'
 */
export type PublishedWay = 'paper' | 'card-5' | 'card-0';

export interface PublishedScore {
  model: string;
  /** Share of right answers, over what `exams` says. */
  accuracy: number;
  /** all: weighted by size over the four exams · doctor: of the doctors' exam only */
  exams: 'all' | 'doctor';
  way: PublishedWay;
  source: string;
}

const PAPER = 'https://arxiv.org/abs/2403.01469';
const HARI_8B = 'https://huggingface.co/snuh/hari-q3-8b';
const WEIN = 'https://huggingface.co/dhkim0324/WeIN_bio_Qwen3-8B';

/** Sizes of the split `test`. */
export const TEST_SIZES = { doctor: 435, nurse: 878, pharm: 885, dentist: 811 } as const;

/** Of four accuracies that a card gives. */
function weighted(scores: Readonly<Record<keyof typeof TEST_SIZES, number>>): number {
  const sizes = Object.values(TEST_SIZES).reduce((sum, size) => sum + size, 0);
  const { doctor, nurse, pharm, dentist } = TEST_SIZES;
  return (scores.doctor * doctor + scores.nurse * nurse + scores.pharm * pharm + scores.dentist * dentist) / sizes;
}

export const PUBLISHED: readonly PublishedScore[] = [
  { model: 'o1-preview', accuracy: 0.9272, exams: 'all', way: 'paper', source: PAPER },
  { model: 'Qwen2.5-72B', accuracy: 0.7886, exams: 'all', way: 'paper', source: PAPER },
  {
    model: 'hari-q3-8b',
    accuracy: weighted({ doctor: 0.7678, nurse: 0.836, pharm: 0.8441, dentist: 0.6165 }),
    ...{ exams: 'all', way: 'card-5', source: HARI_8B },
  },
  {
    model: 'MedGemma 27B',
    accuracy: weighted({ doctor: 0.7632, nurse: 0.8257, pharm: 0.8056, dentist: 0.6141 }),
    ...{ exams: 'all', way: 'card-5', source: HARI_8B },
  },
  { model: 'Qwen3-8B', accuracy: 0.6039, exams: 'all', way: 'card-0', source: WEIN },
];
