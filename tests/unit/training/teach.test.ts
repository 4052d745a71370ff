/** The whole of `npm run teach` in small: that its steps fit together, not that anything is learnt. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { readScores } from '../../../cli/teach/results.ts';
import { main } from '../../../cli/teach/command.ts';
import { runCommandHere, type Finished } from '../cli/run.ts';
import { hasTrainingPython } from './python.ts';

const name = hasTrainingPython()
  ? 'npm run teach'
  : 'npm run teach (skipped: no Python with PyTorch; PYTHON may name one)';
describe.skipIf(!hasTrainingPython())(name, () => {
  vi.setConfig({ testTimeout: 600_000, hookTimeout: 60_000 });
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'teach-test-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const teach = async (...args: string[]): Promise<Finished> => {
    vi.stubEnv('OMP_NUM_THREADS', '1');
    onTestFinished(() => void vi.unstubAllEnvs());
    return runCommandHere(main, ['--out', folder, ...args]);
  };

  it('goes from nothing to evaluated packages, does nothing twice, and refuses other amounts', async () => {
    expect(await teach('--smoke')).toMatchObject({ status: 0 });
    for (const model of ['teaching-base', 'teaching-ko']) {
      for (const file of ['fp32', 'fp32-blank', 'q4', 'q2']) {
        const path = join(folder, 'evaluations', `${model}-${file}.json`);
        expect(readScores(JSON.parse(await readFile(path, 'utf8')), path).count).toBeGreaterThan(8);
      }
    }
    const times = await readFile(join(folder, 'times.jsonl'), 'utf8');
    const { stdout } = await teach('--smoke');
    expect(stdout).toMatch(/: all \d+ steps are done/);
    expect(await readFile(join(folder, 'times.jsonl'), 'utf8')).toBe(times);
    expect(await teach()).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/holds a run with another seed or other amounts/),
    });
  });
});
