import { describe, expect, test } from 'vitest';
import { chosenContextWasCut, emptyChartText, runsOnGpu } from '../../../src/chat/model-text.ts';
import { ko } from '../../../src/messages/chat/ko.ts';
import { en } from '../../../src/messages/chat/en.ts';
import { defaultContextLength } from '../../../src/chat/settings.svelte.ts';
import { welcomeOf } from '../../../src/labs/chat/welcome-text.ts';
import { speedCaution } from '../../../src/labs/tokenizer/cost/speed-caution.ts';

const adapter = (isFallback: boolean) => ({
  ...{ vendor: '', architecture: '', description: '', isFallback, shaderF16: false },
});
const on = {
  gpu: { provider: 'webgpu', adapter: adapter(false) },
  software: { provider: 'webgpu', adapter: adapter(true) },
  cpu: { provider: 'wasm', adapter: undefined },
} as const;
const model = (runtime: keyof typeof on, randomWeights = false) => ({ randomWeights, runtime: on[runtime] });

test.each([
  ['gpu', true],
  ['software', false],
  ['cpu', false],
] as const)('%s is a GPU: %s', (runtime, isGpu) => {
  expect(runsOnGpu(on[runtime])).toBe(isGpu);
});

describe('the empty chat promises what the open model keeps', () => {
  test.each([
    ['no model, another package chosen', undefined, undefined, 'welcome.title', 'welcome.lead'],
    ['the built-in model is opening', undefined, 'phantoms', 'welcome.teaching.title', 'welcome.teaching.lead'],
    ['a package on a GPU', model('gpu'), undefined, 'welcome.title', 'welcome.lead.gpu'],
    ['a package on a software adapter', model('software'), undefined, 'welcome.title', 'welcome.lead.cpu'],
    ['a package on the CPU', model('cpu'), undefined, 'welcome.title', 'welcome.lead.cpu'],
    ['the teaching model', model('cpu'), 'phantoms', 'welcome.teaching.title', 'welcome.teaching.lead'],
    ['random weights', model('gpu', true), undefined, 'welcome.random.title', 'welcome.random.lead'],
    [
      'random weights in the place of the teaching model',
      model('cpu', true),
      'phantoms',
      'welcome.random.title',
      'welcome.random.lead',
    ],
  ] as const)('%s', (_, opened, teaches, title, lead) => {
    expect(welcomeOf(opened, teaches)).toEqual({ title, lead });
  });

  test('no title or lead claims medicine, and only that of a GPU names one', () => {
    for (const texts of [ko, en]) {
      for (const [key, text] of Object.entries(texts)) {
        if (!/^welcome\.(random\.|teaching\.)?(title|lead)/.test(key)) continue;
        expect(text, key).not.toMatch(/의료 AI|medical AI/iu);
        if (key !== 'welcome.lead.gpu') expect(text, key).not.toContain('GPU');
      }
    }
  });
});

test.each([
  ['nothing is known of what was asked', undefined, 1024, false],
  ['nobody chose', defaultContextLength, 1024, false],
  ['a longer one was chosen', 8192, 1024, true],
  ['a chosen one fits', 8192, 8192, false],
  ['a shorter one was chosen', 512, 1024, false],
])('the context was cut, if %s: asked %s of %s', (_, asked, contextLength, isCut) => {
  expect(chosenContextWasCut(asked, { contextLength })).toBe(isCut);
});

test.each([
  ['before the first question', undefined, false, 'stats.chart.empty'],
  ['while the question is read', { newTokens: 0 }, true, 'stats.chart.empty'],
  ['with the first tokens', { newTokens: 3 }, true, 'stats.chart.empty'],
  ['after an answer too short for a line', { newTokens: 6 }, false, 'stats.chart.short'],
  ['after an answer that was stopped before its first token', { newTokens: 0 }, false, 'stats.chart.empty'],
] as const)('an empty chart %s', (_, turn, isGenerating, text) => {
  expect(emptyChartText(turn, isGenerating)).toBe(text);
});

test.each([
  [{ randomWeights: true, teaches: undefined }, 'tokenizer.cost.speed.random'],
  [{ randomWeights: true, teaches: 'phantoms' }, 'tokenizer.cost.speed.random'],
  [{ randomWeights: false, teaches: 'phantoms' }, 'tokenizer.cost.speed.teaching'],
  [{ randomWeights: false, teaches: undefined }, undefined],
] as const)('the speed of %o is qualified by %s', (described, caution) => {
  expect(speedCaution(described)).toBe(caution);
});
