import type { KeptMilestone, RunPlan } from '#core/lora/training/kept-run.ts';
import { BREAKING_RATE } from '#core/lora/training/task-settings.ts';
import type { Language } from '#core/phantoms/question.ts';
import type { Session } from '../../chat/session.svelte.ts';
import { settingsFor, type TaskChoice } from './data.ts';
import { howOf } from './plan.ts';
import type { Run } from './run.svelte.ts';
import type { Runs } from './runs.svelte.ts';
import type { Settings } from './settings.svelte.ts';

export const steps = [1, 2, 3, 4, 5] as const;
export type Step = (typeof steps)[number];

export type StepState = 'todo' | 'running' | 'done';

/** The parts of the lab that the guide sets up and runs. */
export interface GuidedLab {
  readonly session: Pick<Session, 'engine'>;
  readonly settings: Settings;
  readonly runs: Runs;
  readonly task: TaskChoice;
  readonly language: Language;
  choose(task: TaskChoice): void;
  begin(untilStep?: number): Promise<Run | undefined>;
  resume(run: Run): Promise<void>;
  compare(run: Run): Promise<void>;
  isOf(plan: RunPlan): boolean;
}

export const GUIDED_TASK = 'patient-side';
/** Of step 4. */
const BREAKING_STEPS = 24;

/** Five steps, each with one button that sets the lab up and runs it. */
export class Guide {
  step = $state<Step>(1);
  /** The rows that are trained on and kept aside are shown. */
  showsRows = $state(false);
  #states = $state.raw<readonly StepState[]>(steps.map(() => 'todo'));
  /** Run of step 4. */
  #broken = $state<string>();
  readonly running = $derived(this.#states.includes('running'));

  constructor(private readonly lab: GuidedLab) {}

  stateOf(step: Step): StepState {
    return this.#states[step - 1] ?? 'todo';
  }

  show(number: number): void {
    this.step = steps.find((step) => step === number) ?? this.step;
  }

  /** Why the steps cannot run now; undefined if they can. */
  get obstacle(): 'no-model' | 'not-teaching' | undefined {
    const { model } = this.lab.session.engine;
    if (!model) return 'no-model';
    return model.teaches === 'phantoms' ? undefined : 'not-teaching';
  }

  /** What a step came to, whichever run is looked at now. */
  resultOf(step: Step): KeptMilestone | undefined {
    if (step === 1) return this.#own()?.milestones[0];
    if (step === 3) return this.#own()?.last;
    return step === 4 ? this.lab.runs.all.find(({ id }) => id === this.#broken)?.last : undefined;
  }

  /** The lab stands as the guide sets it up. */
  get isSetUp(): boolean {
    const { task, settings } = this.lab;
    return task === GUIDED_TASK && keyOf(howOf(settings.values)) === keyOf(this.#how());
  }

  /** Does what the step's button says. */
  async run(step: Step): Promise<void> {
    if (this.running || this.obstacle || this.lab.runs.current) return;
    this.step = step;
    this.#set(step, 'running');
    let done = false;
    try {
      done = await this.#do(step);
    } finally {
      this.#set(step, done ? 'done' : 'todo');
    }
  }

  /** @returns false if the step was stopped or failed: the lab then shows why */
  async #do(step: Step): Promise<boolean> {
    const { lab } = this;
    if (step === 1) {
      lab.choose(GUIDED_TASK);
      const run = this.#own() ?? (await lab.begin(0));
      if (run) lab.runs.shownId = run.id;
      return run?.last !== undefined;
    }
    if (step === 2) {
      lab.choose(GUIDED_TASK);
      this.showsRows = true;
      return true;
    }
    if (step === 3) {
      lab.choose(GUIDED_TASK);
      const own = this.#own();
      if (own?.isComplete) {
        lab.runs.shownId = own.id;
        return true;
      }
      if (own) await lab.resume(own);
      const run = own ?? (await lab.begin());
      return run?.isComplete === true;
    }
    if (step === 4) {
      lab.choose(GUIDED_TASK);
      lab.settings.set({ rate: BREAKING_RATE, steps: BREAKING_STEPS });
      const run = await lab.begin();
      this.#broken = run?.id;
      lab.choose(GUIDED_TASK);
      return run !== undefined && (run.isComplete || run.diverged !== undefined);
    }
    const run = this.#own();
    if (!run?.isComplete) return false;
    lab.runs.shownId = run.id;
    await lab.compare(run);
    return true;
  }

  /** The newest training that the guide itself would begin: not one of other settings that the visitor tried. */
  #own(): Run | undefined {
    const key = keyOf(this.#how());
    return this.lab.runs.all.find(({ plan, activity }) => {
      const isGuided = plan.task === GUIDED_TASK && plan.language === this.lab.language && keyOf(plan) === key;
      return isGuided && activity === 'none' && this.lab.isOf(plan);
    });
  }

  #how(): How {
    return howOf({ ...settingsFor(GUIDED_TASK), seed: this.lab.settings.seed });
  }

  #set(step: Step, state: StepState): void {
    this.#states = this.#states.map((old, at) => (at === step - 1 ? state : old));
  }
}

type How = Pick<RunPlan, 'lora' | 'settings'>;

/** Equal for runs that train the same adapter on the same rows. */
function keyOf({ lora, settings }: How): string {
  const { steps, rate, warmupSteps, batchRows, seed } = settings;
  return [lora.rank, lora.alpha, ...lora.targets, steps, rate, warmupSteps, batchRows, seed].join(' ');
}
