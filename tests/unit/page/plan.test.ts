/** The planner's link, the files that it opens, and what is quoted. */
import { describe, expect, test } from 'vitest';
import { valueOf } from '#core/budget/expression.ts';
import { config27B, config4B } from '#core/budget/lora.ts';
import { quotedFigures } from '#core/budget/quoted.ts';
import { parseConfig, type Gemma3Config } from '#core/gemma3/config.ts';
import { shapeJson } from '#core/gemma3/shape-json.ts';
import { presetConfig } from '../../../cli/shared/presets.ts';
import { DEFAULT_CHOICES, type PlanChoices } from '../../../src/labs/plan/choices.ts';
import { linkTo, readPlan, writePlan } from '../../../src/labs/plan/share.ts';

const back = (choices: PlanChoices, config?: Gemma3Config) => readPlan(writePlan(choices, config));

const tiny = parseConfig(presetConfig('tiny'));
const irregular: Gemma3Config = {
  ...tiny,
  text: { ...tiny.text, isLocal: [true, false, true, true, false, false, true, false], ropeFactor: 8 },
};

describe('the shape as a config.json', () => {
  test.each([
    ['4B', config4B],
    ['27B', config27B],
    ['a preset', tiny],
    ['irregular layers', irregular],
    ['an untied head', { ...config4B, text: { ...config4B.text, tiedEmbedding: false } }],
  ])('%s is read back', (_, config) => {
    expect(parseConfig(shapeJson(config))).toEqual(config);
  });
});

describe('the link', () => {
  const all: PlanChoices = {
    ...{ model: 'file', preset: 'q8', formats: { attention: 'q4', mlp: 'q2', embedding: 'q8', vision: 'fp16' } },
    ...{ addedTokens: 8960, tied: false, contextLength: 16_384, images: 3, vision: 'each', rank: 32, targets: 'all' },
    ...{ optimizer: 'adam-8bit', trainingLength: 2048, batch: 4, machine: 'RTX 4090' },
  };

  test('keeps the plan, and the shape of a file', () => {
    expect(back(DEFAULT_CHOICES)).toEqual({ choices: DEFAULT_CHOICES, config: undefined, broken: [] });
    expect(back(all, irregular)).toEqual({ choices: all, config: irregular, broken: [] });
    const link = linkTo(all, irregular, 'https://example.org/page/?lang=en#/chat');
    expect(link).toMatch(/^https:\/\/example\.org\/page\/\?lang=en#\/plan\?/u);
    expect(readPlan(new URLSearchParams(link.split('#/plan?')[1])).choices).toEqual(all);
  });

  test('names what cannot be read, and follows the rest', () => {
    const query = new URLSearchParams('model=9b&context=8192&added=-1&parts=q4.q4&batch=65&config=%7B%7D&rank=7');
    const { choices, broken } = readPlan(query);
    expect([...broken].sort()).toEqual(['added', 'batch', 'config', 'model', 'parts', 'rank']);
    expect(choices).toEqual({ ...DEFAULT_CHOICES, contextLength: 8192 });
  });

  test('a file whose shape is missing is not planned', () => {
    const { choices, broken } = readPlan(new URLSearchParams('model=file'));
    expect(choices.model).toBe('4b');
    expect(broken).toEqual(['config']);
  });
});

describe('what is quoted', () => {
  const figures = quotedFigures();

  test('is the same where the reason says so, and differs elsewhere', () => {
    expect(new Set(figures.map(({ id }) => id)).size).toBe(figures.length);
    for (const { id, quoted, ours, reason } of figures) {
      const [least, most = least] = quoted;
      const isNear = valueOf(ours) > 0.98 * least && valueOf(ours) < 1.02 * most;
      // Of a whole package and of mixed formats the sizes happen to be near.
      if (reason !== 'mixed-bits' && reason !== 'scales') expect([id, isNear]).toEqual([id, reason === 'same']);
    }
  });

  test('the cache of the 27B: at 8K and to its end', () => {
    const bytes = new Map(figures.map(({ id, ours }) => [id, valueOf(ours)]));
    expect((bytes.get('27B-KV-8K') ?? 0) / 1e9).toBeCloseTo(1.26, 2);
    expect((bytes.get('27B-KV-131K') ?? 0) / 1e9).toBeGreaterThan(10);
  });
});
