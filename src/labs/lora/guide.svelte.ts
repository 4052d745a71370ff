import { simplestPhrasing } from '#core/phantoms/suggestions.ts';
import { locale } from '../../platform/locale.svelte.ts';
import type { Session } from '../../chat/session.svelte.ts';
import type { AdapterList } from './adapter-list.svelte.ts';
import type { Comparison } from './comparison.svelte.ts';
import type { Inside } from './inside.svelte.ts';
import type { Prompt } from './prompt.svelte.ts';
import { mannerOf, skillOf, type Shipped } from './shipped.ts';
import type { Sweep } from './sweep.svelte.ts';

export const steps = [1, 2, 3, 4, 5] as const;
export type Step = (typeof steps)[number];

export type StepState = 'todo' | 'running' | 'done';

/** The parts of the lab that the guide sets up and runs. */
export interface GuidedLab {
  readonly session: Pick<Session, 'engine'>;
  readonly shipped: Shipped;
  readonly adapterList: AdapterList;
  readonly prompt: Prompt;
  readonly comparison: Comparison;
  readonly sweep: Sweep;
  readonly inside: Inside;
  compare(): Promise<void>;
  sweepStrengths(): Promise<void>;
}

/** Five steps, each with one button that sets the lab up and runs it. */
export class Guide {
  step = $state<Step>(1);
  #states = $state.raw<readonly StepState[]>(steps.map(() => 'todo'));
  readonly running = $derived(this.#states.includes('running'));

  constructor(private readonly lab: GuidedLab) {}

  stateOf(step: Step): StepState {
    return this.#states[step - 1] ?? 'todo';
  }

  show(number: number): void {
    this.step = steps.find((step) => step === number) ?? this.step;
  }

  /** Why the steps cannot run now; undefined if they can. */
  get obstacle(): 'no-model' | 'not-teaching' | 'no-adapters' | undefined {
    const { model } = this.lab.session.engine;
    if (!model) return 'no-model';
    if (model.teaches !== 'phantoms') return 'not-teaching';
    return skillOf(this.lab.shipped) ? undefined : 'no-adapters';
  }

  /** Does what the step's button says. */
  async run(step: Step): Promise<void> {
    if (this.obstacle || this.running) return;
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
    const { adapterList, prompt, comparison, sweep, inside } = lab;
    const skill = skillOf(lab.shipped);
    if (!skill) return false;
    if (step === 1) {
      await adapterList.clear();
      // With one lesion, left and right is the only mistake that an answer can make.
      if (prompt.phantom?.lesions.length !== 1) prompt.drawPhantom(({ lesions }) => lesions.length === 1);
      prompt.text = simplestPhrasing({ kind: 'patient-where' }, locale.current);
      await lab.compare();
      return comparison.base.answer !== undefined;
    }
    if (prompt.phantom?.lesions.length !== 1) prompt.drawPhantom(({ lesions }) => lesions.length === 1);
    if (step === 5) {
      const manner = mannerOf(lab.shipped);
      if (!manner || !(await this.#applyOnly([skill.name, manner.name]))) return false;
      if (prompt.empty) prompt.text = simplestPhrasing({ kind: 'patient-where' }, locale.current);
      await lab.compare();
      return comparison.adapted.answer !== undefined;
    }
    prompt.text = simplestPhrasing({ kind: 'patient-where' }, locale.current);
    if (!(await this.#applyOnly([skill.name]))) return false;
    if (step === 2) {
      await lab.compare();
      return comparison.adapted.answer !== undefined;
    }
    if (step === 3) {
      await lab.sweepStrengths();
      return sweep.rows.length > 0 && sweep.failure === undefined;
    }
    const entry = adapterList.shipped(skill.name);
    if (!entry) return false;
    inside.look(entry.id);
    await inside.measure();
    await adapterList.cut(entry, 1);
    await lab.compare();
    return comparison.adapted.answer !== undefined;
  }

  /** Applies exactly these shipped adapters, at full rank and full strength. */
  async #applyOnly(names: readonly string[]): Promise<boolean> {
    const { adapterList } = this.lab;
    for (const entry of adapterList.entries) {
      const { source, state } = entry;
      const keeps = source.type === 'url' && source.shipped !== undefined && names.includes(source.shipped);
      if (!keeps || state === 'failed') await adapterList.remove(entry);
    }
    for (const name of names) {
      const entry = await adapterList.addShipped(name);
      if (!entry) return false;
      adapterList.setStrength(entry, 1);
      if (entry.rank !== undefined) await adapterList.cut(entry, undefined);
    }
    await adapterList.sync();
    return adapterList.applied.length === names.length;
  }

  #set(step: Step, state: StepState): void {
    this.#states = this.#states.map((old, at) => (at === step - 1 ? state : old));
  }
}
