import { expect, test } from 'vitest';
import { answerFromPatientSide } from '#core/phantoms/patient-side.ts';
import { drawPhantom } from '#core/phantoms/draw.ts';
import { reportOn } from '#core/phantoms/report.ts';
import { phantomSeed } from '#core/phantoms/sets.ts';
import { simplestPhrasing } from '#core/phantoms/suggestions.ts';
import { rightAnswer } from '#core/phantoms/wording.ts';
import { parseResults } from '#core/phantoms/results-file.ts';
import { PROJECTIONS } from '#core/gemma3/projections.ts';
import { config4B } from '#core/budget/lora.ts';
import { expectedParameters } from '#core/gemma3/parameters.ts';
import type { AdapterInfo, AdapterModule } from '#core/lora/describe.ts';
import type { TracedToken } from '#core/protocol/adapters.ts';
import { readHash } from '../../../src/platform/place.svelte.ts';
import { adapterAmong } from '../../../src/labs/lora/adapter-files.ts';
import { judgeAnswer } from '../../../src/labs/lora/answer-verdict.ts';
import { heatCells, parameterOf, parametersAt } from '../../../src/chat/adapter/heat.ts';
import { findFirstDivergence } from '../../../src/labs/lora/first-divergence.ts';
import { linkTo, parametersOf, readParameters, type SharedLab } from '../../../src/labs/lora/share.ts';
import { mannerOf, shippedAdapter, skillOf } from '../../../src/labs/lora/shipped.ts';
import { choicesOf, shownToken } from '../../../src/labs/lora/token-choices.ts';

test.each([
  [[1, 2, 3], [1, 2, 3], undefined],
  [[1, 2, 3], [1, 9, 3], 1],
  [[1, 2], [1, 2, 3], 2],
  [[], [5], 0],
  [[], [], undefined],
])('%j and %j part at %s, whichever comes first', (first, second, at) => {
  expect(findFirstDivergence(first, second)).toBe(at);
  expect(findFirstDivergence(second, first)).toBe(at);
});

const shared: SharedLab = {
  step: 4,
  question: '환자를 기준으로 병변은 어느 쪽에 있습니까? & a=b;c#d',
  phantom: '123456-7',
  seed: 4_294_967_295,
  temperature: 1,
  adapters: [
    { address: 'patient-side-r8', strength: -0.35, rank: 1 },
    { address: 'https://huggingface.co/owner/name/resolve/main/a;b/', strength: 2, rank: undefined },
  ],
};

