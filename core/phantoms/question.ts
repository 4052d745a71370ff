import { QUADRANTS, type Brightness, type Lesion, type Phantom, type Quadrant, type Shape } from './phantom.ts';

export const LANGUAGES = ['en', 'ko'] as const;
export type Language = (typeof LANGUAGES)[number];

/** The lesion that a question is about: the only one, or the one in a quadrant. */
export type Referent = 'only' | Quadrant;

export const ASPECTS = ['where', 'shape', 'brightness'] as const;
export type Aspect = (typeof ASPECTS)[number];

/** Questions about an image. `largest` asks for one aspect of the largest lesion. */
export type ImageQuestion =
  | { kind: 'count' }
  | { kind: 'where' }
  | { kind: 'brightness'; of: Referent }
  | { kind: 'shape'; of: Referent }
  | { kind: 'largest'; aspect: Aspect }
  | { kind: 'description' };

export const IMAGE_KINDS = ['count', 'where', 'brightness', 'shape', 'largest', 'description'] as const;
export type ImageKind = (typeof IMAGE_KINDS)[number];

/** Questions from the patient's side, not used for the base model. */
export const PATIENT_KINDS = ['patient-where', 'patient-largest'] as const;
export type PatientKind = (typeof PATIENT_KINDS)[number];
export type PatientQuestion = { kind: 'patient-where' } | { kind: 'patient-largest' };
export const PATIENT_QUESTIONS: readonly PatientQuestion[] = PATIENT_KINDS.map((kind) => ({ kind }));

/** Questions without an image. `missing` is a question about an image that is not there. */
export type TextQuestion =
  | { kind: 'talk'; topic: string }
  | { kind: 'limits'; topic: string }
  | { kind: 'missing'; about: ImageQuestion | PatientQuestion };

export type Question = ImageQuestion | PatientQuestion | TextQuestion;
/** Kinds of questions that the base model learns. */
export const KINDS = [...IMAGE_KINDS, 'talk', 'limits', 'missing'] as const;
export type Kind = (typeof KINDS)[number] | PatientKind;

/** Name of a question in files and tables, e.g. `shape@upper-left`. */
export function nameOf(question: Question): string {
  switch (question.kind) {
    case 'count':
    case 'where':
    case 'description':
    case 'patient-where':
    case 'patient-largest':
      return question.kind;
    case 'brightness':
    case 'shape':
      return `${question.kind}@${question.of}`;
    case 'largest':
      return `largest@${question.aspect}`;
    case 'talk':
    case 'limits':
      return `${question.kind}@${question.topic}`;
    case 'missing':
      return `missing@${nameOf(question.about)}`;
  }
}

/** Every question about an image that the base model learns. */
export const IMAGE_QUESTIONS: readonly ImageQuestion[] = [
  { kind: 'count' },
  { kind: 'where' },
  ...(['only', ...QUADRANTS] as const).flatMap((of): ImageQuestion[] => [
    { kind: 'brightness', of },
    { kind: 'shape', of },
  ]),
  ...ASPECTS.map((aspect): ImageQuestion => ({ kind: 'largest', aspect })),
  { kind: 'description' },
];

/** Language-independent answer. */
export type Finding =
  | { is: 'count'; count: number }
  | { is: 'where'; quadrants: readonly Quadrant[] }
  | { is: 'brightness'; of: Referent; brightness: Brightness }
  | { is: 'shape'; of: Referent; shape: Shape }
  | { is: 'largest-where'; quadrant: Quadrant }
  | { is: 'largest-brightness'; brightness: Brightness }
  | { is: 'largest-shape'; shape: Shape }
  | { is: 'description'; count: number; largest: Lesion }
  /** No lesion at all, or none in the quadrant of the question. */
  | { is: 'none' }
  | { is: 'none-there'; quadrant: Quadrant };

/** The facts about a phantom that answers depend on. */
export type Truth = Pick<Phantom, 'lesions' | 'largest'>;

/**
 * The right answer, or undefined if the question does not fit the image, e.g. it asks about "the lesion" and there are several.
 */
export function find(question: ImageQuestion, { lesions, largest }: Truth): Finding | undefined {
  const { kind } = question;
  if (kind === 'count') return { is: 'count', count: lesions.length };
  if (!largest) return { is: 'none' };
  switch (kind) {
    case 'where':
      return { is: 'where', quadrants: lesions.map(({ quadrant }) => quadrant) };
    case 'brightness':
    case 'shape': {
      const { of } = question;
      if (of === 'only' && lesions.length > 1) return undefined;
      const lesion = of === 'only' ? largest : lesions.find(({ quadrant }) => quadrant === of);
      if (!lesion) return of === 'only' ? { is: 'none' } : { is: 'none-there', quadrant: of };
      return kind === 'shape'
        ? { is: 'shape', of, shape: lesion.shape }
        : { is: 'brightness', of, brightness: lesion.brightness };
    }
    case 'largest':
      if (question.aspect === 'where') return { is: 'largest-where', quadrant: largest.quadrant };
      if (question.aspect === 'shape') return { is: 'largest-shape', shape: largest.shape };
      return { is: 'largest-brightness', brightness: largest.brightness };
    case 'description':
      return { is: 'description', count: lesions.length, largest };
  }
}
