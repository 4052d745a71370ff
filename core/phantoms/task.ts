/** Training tasks: that of the base model, and one for each adapter. */
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
 * - `report`: a new answer style. The questions of `base`; those about an image are all answered with the same report.
 * - `patient-side`: a new skill. Positions of lesions from the patient's side, whose right is on the left of the image.
 */
export const TASKS = ['base', 'report', 'patient-side'] as const;
export type Task = (typeof TASKS)[number];

/** Kinds of image questions of a task. */
export function imageKinds(task: Task): readonly (ImageKind | PatientKind)[] {
  return task === 'patient-side' ? PATIENT_KINDS : IMAGE_KINDS;
}

/** All image questions of a task. */
export function imageQuestions(task: Task): readonly (ImageQuestion | PatientQuestion)[] {
  return task === 'patient-side' ? PATIENT_QUESTIONS : IMAGE_QUESTIONS;
}
