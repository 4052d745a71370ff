/** The evaluation in Node over an fp32 package says what the one in PyTorch says over the checkpoint. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { answerAll, type Outcome } from '../../../cli/evaluate/answer.ts';
import { openModel } from '../../../cli/evaluate/model.ts';
import { groupAt, groupCount, type QuestionSet } from '../../../cli/evaluate/questions.ts';
import type { Scores } from '#core/phantoms/scores.ts';
import { summarize } from '../../../cli/evaluate/summary.ts';
import { writePhantomSet } from '../../../cli/phantoms/phantom-set.ts';
import { exportFixture } from '../../reference/node.ts';
import { hasTrainingPython, python } from './python.ts';

const SCRIPT = readFileSync(new URL('./small-model.py', import.meta.url), 'utf8');
const GENERATED = 6;
/** `<eos>`, and `<end_of_turn>` in training/teaching/tokenizer.py. */
const ENDS = [1, 5];

/** What small-model.py prints. */
interface Reference {
  evaluation: Scores;
  right: boolean[];
  generated: number[][];
}

const name = hasTrainingPython() ? 'evaluation' : 'evaluation (skipped: no Python with PyTorch; PYTHON may name one)';
describe.skipIf(!hasTrainingPython())(name, () => {
  vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
  let folder: string;
  let reference: Reference;
  let outcomes: Outcome[];
  const set: QuestionSet = {
    ...{ task: 'base', split: 'evaluation', seed: 0, count: 3, questions: 4, languages: ['en', 'ko'] },
    blank: undefined,
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'evaluation-test-'));
    const [phantoms, checkpoint, package_] = ['phantoms', 'checkpoint', 'package'].map((file) => join(folder, file));
    await writePhantomSet({ out: phantoms ?? '', split: set.split, seed: set.seed, count: set.count, questions: 4 });
    const asked = JSON.stringify({ set: phantoms, out: checkpoint, images: set.count, generated: GENERATED });
    const { stdout } = await python(['-c', SCRIPT, asked]);
    reference = JSON.parse(stdout);
    await exportFixture(package_ ?? '', 'fp32', { checkpoint: checkpoint ?? '', context: 1024 });
    const model = await openModel(package_ ?? '', 1);
    outcomes = [];
    for (let index = 0; index < groupCount(set); index++) {
      const { pairs, pixels } = groupAt(set, index);
      outcomes.push(...(await answerAll(model, pairs, pixels && (await model.encodeImage(pixels)))));
    }
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('finds the same answers right, some and not all', () => {
    expect(outcomes.map(({ right }) => right)).toEqual(reference.right);
    for (const aboutImage of [true, false]) {
      const group = outcomes.filter((outcome) => outcome.aboutImage === aboutImage);
      expect(new Set(group.map(({ right }) => right))).toEqual(new Set([true, false]));
    }
  });

  it('comes to the same figures', () => {
    const { perplexity, ...counts } = summarize(outcomes);
    const { perplexity: expected, ...expectedCounts } = reference.evaluation;
    expect(Object.keys(expectedCounts).sort()).toEqual(Object.keys(counts).sort());
    for (const [figure, value] of Object.entries(counts))
      expect(value, figure).toEqual(closeTo(expectedCounts[figure as keyof typeof counts]));
    for (const language of set.languages) {
      expect((perplexity[language] ?? NaN) / (expected[language] ?? NaN)).toBeCloseTo(1, 4);
    }
  });

  it('generates the tokens that Hugging Face generates', () => {
    reference.generated.forEach((ids, at) => {
      const { ids: found, tokens } = outcomes[at] ?? expect.fail();
      const end = ids.findIndex((id) => ENDS.includes(id));
      const limit = 2 * (tokens - 1) + 8;
      expect(found).toEqual(ids.slice(0, end < 0 ? undefined : end).slice(0, limit));
    });
    expect(reference.generated).toHaveLength(GENERATED);
  });
});

/** The same numbers but for rounding. */
function closeTo(value: number | Record<string, number>): unknown {
  if (typeof value === 'number') return expect.closeTo(value, 9);
  return Object.fromEntries(Object.entries(value).map(([key, number]) => [key, expect.closeTo(number, 9)]));
}
