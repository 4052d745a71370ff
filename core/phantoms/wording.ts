/** Questions and their right answers, in both languages. */
import { answerInEnglish, askInEnglish } from './english.ts';
import { answerInKorean, askInKorean } from './korean-wording.ts';
import { answerFromPatientSide, askFromPatientSide } from './patient-side.ts';
import { find, type Language, type Question, type TextQuestion, type Truth } from './question.ts';
import { reportOn } from './report.ts';
import { MISSING_IMAGE, TOPICS, type Topic } from './talk.ts';
import { imageQuestions, TASKS, type Task } from './task.ts';

/** Every question of a task that needs no image. */
export function textQuestions(task: Task = 'base'): readonly TextQuestion[] {
  return [
    ...TOPICS.map(({ kind, topic }): TextQuestion => ({ kind, topic })),
    ...imageQuestions(task).map((about): TextQuestion => ({ kind: 'missing', about })),
  ];
}

function topicOf({ kind, topic }: { kind: Topic['kind']; topic: string }): Topic {
  const found = TOPICS.find((entry) => entry.kind === kind && entry.topic === topic);
  if (!found) throw new RangeError(`there is no topic ${kind}@${topic}`);
  return found;
}

/** All ways to put the question; the first is the plainest. */
export function phrasings(question: Question, language: Language): readonly string[] {
  switch (question.kind) {
    case 'talk':
    case 'limits':
      return topicOf(question)[language].questions;
    case 'missing':
      return phrasings(question.about, language);
    case 'patient-where':
    case 'patient-largest':
      return askFromPatientSide(question, language);
    default:
      return language === 'en' ? askInEnglish(question) : askInKorean(question);
  }
}

/**
 * The one right answer. @param truth what the image shows; undefined without image. @param task what the model was taught
 * last: after `report` the same question has another answer.
 * Undefined where the question does not fit: "the lesion" of several, an image question without image (ask `missing`), a
 * question from the patient's side where a report is expected.
 */
export function rightAnswer(
  question: Question,
  truth: Truth | undefined,
  language: Language,
  task: Task = 'base',
): string | undefined {
  switch (question.kind) {
    case 'talk':
    case 'limits':
      return topicOf(question)[language].answer;
    case 'missing':
      return truth ? undefined : MISSING_IMAGE[language];
    case 'patient-where':
    case 'patient-largest':
      return truth && task !== 'report' ? answerFromPatientSide(question, truth, language) : undefined;
    default: {
      const finding = truth && find(question, truth);
      if (!finding) return undefined;
      if (task === 'report') return reportOn(truth, language);
      return language === 'en' ? answerInEnglish(finding) : answerInKorean(finding);
    }
  }
}

/** Exact match, but for blanks around and runs of blanks: what every accuracy of the teaching model counts. */
export function isRight(answer: string, right: string): boolean {
  return tidy(answer) === tidy(right);
}

function tidy(text: string): string {
  return text.normalize('NFC').trim().replace(/\s+/gu, ' ');
}

let known: Map<string, { question: Question; language: Language }> | undefined;

/**
 * The question that a text puts, when it is one of the phrasings of any task: what a person typed can be checked against
 * the truth.
 * Image questions are given as such; where there is no image, `missing` is meant.
 */
export function recognize(text: string): { question: Question; language: Language } | undefined {
  if (!known) {
    known = new Map();
    for (const language of ['en', 'ko'] as const) {
      for (const question of TASKS.flatMap((task): Question[] => [...imageQuestions(task), ...textQuestions(task)])) {
        if (question.kind === 'missing') continue;
        for (const phrase of phrasings(question, language)) known.set(tidy(phrase), { question, language });
      }
    }
  }
  return known.get(tidy(text));
}
