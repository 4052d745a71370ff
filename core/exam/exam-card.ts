/** A run in a small file without questions or answers, to pass on: what was asked how, on what, and what came out. */
import type { Marked } from './score.ts';
import { costOf, markedOf, scoreOf, scoresBy, type Score } from './score.ts';
import { TASK_VERSION } from './answer-letter.ts';
import type { ExamRun } from './run.ts';

export const EXAM_CARD_FORMAT = 'medgemma-ko-lab/exam-card/1';

/** @param about browser, system and versions, as far as they are known */
export function examCard(run: ExamRun, about: Readonly<Record<string, string>>) {
  const { how, setting, data, seed, answered, created } = run;
  const marked = answered.map(markedOf);
  const by = (groupOf: (one: Marked) => string) =>
    Object.fromEntries([...scoresBy(marked, groupOf)].map(([name, score]) => [name, scoreJson(score)]));
  return {
    format: EXAM_CARD_FORMAT,
    created,
    note: data.isOwn
      ? 'ten questions of our own, which are of no exam'
      : 'an exam score says nothing about what a model says of a patient',
    exam: { task: 'kormedmcqa', version: TASK_VERSION, ...how, data: data.name, counts: data.counts, seed },
    model: setting,
    about,
    scores: {
      ...(marked.length > 0 && { all: scoreJson(scoreOf(marked)) }),
      byExam: by(({ exam }) => exam),
      byYear: by(({ year }) => String(year ?? '')),
    },
    cost: costOf(answered.map(({ answer }) => answer)),
  };
}

function scoreJson({ count, right, accuracy, interval }: Score) {
  return { count, right, accuracy, interval95: interval };
}
