import { compare } from '#core/exam/compare.ts';
import type { ExamWay } from '#core/exam/answer.ts';
import { examplesFor, ExamplesError } from '#core/exam/examples.ts';
import type { ExamSetting } from '#core/exam/run.ts';
import type { ModelInfo } from '#core/protocol/engine.ts';
import { manifestHash } from '../../chat/manifest-hash.ts';
import type { Session } from '../../chat/session.svelte.ts';
import { lockName } from '../../platform/tab-lock.ts';
import { Keeping } from './keeping.svelte.ts';
import { QuestionSets } from './question-sets.svelte.ts';
import { Runs } from './runs.svelte.ts';
import { settingOf } from './setting.ts';

/** Everything the exam lab holds. It asks the model of the chat. */
export class ExamLab {
  readonly keeping = new Keeping();
  readonly sets = new QuestionSets(this.keeping);
  readonly runs: Runs;
  way = $state<ExamWay>('generate');
  shots = $state<0 | 5>(0);
  chatTemplate = $state(false);
  /** Questions to ask; undefined: all that are chosen. */
  size = $state<number>();
  seed = $state(42);
  /** False: adapters that are applied take no part. */
  withAdapters = $state(true);
  /** Ids of the two runs that stand side by side. */
  firstId = $state<string>();
  secondId = $state<string>();
  #manifest = $state.raw<{ model: ModelInfo; sha256: string | undefined }>();
  #started = false;
  readonly #taken = new Set<string>();

  /** Undefined while no model is open, or while it is being looked at. */
  readonly setting: ExamSetting | undefined = $derived.by(() => {
    const { model, usedAdapters } = this.session.engine;
    if (!model || this.#manifest?.model !== model) return undefined;
    const adapters = this.withAdapters ? usedAdapters : usedAdapters.map((one) => ({ ...one, strength: 0 }));
    return settingOf(model, this.#manifest.sha256, adapters);
  });
  /** Exams of the chosen questions that have fewer examples than are asked for. */
  readonly lacking: readonly string[] = $derived.by(() => {
    const { questions, examples } = this.sets.chosen;
    return [...new Set(questions.map(({ exam }) => exam))].filter((exam) => !hasExamples(exam, examples, this.shots));
  });
  readonly first = $derived.by(() => this.runs.all.find(({ id }) => id === this.firstId));
  readonly second = $derived.by(() => this.runs.all.find(({ id }) => id === this.secondId));
  readonly compared = $derived(
    this.first && this.second && this.first !== this.second
      ? compare(this.first.answered, this.second.answered)
      : undefined,
  );

  constructor(readonly session: Session) {
    this.runs = new Runs(session.engine, this.keeping, (id) => this.#take(id));
  }

  /** True if questions can be asked now. */
  get ready(): boolean {
    const { engine } = this.session;
    return this.setting !== undefined && !engine.generating && !this.runs.current;
  }

  /** Called at the first visit. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    void this.sets.restore();
    void this.runs.restore();
  }

  /** Called when the open model changes. */
  async follow(model: ModelInfo | undefined): Promise<void> {
    const { source } = this.session.engine;
    if (!model || !source || this.#manifest?.model === model) return;
    const sha256 = await manifestHash(source);
    if (this.session.engine.model === model) this.#manifest = { model, sha256 };
  }

  async begin(): Promise<void> {
    const { setting, size, seed, way, shots, chatTemplate, sets } = this;
    if (!setting || !this.ready || this.lacking.length > 0) return;
    const sample = { size: size ?? sets.chosen.questions.length, seed };
    await this.runs.begin(sets.chosen, sample, { way, shots, chatTemplate }, setting);
  }

  /** Files that were dropped on the page or picked. */
  async addFiles(files: readonly File[]): Promise<void> {
    await this.sets.addFiles(files);
  }

  async #take(id: string): Promise<boolean> {
    if (this.#taken.has(id)) return true;
    const taken = await lockName(`exam ${id}`, 'reload');
    if (taken) this.#taken.add(id);
    return taken;
  }
}

function hasExamples(exam: string, ...rest: [pool: Parameters<typeof examplesFor>[1], shots: number]): boolean {
  try {
    examplesFor(exam, ...rest);
    return true;
  } catch (error) {
    if (error instanceof ExamplesError) return false;
    throw error;
  }
}
