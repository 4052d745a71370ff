/** What a set of phantoms teaches: all that the base model learns, or the subject of one adapter. */
import {
  IMAGE_KINDS,
  IMAGE_QUESTIONS,
  PATIENT_KINDS,
  PATIENT_QUESTIONS,
  type ImageKind,
  type ImageQuestion,
  type PatientKind,
  type PatientQuestion,
} from './question.ts';

/**
 * - `base`: questions about the image, each with a short answer.
 * - `report`: another manner. The questions of `base`, all of those about an image answered with the same report.
 * - `patient-side`: another skill. Where lesions lie for the patient, whose right is on the left of the image.
 */
export const TASKS = ['base', 'report', 'patient-side'] as const;
export type Task = (typeof TASKS)[number];

/** The kinds of questions about an image that a task asks. */
export function imageKinds(task: Task): readonly (ImageKind | PatientKind)[] {
  return task === 'patient-side' ? PATIENT_KINDS : IMAGE_KINDS;
}

/** Every question about an image that a task asks. */
export function imageQuestions(task: Task): readonly (ImageQuestion | PatientQuestion)[] {
  return task === 'patient-side' ? PATIENT_QUESTIONS : IMAGE_QUESTIONS;
}
