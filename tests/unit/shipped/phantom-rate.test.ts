/** The shipped model answers what the page draws as often as `npm run evaluate` measured on other phantoms. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test, vi } from 'vitest';
import { LANGUAGES } from '#core/phantoms/question.ts';
import { answerAll, type Outcome } from '../../../cli/evaluate/answer.ts';
import { openModel } from '../../../cli/evaluate/model.ts';
import { groupAt, type QuestionSet } from '../../../cli/evaluate/questions.ts';
import { makePackages, SHIPPED } from '../../../cli/teach/teaching-packages.ts';
import { leastOf, shippedRate } from '../../reference/phantom-rate.ts';

vi.setConfig({ testTimeout: 180_000 });

const folder = fileURLToPath(new URL('../../../public/models/', import.meta.url));

beforeAll(() => makePackages({ ...SHIPPED, log: () => undefined }), 120_000);

test('50 phantoms of the page are answered rightly in both languages, as often as measured', async () => {
  // One of the page's own sets, the same in every run: what fails once fails again.
  const set: QuestionSet = {
    ...{ task: 'base', split: 'page', seed: 2718, count: 50, questions: 1 },
    ...{ languages: LANGUAGES, blank: undefined },
  };
  const model = await openModel(join(folder, 'teaching-ko-q4'), 1);
  const outcomes: Outcome[] = [];
  for (let phantom = 0; phantom < set.count; phantom++) {
    const { pairs, pixels } = groupAt(set, phantom);
    if (!pixels) throw new Error('a phantom has pixels');
    outcomes.push(...(await answerAll(model, pairs, await model.encodeImage(pixels))));
  }
  expect(outcomes).toHaveLength(2 * set.count);
  const wrong = outcomes.filter(({ right }) => !right);
  const rate = await shippedRate();
  expect(outcomes.length - wrong.length, JSON.stringify(wrong.map(({ answer }) => answer))).toBeGreaterThanOrEqual(
    leastOf(outcomes.length, rate),
  );
});

test('too few are told from enough', () => {
  expect(leastOf(100, 0.99)).toBe(95);
  expect(leastOf(16, 0.99)).toBe(14);
  expect(leastOf(100, 0.5)).toBeLessThan(40);
});
