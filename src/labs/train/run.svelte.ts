import type { Failure } from '#core/failure.ts';
import type { KeptMilestone, KeptStep, RunPlan, RunProgress } from '#core/lora/training/kept-run.ts';
import type { PreparedTraining, PrepareUpdate } from '#core/protocol/trainer.ts';
import { verdictOf, type RunVerdict } from './run-verdict.ts';

/**
 * preparing: texts and images are encoded · training · stopping: a step is being finished · stopped: some steps are left, or the visitor went
 * back · diverged: a loss was no number any more · done: no step is left
 */
export type RunState = 'preparing' | 'training' | 'stopping' | 'stopped' | 'diverged' | 'done';

/** Where it can go on from. */
type Checkpoint = Pick<KeptMilestone, 'step' | 'state'>;

/** Steps whose times give the rate. */
const RECENT = 20;

/** A training: what it is of, its curve and its checkpoints. */
export class Run {
  steps = $state.raw<readonly KeptStep[]>([]);
  /** By step. */
  milestones = $state.raw<readonly KeptMilestone[]>([]);
  /** Where it was stopped, if not at a milestone. */
  #stopped = $state.raw<Checkpoint>();
  /** The step whose loss was no number. */
  diverged = $state<number>();
  prepared = $state.raw<RunProgress['prepared']>();
  activity = $state<'preparing' | 'training' | 'stopping' | 'none'>('none');
  /** While it is prepared. */
  preparing = $state.raw<Omit<PrepareUpdate, 'type'>>();
  /** 0 … 1 while rows are measured. */
  measuring = $state<number>();
  /** Seconds that the last measurement took. */
  measureSeconds = $state<number>();
  failure = $state.raw<Failure>();
  /** Another tab trains it. */
  isElsewhere = $state(false);
  /** Another model was opened while it trained. */
  lostModel = $state(false);
  /** The milestone that the visitor went back to. */
  #back = $state<number>();
  readonly last = $derived(this.milestones.at(-1));
  /** The milestone that is looked at: the one gone back to, else the last. */
  readonly shown: KeptMilestone | undefined = $derived(
    this.milestones.find(({ step }) => step === this.#back) ?? this.last,
  );
  readonly checkpoint: Checkpoint | undefined = $derived.by(() => {
    if (this.#back !== undefined || !this.#stopped) return this.shown;
    return this.last && this.last.step >= this.#stopped.step ? this.last : this.#stopped;
  });
  readonly state: RunState = $derived.by(() => {
    if (this.activity !== 'none') return this.activity;
    if (this.#back !== undefined) return 'stopped';
    if (this.diverged !== undefined) return 'diverged';
    return this.isComplete ? 'done' : 'stopped';
  });
  readonly verdict: RunVerdict | undefined = $derived.by(() => verdictOf(this.milestones, this.steps));
  /** Median of the last steps; undefined before the first. */
  readonly secondsPerStep: number | undefined = $derived.by(() => {
    const times = this.steps.slice(-RECENT).map(({ seconds }) => seconds);
    return times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
  });
  readonly secondsLeft: number | undefined = $derived.by(() => {
    const { secondsPerStep, measureSeconds = 0, plan } = this;
    if (secondsPerStep === undefined) return undefined;
    const left = plan.settings.steps - this.step;
    return left * secondsPerStep + Math.ceil(left / plan.measureEvery) * measureSeconds;
  });

  constructor(
    readonly plan: RunPlan,
    progress?: RunProgress,
    milestones: readonly KeptMilestone[] = [],
  ) {
    this.restore(progress, milestones);
  }

  /** Takes what is kept of it. */
  restore(progress: RunProgress | undefined, milestones: readonly KeptMilestone[]): void {
    this.milestones = milestones;
    this.prepared = progress?.prepared;
    this.diverged = progress?.diverged;
    this.#stopped = progress?.stopped;
    const reached = Math.max(milestones.at(-1)?.step ?? 0, progress?.stopped?.step ?? 0);
    // The page may have been closed between a milestone and the next: those steps are done again.
    this.steps = progress?.steps.filter(({ step }) => step <= reached) ?? [];
  }

  get id(): string {
    return this.plan.id;
  }

  get isComplete(): boolean {
    return (this.checkpoint?.step ?? 0) >= this.plan.settings.steps;
  }

  /** Steps done. */
  get step(): number {
    return this.activity === 'none' ? (this.checkpoint?.step ?? 0) : (this.steps.at(-1)?.step ?? 0);
  }

  /** What is kept. */
  get progress(): RunProgress {
    return { steps: [...this.steps], stopped: this.#stopped, diverged: this.diverged, prepared: this.prepared };
  }

  /** @param seconds that preparing took */
  take({ baseModel, parameters, rows, provider, threads }: PreparedTraining, seconds: number): void {
    this.prepared = { baseModel, parameters, rows: [...rows], provider, threads, seconds };
  }

  goBack(step: number): void {
    if (this.activity !== 'none') return;
    this.#back = step === this.last?.step && !this.#stopped && this.diverged === undefined ? undefined : step;
  }

  /** Drops what came after the checkpoint that it goes on from, which it gives. */
  rewind(): Checkpoint | undefined {
    const { checkpoint } = this;
    const at = checkpoint?.step ?? 0;
    this.#back = undefined;
    this.#stopped = undefined;
    this.diverged = undefined;
    this.steps = this.steps.filter(({ step }) => step <= at);
    this.milestones = this.milestones.filter(({ step }) => step <= at);
    return checkpoint;
  }

  addStep(step: KeptStep): void {
    this.steps = [...this.steps, step];
  }

  addMilestone(milestone: KeptMilestone): void {
    this.measuring = undefined;
    this.milestones = [...this.milestones.filter(({ step }) => step < milestone.step), milestone];
  }

  stopAt(checkpoint: Checkpoint): void {
    this.#stopped = checkpoint;
    this.steps = this.steps.filter(({ step }) => step <= checkpoint.step);
  }

  /** The worker is gone, and with it what came after the last milestone. */
  stopAtMilestone(): void {
    const at = this.last?.step ?? 0;
    this.steps = this.steps.filter(({ step }) => step <= at);
  }
}
