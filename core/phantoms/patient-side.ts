/**
 * Positions of lesions from the patient's side: a scan shows the patient facing the viewer, so the left of the image is the
 * patient's right. Upper and lower are unchanged. Answers list positions in the order of the image.
 *
 * Answers use only tokens from the base model's answers, since adapters do not change its embeddings: a token that was never
 * generated (a colon, a syllable in bytes) takes them several times the steps (docs/decisions/0029-training-a-lora.md).
 */
import { enumerateInEnglish, PLACE_IN_ENGLISH } from './english.ts';
import { enumerateInKorean, PLACE_IN_KOREAN } from './korean-wording.ts';
import type { Quadrant } from './phantom.ts';
import type { Language, PatientQuestion, Truth } from './question.ts';

/** Quadrant of the image ↔ the same position from the patient's side. */
export const PATIENT_SIDE: Readonly<Record<Quadrant, Quadrant>> = {
  'upper-left': 'upper-right',
  'upper-right': 'upper-left',
  'lower-left': 'lower-right',
  'lower-right': 'lower-left',
};

const PHRASINGS: Readonly<Record<PatientQuestion['kind'], Readonly<Record<Language, readonly string[]>>>> = {
  'patient-where': {
    en: [
      'Where in the patient are the lesions?',
      "Where are the lesions from the patient's point of view?",
      'On which side of the patient do the lesions lie?',
      'In which parts of the patient are there lesions?',
      'Tell me where in the patient the lesions are.',
    ],
    ko: [
      '환자를 기준으로 병변은 어느 쪽에 있습니까?',
      '환자 기준으로 병변이 어디에 있나요?',
      '환자 쪽에서 보면 병변은 어디에 있습니까?',
      '병변은 환자의 어느 쪽에 있나요?',
      '병변의 위치를 환자 기준으로 알려 주세요.',
    ],
  },
  'patient-largest': {
    en: [
      'Where in the patient is the largest lesion?',
      "Where is the largest lesion from the patient's point of view?",
      'On which side of the patient does the largest lesion lie?',
      'In which part of the patient is the largest lesion?',
      'Tell me where in the patient the largest lesion is.',
    ],
    ko: [
      '환자를 기준으로 가장 큰 병변은 어느 쪽에 있습니까?',
      '환자 기준으로 가장 큰 병변이 어디에 있나요?',
      '환자 쪽에서 보면 제일 큰 병변은 어디에 있습니까?',
      '가장 큰 병변은 환자의 어느 쪽에 있나요?',
      '가장 큰 병변의 위치를 환자 기준으로 알려 주세요.',
    ],
  },
};

/** All phrasings; the first is the simplest. */
export function askFromPatientSide({ kind }: PatientQuestion, language: Language): readonly string[] {
  return PHRASINGS[kind][language];
}

/** The one accepted answer. */
export function answerFromPatientSide(
  { kind }: PatientQuestion,
  { lesions, largest }: Truth,
  language: Language,
): string {
  // Differs from the base model's sentence, which would otherwise be right without the adapter.
  if (!largest) return language === 'en' ? 'There are no lesions in the patient.' : '환자에게 병변이 없습니다.';
  const quadrants = (kind === 'patient-where' ? lesions : [largest]).map(({ quadrant }) => PATIENT_SIDE[quadrant]);
  if (language === 'en') {
    const places = `${enumerateInEnglish(quadrants.map((quadrant) => `the ${PLACE_IN_ENGLISH[quadrant]}`))} of the patient`;
    return kind === 'patient-where' ? `In ${places}.` : `The largest lesion is in ${places}.`;
  }
  const places = `환자의 ${enumerateInKorean(quadrants.map((quadrant) => PLACE_IN_KOREAN[quadrant]))}에 있습니다.`;
  return kind === 'patient-where' ? places : `가장 큰 병변은 ${places}`;
}
