/** The five steps of the training lab: what each of them came to is its own, whatever else the visitor trains. */
import { expect, test } from 'vitest';
import { config4B } from '#core/budget/lora.ts';
import { shapeJson } from '#core/gemma3/shape-json.ts';
import type { KeptMilestone } from '#core/lora/training/kept-run.ts';
import { settingsFor } from '../../../src/labs/train/data.ts';
import { Guide, GUIDED_TASK, type GuidedLab } from '../../../src/labs/train/guide.svelte.ts';
import { planOf } from '../../../src/labs/train/plan.ts';
import { Run } from '../../../src/labs/train/run.svelte.ts';
import { Settings } from '../../../src/labs/train/settings.svelte.ts';

const row = { question: '어디에 있습니까?', answer: '왼쪽에 있습니다.', image: undefined };

function milestone(step: number, exact: number): KeptMilestone {
  const measured = { loss: 1, tokens: 30, rows: 10, exact };
  const optimizer = { steps: step, first: Float32Array.of(0), second: Float32Array.of(0) };
  const state = { parameters: Float32Array.of(0), optimizer };
  return { step, trained: measured, heldOut: measured, answer: '', modules: [], state };
}

/** A lab whose trainings end at once, `exact` of 10 rows right. */
class Lab {
  readonly session = { engine: { model: { teaches: 'phantoms' } } } as unknown as GuidedLab['session'];
  readonly settings = new Settings();
  readonly runs = { all: [] as Run[], current: undefined, shownId: undefined as string | undefined };
  readonly task = GUIDED_TASK;
  language: 'ko' | 'en' = 'ko';
  exact = 0;

  choose(): void {
    this.settings.set(settingsFor(GUIDED_TASK));
  }

  async begin(untilStep?: number): Promise<Run> {
    const model = { name: 'teaching', dtype: 'q4', manifestSha256: undefined, shape: shapeJson(config4B) };
    const data = { trained: [row], heldOut: [row], fixed: row };
    const { task, language, settings } = this;
    const plan = planOf({ task, language, data, values: settings.values, config: config4B, model }, []);
    const run = new Run(plan);
    this.runs.all = [run, ...this.runs.all];
    run.addMilestone(milestone(0, 0));
    if (untilStep !== 0) await this.resume(run);
    return run;
  }

  resume(run: Run): Promise<void> {
    run.addMilestone(milestone(run.plan.settings.steps, this.exact));
    return Promise.resolve();
  }

  compare = () => Promise.resolve();
  isOf = () => true;
}

test('the guide goes on with its own training, and each step keeps its result', async () => {
  const lab = new Lab();
  const guide = new Guide(lab as unknown as GuidedLab);
  // The visitor tried a single step, and another language.
  lab.choose();
  lab.settings.set({ steps: 1 });
  const single = await lab.begin();
  lab.choose();
  lab.language = 'en';
  await lab.begin();
  lab.language = 'ko';

  await guide.run(1);
  expect(lab.runs.all).toHaveLength(3);
  lab.exact = 9;
  await guide.run(3);
  expect(lab.runs.all).toHaveLength(3);
  lab.exact = 1;
  await guide.run(4);
  expect(lab.runs.all).toHaveLength(4);
  lab.runs.shownId = single.id;
  expect(([1, 3, 4] as const).map((step) => guide.resultOf(step)?.heldOut?.exact)).toEqual([0, 9, 1]);
  expect(guide.isSetUp).toBe(true);
  lab.settings.set({ steps: 7 });
  expect(guide.isSetUp).toBe(false);
});
