import { projectionSize, TARGETS } from '#core/budget/lora.ts';
import { storageOf } from '#core/budget/package-fit.ts';
import type { Failure } from '#core/failure.ts';
import type { Gemma3Config } from '#core/gemma3/config.ts';
import type { RunPlan } from '#core/lora/training/kept-run.ts';
import { TASK_SETTINGS } from '#core/lora/training/task-settings.ts';
import { drawTask, fixedQuestion } from '#core/lora/training/tasks.ts';
import type { Language } from '#core/phantoms/question.ts';
import type { ModelInfo, PackageSource } from '#core/protocol/engine.ts';
import { parameterOf } from '../../chat/adapter/heat.ts';
import type { HandOver } from '../../chat/adapter/trained-adapter.ts';
import { manifestHash } from '../../chat/manifest-hash.ts';
import { packageConfig } from '../../chat/package-config.ts';
import type { Session } from '../../chat/session.svelte.ts';
import { Announcer } from '../../platform/announcer.svelte.ts';
import { count } from '../../platform/figures.ts';
import { locale, t } from '../../platform/locale.svelte.ts';
import { place, type Address } from '../../platform/place.svelte.ts';
import { lockName } from '../../platform/tab-lock.ts';
import { TrainerWorker } from '../../workers/trainer-worker.ts';
import { WeightNorms } from '../../workers/weight-norms.svelte.ts';
import { WeightsWorker } from '../../workers/weights-worker.ts';
import { BaseAnswer } from './base-answer.svelte.ts';
import { costOf, rateOf, type Cost } from './cost.ts';
import { isPhantomTask, settingsFor, type TaskChoice, type TrainingData } from './data.ts';
import { matchText } from './figure-text.ts';
import { Guide } from './guide.svelte.ts';
import { Keeping } from './keeping.svelte.ts';
import { OwnTable } from './own-table.svelte.ts';
import { howOf, planAgain, planOf, type Asked } from './plan.ts';
import type { Run } from './run.svelte.ts';
import { Runs, type Base } from './runs.svelte.ts';
import { trainedAdapterOf } from './save.ts';
import { stateText } from './setting-text.ts';
import { Settings } from './settings.svelte.ts';
import { readRecipe, type Recipe } from './share.ts';

/** Why no training can begin. */
export type Obstacle = 'running' | 'no-model' | 'not-teaching' | 'no-vision' | 'rows' | 'too-large' | 'rank';

/** Everything the training lab holds. It trains on the model of the chat, in a worker of its own. */
export class TrainLab {
  readonly keeping = new Keeping();
  readonly table = new OwnTable(this.keeping);
  readonly settings = new Settings();
  readonly announcer = new Announcer();
  readonly norms = new WeightNorms((onRestart) => new WeightsWorker(onRestart));
  readonly runs: Runs;
  readonly base: BaseAnswer;
  readonly guide: Guide;
  task = $state<TaskChoice>('patient-side');
  /** Of the questions about phantoms; undefined: that of the page. */
  #language = $state<Language>();
  config = $state.raw<Gemma3Config>();
  configFailure = $state.raw<Failure>();
  /** Parameters of a link that could not be read. */
  brokenLink = $state.raw<readonly string[]>([]);
  /** The LoRA lab has no place for another adapter. */
  isFull = $state(false);
  #model = $state.raw<{ info: ModelInfo; sha256: string | undefined }>();
  #trainedSource: PackageSource | undefined;
  #started = false;
  readonly #taken = new Set<string>();

