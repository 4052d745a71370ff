/** The stage `lora` of the training kit, a few steps of it on random weights: files, and that a run goes on as it began. */
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writePhantomSet } from '../../../cli/phantoms/phantom-set.ts';
import { hasTrainingPython, python } from './python.ts';

const STEPS = 4;
const RUNS = new URL('lora_runs.py', import.meta.url);
const isHere = hasTrainingPython();
const name = isHere ? 'stage lora' : 'stage lora (skipped: no Python with PyTorch; PYTHON may name one)';
describe.skipIf(!isHere)(name, () => {
  vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
  let folder: string;
  let seen: unknown;
  const json = async (...path: string[]): Promise<unknown> => JSON.parse(await readFile(join(folder, ...path), 'utf8'));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lora-test-'));
    const options = { seed: 0, count: 8, questions: 2 } as const;
    for (const task of ['base', 'report', 'patient-side'] as const) {
      await writePhantomSet({ ...options, task, split: 'train', out: join(folder, task) });
    }
    for (const task of ['base', 'report'] as const) {
      await writePhantomSet({ ...options, task, split: 'evaluation', out: join(folder, `${task}-evaluation`) });
    }
    await writePhantomSet({ ...options, seed: 1, split: 'train', out: join(folder, 'other') });
    const { stdout } = await python(['-c', readFileSync(RUNS, 'utf8'), folder, `${STEPS}`]);
    seen = JSON.parse(stdout);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('trains the adapter alone, and writes PEFT’s two files for the targets of the text model', async () => {
    const shapes: Record<string, [number, number]> = {};
    for (let layer = 0; layer < 6; layer++) {
      const of = `base_model.model.model.language_model.layers.${layer}.self_attn`;
      for (const [target, outputs] of [
        ['q_proj', 192],
        ['v_proj', 96],
        ['o_proj', 192],
      ] as const) {
        shapes[`${of}.${target}.lora_A.weight`] = [2, 192];
        shapes[`${of}.${target}.lora_B.weight`] = [outputs, 2];
      }
    }
    expect(seen).toMatchObject({ untouched: true, dtypes: ['torch.float16'], trained: true });
    expect(seen).toHaveProperty('shapes', shapes);
    expect((await readdir(join(folder, 'whole', 'adapter'))).sort()).toEqual([
      'adapter_config.json',
      'adapter_model.safetensors',
    ]);
    expect(await json('whole', 'adapter', 'adapter_config.json')).toMatchObject({
      ...{ peft_type: 'LORA', task_type: 'CAUSAL_LM', r: 2, lora_alpha: 4, lora_dropout: 0.1, bias: 'none' },
      base_model_name_or_path: 'tiny',
    });
  });

  it('reaches all seven projections, and never the vision tower', () => {
    const of = 'base_model.model.model.language_model.layers.5';
    expect(seen).toHaveProperty('count', 6 * 7 * 2);
    expect(seen).toHaveProperty('last', {
      ...Object.fromEntries(
        ['q', 'k', 'v', 'o'].map((letter) => [`${of}.self_attn.${letter}_proj.lora_A.weight`, [1, 192]]),
      ),
      [`${of}.mlp.gate_proj.lora_A.weight`]: [1, 192],
      [`${of}.mlp.up_proj.lora_A.weight`]: [1, 192],
      [`${of}.mlp.down_proj.lora_A.weight`]: [1, 512],
    });
  });

  it('goes on where it stopped, to the same file', () => {
    expect(seen).toMatchObject({ finished_early: false, resumed: true });
  });

  it('opens in PEFT as it was written, changes the answers, and can be taken off', () => {
    const changes: unknown = expect.toSatisfy((change: number) => change > 1e-3);
    expect(seen).toHaveProperty('opened', { same: true, restored: true, changes });
    expect(seen).toMatchObject({ torn: expect.stringMatching(/has no adapter_model\.safetensors/) as unknown });
  });

  it('measures the task with the adapter and without, and the base task', async () => {
    const number: unknown = expect.any(Number);
    const part: unknown = expect.objectContaining({
      exact_match: number,
      by_language: { en: number, ko: number },
      by_question_and_language: expect.objectContaining({ 'talk ko': number }) as unknown,
    });
    const evaluation = await json('whole', 'evaluation.json');
    expect(evaluation).toEqual({
      ...{ task: 'report', rank: 2, alpha: 4, targets: 'q_proj,v_proj,o_proj', parameters: 6 * 2 * (384 + 288 + 384) },
      ...{ without_adapter: part, with_adapter: part, base_task_with_adapter: part },
    });
    const metrics = (await readFile(join(folder, 'whole', 'metrics.jsonl'), 'utf8')).trim().split('\n');
    expect(metrics.map((line): unknown => JSON.parse(line))).toEqual([
      expect.objectContaining({ step: STEPS, loss: number, tokens_right: number, rate: number }),
    ]);
  });

  it('says what is wrong with an option, and leaves nothing behind', () => {
    const message = (says: string) => ({ says: expect.stringMatching(new RegExp(says)) as unknown, left: false });
    expect(seen).toMatchObject({
      errors: {
        rank: message('--rank must be 1 or more, got 0'),
        large: message('rank 97 is more than .*v_proj has, which is 96 × 192'),
        alpha: message('--alpha must be more than 0'),
        targets: message("there is no projection 'query'; choose from q_proj, k_proj"),
        none: message('no projection is named'),
        dropout: message('--dropout must be a fraction'),
        evaluation: message("is of the task 'base', .* of 'report'"),
        keep: message('has other phantoms than'),
        options: message('holds a run with other options \\(alpha, rank\\)'),
      },
    });
  });
});
