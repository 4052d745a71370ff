/** Phrasings of questions and their right answers in both languages. */
import { answerInEnglish, askInEnglish } from './english.ts';
import { answerInKorean, askInKorean } from './korean-wording.ts';
import { answerFromPatientSide, askFromPatientSide } from './patient-side.ts';
import { find, type Language, type Question, type TextQuestion, type Truth } from './question.ts';
import { reportOn } from './report.ts';
import { MISSING_IMAGE, TOPICS, type Topic } from './talk.ts';
import { imageQuestions, TASKS, type Task } from './task.ts';

/** All questions of a task without an image. */
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

/** All phrasings of the question; the first is the simplest. */
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
 * The one accepted answer.
 * @param truth facts about the image; undefined without an image
 * @param task last task that the model was trained on: after `report`, the same question has another answer
 * @returns undefined if the question does not fit: "the lesion" when there are several, an image question without an image (use
 *   `missing`), or a question from the patient's side when a report is expected
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

/** Exact match after white space normalization. All accuracies of the teaching model use it. */
export function isRight(answer: string, right: string): boolean {
  return tidy(answer) === tidy(right);
}

function tidy(text: string): string {
  return text.normalize('NFC').trim().replace(/\s+/gu, ' ');
}

let known: Map<string, { question: Question; language: Language }> | undefined;

/**
 * Finds the question of a text that is one of the phrasings of any task, so that answers to typed questions can be checked.
 * An image question is returned as such; without an image, the caller replaces it by `missing`.
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
