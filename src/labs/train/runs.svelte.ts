import type { RunPlan } from '#core/lora/training/kept-run.ts';
import type { OpenOptions, PackageSource } from '#core/protocol/engine.ts';
import type { TrainerJobs, TrainEvent } from '#core/protocol/trainer.ts';
import { withToken } from '../../platform/access-tokens.svelte.ts';
import type { WorkerClient } from '../../workers/worker-client.ts';
import type { Keeping } from './keeping.svelte.ts';
import { Run } from './run.svelte.ts';

/** The part of the trainer's worker that runs need. */
export type Trainer = Pick<WorkerClient<TrainerJobs>, 'start' | 'end'>;

/** The package that is trained on. */
export interface Base {
  source: PackageSource;
  provider: OpenOptions['provider'];
}

/** Trainings on this device, the newest first. One at a time trains. */
export class Runs {
  all = $state.raw<readonly Run[]>([]);
  shownId = $state<string>();
  readonly shown = $derived(this.all.find(({ id }) => id === this.shownId) ?? this.all[0]);
  readonly current = $derived(this.all.find(({ activity }) => activity !== 'none'));
  readonly #trainer: Trainer;
  /** The run that the worker holds. */
  #held: string | undefined;
  /** Runs that this tab began or went on with: what it knows of them is the newest. */
  readonly #mine = new Set<string>();
  #job: { stop(): void } | undefined;
  #ended: Promise<void> = Promise.resolve();

  /**
   * @param connect starts the worker
   * @param take makes a run this tab's own; false if another tab trains it
   * @param onMilestone called when there is one more
   */
  constructor(
    connect: (onRestart: () => void) => Trainer,
    private readonly keeping: Keeping,
    private readonly take: (id: string) => Promise<boolean>,
    private readonly onMilestone: (run: Run) => void,
  ) {
    this.#trainer = connect(() => (this.#held = undefined));
  }

  async restore(): Promise<void> {
    const kept = await this.keeping.runs();
    this.all = [...this.all, ...kept.map(({ plan, progress, milestones }) => new Run(plan, progress, milestones))];
  }

  /** @param untilStep 0 only measures the base */
  async begin(plan: RunPlan, base: Base, untilStep = plan.settings.steps): Promise<Run | undefined> {
    if (this.current) return undefined;
    const run = new Run(plan);
    this.#mine.add(run.id);
    this.all = [run, ...this.all];
    this.shownId = run.id;
    // Both at once: another that is begun meanwhile finds this one.
    await Promise.all([this.keeping.keepPlan(plan), this.resume(run, base, untilStep)]);
    return run;
  }

  /** Goes on from where it stands. Resolves when it has ended. */
  async resume(run: Run, base: Base, untilStep = run.plan.settings.steps): Promise<void> {
    if (this.current) return;
    run.failure = undefined;
    run.isElsewhere = false;
    run.lostModel = false;
    run.activity = 'preparing';
    this.shownId = run.id;
    this.#ended = this.#resume(run, base, untilStep).finally(() => {
      run.activity = 'none';
      run.preparing = undefined;
      run.measuring = undefined;
      this.#job = undefined;
    });
    await this.#ended;
  }

  /** Resolves when it has stopped. */
  async stop(): Promise<void> {
    const { current } = this;
    if (!current) return;
    current.activity = 'stopping';
    this.#job?.stop();
    await this.#ended;
  }

  async remove(run: Run): Promise<void> {
    if (run.activity !== 'none') return;
    // Another tab that trains it would keep what follows of a run that is gone.
    run.isElsewhere = !(await this.take(run.id));
    if (run.isElsewhere || this.#isBusy(run)) return;
    if (this.#held === run.id) this.release();
    this.all = this.all.filter((other) => other !== run);
    await this.keeping.removeRun(run.id);
  }

  /** Frees the worker's memory. */
  release(): void {
    this.#trainer.end();
    this.#held = undefined;
  }

  async #resume(run: Run, base: Base, untilStep: number): Promise<void> {
    if (!(await this.take(run.id))) {
      run.isElsewhere = true;
      return;
    }
    await this.#catchUp(run);
    if (this.#isStopping(run)) return;
    if (this.#held !== run.id && !(await this.#prepare(run, base))) {
      // A runtime that failed, or whose script did not come, is not asked again in the same worker.
      if (run.failure) this.release();
      return;
    }
    if (this.#isStopping(run)) return;
    run.activity = 'training';
    await this.#train(run, untilStep);
    // Nothing goes on from here: another run, or none, comes next.
    if (run.isComplete || run.diverged !== undefined || run.failure) this.release();
  }

  /** Another tab may have trained it further, or removed it, since it was read here. */
  async #catchUp(run: Run): Promise<void> {
    if (this.#mine.has(run.id)) return;
    this.#mine.add(run.id);
    const kept = await this.keeping.run(run.id);
    if (kept) run.restore(kept.progress, kept.milestones);
    else await this.keeping.keepPlan(run.plan);
  }

  /** @returns false if it was stopped or failed */
  async #prepare(run: Run, { source, provider }: Base): Promise<boolean> {
    this.#held = undefined;
    const { lora, settings, trained, heldOut, fixed } = run.plan;
    const request = {
      ...{ lora, settings, trained, heldOut, fixed, provider },
      ...{ source: withToken(source), from: undefined },
    };
    const begun = performance.now();
    const job = this.#trainer.start('prepare', request, (event) => {
      if (event.type === 'progress') run.preparing = event;
    });
    this.#job = job;
    const end = await job.ended;
    run.preparing = undefined;
    if (end.type === 'failed') run.failure = end.failure;
    if (end.type !== 'done') return false;
    run.take(end, (performance.now() - begun) / 1000);
    this.#held = run.id;
    return true;
  }

  async #train(run: Run, untilStep: number): Promise<void> {
    const { measureEvery, measuredRows } = run.plan;
    const from = run.rewind()?.state;
    let begun = performance.now();
    const on = (event: TrainEvent) => {
      if (event.type === 'step') {
        run.addStep({ ...event.result, seconds: event.seconds });
        begun = performance.now();
      } else if (event.type === 'measuring') run.measuring = event.total > 0 ? event.done / event.total : undefined;
      else if (event.type === 'milestone') {
        run.measureSeconds = (performance.now() - begun) / 1000;
        begun = performance.now();
        run.addMilestone(event.milestone);
        void this.keeping.keepProgress(run.id, run.progress, event.milestone);
        this.onMilestone(run);
      }
    };
    const job = this.#trainer.start('train', { from, untilStep, measureEvery, measuredRows }, on);
    this.#job = job;
    const end = await job.ended;
    if (end.type === 'done') run.diverged = end.reason === 'diverged' ? end.step + 1 : undefined;
    else if (end.type === 'stopped' && end.state && end.step !== undefined)
      run.stopAt({ step: end.step, state: end.state });
    else {
      // The worker is gone, or what it holds cannot be relied on.
      run.stopAtMilestone();
      this.#held = undefined;
      if (end.type === 'failed') run.failure = end.failure;
    }
    await this.keeping.keepProgress(run.id, run.progress);
  }

  /** It may have become so while something was awaited. */
  #isBusy({ activity }: Run): boolean {
    return activity !== 'none';
  }

  #isStopping({ activity }: Run): boolean {
    return activity === 'stopping';
  }
}
