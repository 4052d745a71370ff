import type { ExamHow } from '#core/exam/answer.ts';
import type { KeptData, RunPlan } from '#core/exam/kept.ts';
import { OWN_EXAM } from '#core/exam/own-questions.ts';
import { pickQuestions } from '#core/exam/pick.ts';
import { countsByExam, numbered } from '#core/exam/question.ts';
import { canGoOn, type ExamSetting } from '#core/exam/run.ts';
import type { ExamJobEvent, ExamJobRequest } from '#core/protocol/exam.ts';
import type { Keeping } from './keeping.svelte.ts';
import { Run } from './run.svelte.ts';

/** The part of the engine client (src/workers/engine.svelte.ts) that runs need. */
export interface ExamEngine {
  exam(request: ExamJobRequest, on: (event: ExamJobEvent) => void): Promise<void>;
  pauseExam(): Promise<void>;
}

export interface Sample {
  size: number;
  seed: number;
}

/** Runs on this device, the newest first. One at a time asks. */
export class Runs {
  all = $state.raw<readonly Run[]>([]);
  /** The run that is shown. */
  shownId = $state<string>();
  readonly shown = $derived(this.all.find(({ id }) => id === this.shownId) ?? this.all[0]);
  readonly current = $derived(this.all.find(({ activity }) => activity !== 'none'));

  /** @param take makes a run this tab's own; false if another tab asks it */
  constructor(
    private readonly engine: ExamEngine,
    private readonly keeping: Keeping,
    private readonly take: (id: string) => Promise<boolean>,
  ) {}

  async restore(): Promise<void> {
    const kept = await this.keeping.runs();
    this.all = [...this.all, ...kept.map(({ plan, answers }) => new Run(plan, answers))];
  }

  /** Asks a sample under the setting. */
  async begin(data: KeptData, sample: Sample, how: ExamHow, setting: ExamSetting): Promise<void> {
    const questions = pickQuestions(numbered(data.questions), sample.size, sample.seed);
    const counts = Object.fromEntries(countsByExam(data.questions));
    await this.#start({
      ...{ how, setting, seed: sample.seed, questions },
      data: { name: data.name, isOwn: data.id === OWN_EXAM, counts },
      examples: how.shots > 0 ? data.examples : [],
    });
  }

  /** Asks the questions of a run again, in the same way, under another setting. */
  async again({ plan: { how, seed, questions, data, examples } }: Run, setting: ExamSetting): Promise<void> {
    await this.#start({ how, setting, seed, questions, data, examples });
  }

  /** Goes on with a run that paused. @throws RangeError under a setting that it cannot go on under */
  async resume(run: Run, now: ExamSetting): Promise<void> {
    if (!canGoOn(run.plan.setting, now)) throw new RangeError('the run was made under another setting');
    // Another tab may have gone on with it since this one read it.
    await this.#ask(run, async () => run.takeOver(await this.keeping.answers(run.id)));
  }

  async pause(): Promise<void> {
    const { current } = this;
    if (!current) return;
    current.activity = 'stopping';
    await this.engine.pauseExam();
  }

  /** Not while a tab asks it, which would keep answers of a run that is gone. */
  async remove(run: Run): Promise<void> {
    if (run.activity !== 'none') return;
    run.isElsewhere = !(await this.take(run.id));
    if (run.isElsewhere || this.#isAsked(run)) return;
    this.all = this.all.filter((other) => other !== run);
    await this.keeping.removeRun(run.id);
  }

  async #start(asked: Omit<RunPlan, 'id' | 'created'>): Promise<void> {
    if (this.current) return;
    const run = new Run({ ...asked, id: crypto.randomUUID(), created: new Date().toISOString() });
    this.all = [run, ...this.all];
    await this.#ask(run, () => this.keeping.keepRun(run.plan));
  }

  /** @param before is awaited when the run is the current one: a second click begins nothing */
  async #ask(run: Run, before: () => Promise<void>): Promise<void> {
    if (this.current) return;
    run.failure = undefined;
    run.isElsewhere = false;
    run.activity = 'running';
    this.shownId = run.id;
    try {
      if (!(await this.take(run.id))) {
        run.isElsewhere = true;
        return;
      }
      await before();
      if (this.#isStopping(run)) return;
      const { how, questions, examples, setting } = run.plan;
      const strengths = setting.adapters.map(({ strength }) => strength);
      const left = questions.slice(run.answered.length).map(({ question }) => question);
      const request = { ...how, questions: left, examples, strengths };
      await this.engine.exam(request, (event) => this.#on(run, event));
    } finally {
      run.activity = 'none';
      run.newTokens = 0;
    }
  }

  /** True if it was begun meanwhile. */
  #isAsked({ activity }: Run): boolean {
    return activity !== 'none';
  }

  /** True if the pause was asked for before the engine had begun. */
  #isStopping({ activity }: Run): boolean {
    return activity === 'stopping';
  }

  #on(run: Run, event: ExamJobEvent): void {
    if (this.#isStopping(run)) void this.engine.pauseExam();
    if (event.type === 'progress') run.newTokens = event.newTokens;
    else if (event.type === 'answered') void this.keeping.keepAnswer(run.id, run.add(event.answer), event.answer);
    else if (event.type === 'failed') run.failure = event.failure;
  }
}