  readonly language = $derived.by(() => this.#language ?? locale.current);
  readonly data: TrainingData | undefined = $derived.by(() => this.#data());
  readonly cost: Cost | undefined = $derived.by(() => this.#cost());
  readonly obstacle: Obstacle | undefined = $derived.by(() => this.#obstacle());

  /** @param handOver gives an adapter to the LoRA lab, and shows that lab */
  constructor(
    readonly session: Session,
    private readonly handOver: HandOver,
  ) {
    this.runs = new Runs(
      (onRestart) => new TrainerWorker(onRestart),
      this.keeping,
      (id) => this.#take(id),
      (run) => this.#onMilestone(run),
    );
    this.base = new BaseAnswer(session.engine);
    this.guide = new Guide(this);
    this.choose(this.task);
  }

  /** Called at the first visit. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    void this.table.restore();
    void this.runs.restore();
    place.onArrival((address) => this.#applyAddress(address));
  }

  /** Called when the open model changes. */
  async follow(info: ModelInfo | undefined, source: PackageSource | undefined): Promise<void> {
    if (this.#trainedSource && !isSame(source, this.#trainedSource)) await this.#loseModel();
    if (this.#model?.info === info) return;
    this.#model = undefined;
    this.config = undefined;
    this.configFailure = undefined;
    this.norms.forget();
    await this.readModel();
  }

  /** Reads what a training must know of the open package. Can be called again after a failure. */
  async readModel(): Promise<void> {
    const { model: info, source } = this.session.engine;
    if (!info || !source) return;
    this.configFailure = undefined;
    const [sha256, read] = await Promise.all([manifestHash(source), packageConfig(source)]);
    if (this.session.engine.model !== info) return;
    this.#model = { info, sha256 };
    if (read.type === 'ok') this.config = read.config;
    else this.configFailure = read.failure;
    await this.measureNorms();
  }

  /** The settings are those that the task was measured with. */
  choose(task: TaskChoice): void {
    this.task = task;
    this.settings.set(settingsFor(task));
  }

  chooseLanguage(language: Language): void {
    this.#language = language;
  }

  /** @param untilStep 0 only measures the base */
  async begin(untilStep?: number): Promise<Run | undefined> {
    const asked = this.#asked();
    const base = this.#base();
    if (!asked || !base || this.obstacle) return undefined;
    return this.#holding(base, () => this.runs.begin(planOf(asked, this.#names()), base, untilStep));
  }

  async resume(run: Run): Promise<void> {
    const base = this.#base();
    if (!base || this.obstacleOf(run)) return;
    await this.#holding(base, () => this.runs.resume(run, base));
  }

  /** The same data from the beginning, at another rate. */
  async again(run: Run, change: { rate: number }): Promise<void> {
    const base = this.#base();
    if (!base || !this.canBegin(run.plan)) return;
    const plan = planAgain(run.plan, change, this.#names());
    await this.#holding(base, () => this.runs.begin(plan, base));
  }

  /** Why a run cannot go on; undefined if it can. */
  obstacleOf({ plan }: Run): 'running' | 'no-model' | 'other-model' | undefined {
    if (this.runs.current) return 'running';
    if (!this.#model) return 'no-model';
    return this.isOf(plan) ? undefined : 'other-model';
  }

  canBegin(plan: RunPlan): boolean {
    return this.runs.current === undefined && this.isOf(plan);
  }

  /** True if the open model is the one that the plan is of. */
  isOf({ model }: RunPlan): boolean {
    return this.#model?.info.name === model.name && this.#model.sha256 === model.manifestSha256;
  }

  /** Reads ‖W‖ of what the shown run adapts, where it is not known yet. */
  async measureNorms(): Promise<void> {
    const run = this.runs.shown;
    const { source } = this.session.engine;
    if (!run?.last || !this.#model || !source || !this.isOf(run.plan)) return;
    await this.norms.measure(this.#model.info, source, run.last.modules.map(parameterOf));
  }

  async compare(run: Run): Promise<void> {
    const trained = trainedAdapterOf(run);
    if (trained) this.isFull = (await this.handOver(trained)) === 'full';
  }

  /** What the open model answers the example of the task, as it is. */
  async askBase(): Promise<void> {
    if (this.data && this.session.engine.model) await this.base.ask(this.data.fixed);
  }

  /** Files that were dropped on the page or picked. */
  async addFiles(files: readonly File[]): Promise<void> {
    this.choose('own');
    await this.table.addFiles(files);
  }

  get recipe(): Recipe {
    return { task: this.task, language: this.language, values: this.settings.values };
  }

  #data(): TrainingData | undefined {
    const { task, settings, language, table } = this;
    if (isPhantomTask(task)) {
      const drawn = drawTask(task, language, { seed: settings.seed, ...TASK_SETTINGS[task].rows });
      return { ...drawn, fixed: fixedQuestion(task, language, settings.seed) };
    }
    if (table.checked.problems.length > 0) return undefined;
    const { trained, heldOut } = table.split(settings.seed);
    const fixed = heldOut[0] ?? trained[0];
    return fixed && { trained, heldOut, fixed };
  }

  #asked(): Asked | undefined {
    const { data, config, task } = this;
    if (!data || !config || !this.#model) return undefined;
    const { info, sha256 } = this.#model;
    return {
      ...{ task, data, config, values: this.settings.values },
      language: isPhantomTask(task) ? this.language : undefined,
      model: { name: info.name, dtype: info.dtype.decoder, manifestSha256: sha256 },
    };
  }

  #cost(): Cost | undefined {
    const { data, config } = this;
    if (!data || !config || !this.#model || this.#rankIsTooHigh()) return undefined;
    const { decoder, vision } = this.#model.info.dtype;
    const storage = storageOf(config, { decoder, vision, decoderBytes: undefined });
    const own = this.runs.all.filter((run) => this.isOf(run.plan));
    const before = own.find((run) => run.prepared && isSameData(run.plan, data));
    const plan = { ...howOf(this.settings.values), trained: data.trained, heldOut: data.heldOut };
    return costOf(config, storage, plan, before?.prepared?.rows, rateOf(own, config.text));
  }

  #obstacle(): Obstacle | undefined {
    const { data, runs, table, task } = this;
    if (runs.current) return 'running';
    const info = this.#model?.info;
    if (!info || !this.config) return 'no-model';
    if (isPhantomTask(task) && info.teaches !== 'phantoms') return 'not-teaching';
    if (!data) return 'rows';
    if (!info.hasVision && table.rows.some(({ image }) => image) && !isPhantomTask(task)) return 'no-vision';
    if (this.#rankIsTooHigh()) return 'rank';
    return this.cost?.fit?.fits === false ? 'too-large' : undefined;
  }

  /** A rank beyond what a matrix of the open model has. */
  #rankIsTooHigh(): boolean {
    const { config, settings } = this;
    if (!config) return false;
    return TARGETS[settings.targets].some((target) => {
      const { inputs, outputs } = projectionSize(config.text, target);
      return settings.rank > Math.min(inputs, outputs);
    });
  }

  #base(): Base | undefined {
    const { source } = this.session.engine;
    return source && { source, provider: this.session.settings.provider };
  }

  /** As long as `work` runs, another model that is opened ends it. */
  async #holding<Result>(base: Base, work: () => Promise<Result>): Promise<Result> {
    this.#trainedSource = base.source;
    try {
      return await work();
    } finally {
      this.#trainedSource = undefined;
      this.#announceEnd();
    }
  }

  async #loseModel(): Promise<void> {
    const { current } = this.runs;
    await this.runs.stop();
    if (current) current.lostModel = true;
    this.runs.release();
  }

  #names(): string[] {
    return this.runs.all.map(({ plan }) => plan.name);
  }

  #onMilestone(run: Run): void {
    const { last } = run;
    if (!last) return;
    const text = last.heldOut
      ? t('train.announce.milestone', { step: count(last.step), match: matchText(last.heldOut), answer: last.answer })
      : t('train.announce.milestone.alone', { step: count(last.step), answer: last.answer });
    this.announcer.say(text);
    void this.measureNorms();
  }

  #announceEnd(): void {
    const run = this.runs.shown;
    if (run) this.announcer.say(stateText(run));
  }

  async #take(id: string): Promise<boolean> {
    if (this.#taken.has(id)) return true;
    // A tab that holds a lock is not frozen in the background.
    const taken = await lockName(`train ${id}`, 'reload');
    if (taken) this.#taken.add(id);
    return taken;
  }

  #applyAddress({ lab, query }: Address): void {
    if (lab !== 'train') return;
    const read = readRecipe(query);
    if (!read) return;
    const { task, language, values } = read.recipe;
    this.task = task;
    this.#language = language ?? this.#language;
    this.settings.set(values);
    this.brokenLink = read.broken;
  }
}

/** True if both are one package, opened again perhaps. */
function isSame(source: PackageSource | undefined, other: PackageSource): boolean {
  return source === other || (source?.type === 'url' && other.type === 'url' && source.url === other.url);
}

/** True if rows of the one are as long as those of the other. */
function isSameData(plan: RunPlan, other: TrainingData): boolean {
  if (plan.trained.length !== other.trained.length) return false;
  return plan.trained.every(({ question, answer }, at) => {
    return question === other.trained[at]?.question && answer === other.trained[at].answer;
  });
}