test('a link brings back step, question, phantom, seed, and each adapter with strength and rank', () => {
  const link = linkTo(shared, 'https://lab.example/page/?lang=en#/chat');
  expect(link).toMatch(/^https:\/\/lab\.example\/page\/\?lang=en#\/lora\?/);
  const { lab, query } = readHash(new URL(link).hash);
  expect(lab).toBe('lora');
  expect(readParameters(query)).toEqual(shared);
});

test('a greedy lab carries no seed; an address that asks for nothing changes nothing', () => {
  const greedy = { ...shared, temperature: 0 };
  expect(parametersOf(greedy).has('seed')).toBe(false);
  expect(readParameters(parametersOf(greedy))).toEqual({ ...greedy, seed: 1 });
  expect(readParameters(new URLSearchParams())).toBeUndefined();
});

test('what is no value of ours in a link is left out, and the rest is taken', () => {
  const query = new URLSearchParams(
    'step=9&q=x&p=../../etc&seed=-1&t=7&a=one;5;1&a=two;0.5;0&a=three&a=four;;1&a=five;1;',
  );
  expect(readParameters(query)).toEqual({
    step: undefined,
    question: 'x',
    phantom: undefined,
    seed: 1,
    temperature: 0,
    adapters: [
      { address: 'two', strength: 0.5, rank: undefined },
      { address: 'five', strength: 1, rank: undefined },
    ],
  });
  const five = new URLSearchParams(Array.from({ length: 5 }, (_, at) => ['a', `name${at};1;`]));
  expect(readParameters(five)?.adapters).toHaveLength(4);
});

const phantom = drawPhantom(phantomSeed('page', 1, 3));

test('an answer is right as the base model says it or as the report has it, and no other way', () => {
  expect(phantom.lesions.length).toBeGreaterThan(0);
  const where = simplestPhrasing({ kind: 'where' }, 'ko');
  const plain = rightAnswer({ kind: 'where' }, phantom, 'ko') ?? '';
  expect(judgeAnswer(where, plain, phantom)).toMatchObject({ right: true, as: 'plain' });
  expect(judgeAnswer(where, reportOn(phantom, 'ko'), phantom)).toMatchObject({ right: true, as: 'report' });
  expect(judgeAnswer(where, reportOn(phantom, 'en'), phantom)).toMatchObject({ right: false, answer: plain });
  const patient = simplestPhrasing({ kind: 'patient-where' }, 'ko');
  const fromThere = answerFromPatientSide({ kind: 'patient-where' }, phantom, 'ko');
  expect(judgeAnswer(patient, fromThere, phantom)).toMatchObject({ right: true });
  // What the base model says: the side of the image.
  expect(judgeAnswer(patient, plain, phantom)).toMatchObject({ right: false, answer: fromThere });
  // The report names the image's sides: it is no answer to this question.
  expect(judgeAnswer(patient, reportOn(phantom, 'ko'), phantom)).toMatchObject({ right: false });
  expect(judgeAnswer('오늘 날씨는?', plain, phantom)).toBeUndefined();
  expect(judgeAnswer(where, plain, 'unknown')).toBeUndefined();
  const wished = { question: where, answer: '병변 三개', language: 'ko' } as const;
  expect(judgeAnswer(where, '병변  三개 ', phantom, wished)).toEqual({
    ...{ right: true, answer: wished.answer, language: 'ko', as: 'wished' },
  });
  expect(judgeAnswer(where, plain, phantom, wished)).toMatchObject({ right: false, answer: wished.answer });
});

const module = (layer: number, target: AdapterModule['target'], values: number[]): AdapterModule => ({
  layer,
  target,
  inputs: 10,
  outputs: 20,
  rank: values.length,
  scale: 2,
  updateNorm: Math.hypot(...values),
  singularValues: values,
});
const info: AdapterInfo = {
  name: 'a',
  rank: 2,
  alpha: 4,
  rankStabilized: false,
  baseModel: undefined,
  parameters: 150,
  modules: [module(0, 'q_proj', [4, 3]), module(1, 'down_proj', [12, 5, 0])],
  missing: undefined,
};

test('the map shows what runs: the update that a cut leaves, against the weights where these are known', () => {
  const norms = new Map([['model.layers.0.self_attn.q_proj.weight', 50]]);
  const [first, second] = heatCells(info, undefined, norms);
  expect([first?.update, first?.share]).toEqual([5, 0.1]);
  expect([second?.update, second?.share]).toEqual([13, undefined]);
  expect(heatCells(info, 1, norms).map(({ update }) => update)).toEqual([4, 12]);
  expect([undefined, 2, 1].map((rank) => parametersAt(info, rank))).toEqual([150, 120, 60]);
});

test('every product is looked up by the name that the checkpoint has', () => {
  const names = expectedParameters(config4B);
  for (const target of PROJECTIONS) expect(names.has(parameterOf({ layer: 33, target }))).toBe(true);
});

const token = (id: number, probability: number, ...others: [id: number, probability: number][]): TracedToken => ({
  id,
  text: `t${id}`,
  probability,
  alternatives: others.map(([other, p]) => ({ id: other, text: `t${other}`, probability: p })),
  logits: undefined,
});

test('choices of both models stand beside each other; what one did not tell is bounded by what it did', () => {
  const { rows, mostOwn, mostOther } = choicesOf(
    token(1, 0.7, [2, 0.2], [3, 0.05]),
    token(1, 0.1, [4, 0.8], [2, 0.06]),
  );
  expect(rows.map(({ id, own, other }) => [id, own, other])).toEqual([
    [4, undefined, 0.8],
    [1, 0.7, 0.1],
    [2, 0.2, 0.06],
    [3, 0.05, undefined],
  ]);
  expect(rows.filter(({ chosen }) => chosen).map(({ id }) => id)).toEqual([1]);
  expect([mostOwn, mostOther]).toEqual([0.05, 0.06]);
  expect(shownToken(' 환자\n')).toBe('␣환자↵');
});

test('the two files of an adapter are found among others, also under other names; what is missing is named', async () => {
  const file = (name: string) => new File(['x'], name);
  const [config, weights] = [file('adapter_config.json'), file('adapter_model.safetensors')];
  const found = await adapterAmong([file('README.md'), config, file('tokenizer.json'), weights]);
  expect(found).toMatchObject({ type: 'ok', files: { config, weights } });
  expect(await adapterAmong([file('config (1).json'), file('weights.safetensors')])).toMatchObject({
    type: 'ok',
    files: { name: 'weights' },
  });
  // Of mlx-lm, saved every hundred steps.
  expect(
    await adapterAmong([config, file('0000100_adapters.safetensors'), file('adapters.safetensors')]),
  ).toMatchObject({
    failure: {
      code: 'other-file',
      detail: { wanted: 'adapter', kind: 'mlxAdapter', reason: expect.stringContaining('mlx_lm.fuse') },
    },
  });
  expect(await adapterAmong([config, file('adapter_model.bin')])).toMatchObject({
    failure: { code: 'other-file', detail: { wanted: 'adapter', kind: 'pickleAdapter' } },
  });
  expect(await adapterAmong([config])).toMatchObject({
    failure: { code: 'file-missing', detail: { file: 'adapter_model.safetensors' } },
  });
  expect(await adapterAmong([weights, file('a.json'), file('b.json')])).toMatchObject({
    failure: { code: 'file-missing', detail: { file: 'adapter_config.json' } },
  });
});

test('adapters beside the page are those that its results describe', () => {
  const scores = (rate: number) => ({ exact_match: rate });
  const entry = { task: 'patient-side', rank: 8, parameters: 9, without_adapter: scores(0), with_adapter: scores(0.9) };
  expect(shippedAdapter('patient-side-r8', entry)).toMatchObject([{ rank: 8, without: 0, withIt: 0.9 }]);
  for (const name of ['../elsewhere', '..', '']) expect(shippedAdapter(name, entry)).toEqual([]);
  expect(() => parseResults({ adapters: { a: { ...entry, with_adapter: {} } } })).toThrow(
    'adapters.a.with_adapter.exact_match is missing',
  );
  const adapters = [
    shippedAdapter('patient-side-r1', entry),
    shippedAdapter('patient-side-r8', entry),
    shippedAdapter('patient-side-r16', entry),
    shippedAdapter('report-r8', { ...entry, task: 'report' }),
  ].flat();
  expect(skillOf({ adapters, model: undefined })?.name).toBe('patient-side-r8');
  expect(mannerOf({ adapters, model: undefined })?.name).toBe('report-r8');
  expect(skillOf({ adapters: [], model: undefined })).toBeUndefined();
});
