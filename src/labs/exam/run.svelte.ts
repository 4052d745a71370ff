import type { AnsweredQuestion, ExamAnswer } from '#core/exam/answer.ts';
import { isAnsweredRight } from '#core/exam/compare.ts';
import type { RunPlan } from '#core/exam/kept.ts';
import type { ExamRun } from '#core/exam/run.ts';
import { costOf, markedOf, scoreOf, scoresBy } from '#core/exam/score.ts';
import type { Failure } from '#core/failure.ts';

/**
 * running: asked now · stopping: asked to pause, an answer is being finished or dropped · paused: some questions are left · done: none
 */
export type RunState = 'running' | 'stopping' | 'paused' | 'done';

/** A row of questions under one setting, and what was answered so far. */
export class Run {
  answered = $state.raw<readonly AnsweredQuestion[]>([]);
  activity = $state<'running' | 'stopping' | 'none'>('none');
  /** Why it paused by itself. */
  failure = $state.raw<Failure>();
  /** Another tab asks it. */
  isElsewhere = $state(false);
  /** New tokens of the answer that is being written. */
  newTokens = $state(0);
  readonly marked = $derived(this.answered.map(markedOf));
  readonly score = $derived(this.marked.length > 0 ? scoreOf(this.marked) : undefined);
  readonly byExam = $derived(scoresBy(this.marked, ({ exam }) => exam));
  readonly byYear = $derived(
    new Map([...scoresBy(this.marked, ({ year }) => String(year ?? ''))].sort(([a], [b]) => (a < b ? -1 : 1))),
  );
  readonly cost = $derived(costOf(this.answered.map(({ answer }) => answer)));
  readonly wrong = $derived(this.answered.filter((one) => !isAnsweredRight(one)));
  readonly state: RunState = $derived.by(() =>
    this.activity !== 'none' ? this.activity : this.answered.length < this.plan.questions.length ? 'paused' : 'done',
  );

  constructor(
    readonly plan: RunPlan,
    answers: readonly ExamAnswer[] = [],
  ) {
    this.takeOver(answers);
  }

  /** Takes answers that are kept, if they are more. @param answers of the plan's first questions */
  takeOver(answers: readonly ExamAnswer[]): void {
    if (answers.length <= this.answered.length) return;
    this.answered = this.plan.questions.slice(0, answers.length).flatMap((question, at) => {
      const answer = answers[at];
      return answer ? [{ ...question, answer }] : [];
    });
  }

  get id(): string {
    return this.plan.id;
  }

  /** @returns its place */
  add(answer: ExamAnswer): number {
    const at = this.answered.length;
    const question = this.plan.questions[at];
    if (!question) throw new RangeError('there is an answer without a question');
    this.answered = [...this.answered, { ...question, answer }];
    this.newTokens = 0;
    return at;
  }

  /** What is exported. */
  get record(): ExamRun {
    const { how, setting, data, seed, examples, created } = this.plan;
    return { how, setting, data, seed, examples, answered: this.answered, created };
  }
}
