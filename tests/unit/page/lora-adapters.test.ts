import { expect, test } from 'vitest';
import type { SetAdaptersEvent, SetAdaptersRequest } from '#core/protocol/adapters.ts';
import type { ModelInfo } from '#core/protocol/engine.ts';
import { AdapterList } from '../../../src/labs/lora/adapter-list.svelte.ts';

const model = (name: string): ModelInfo => ({
  ...{
    name,
    randomWeights: true,
    teaches: undefined,
    dtype: { decoder: 'q4', vision: undefined },
    variantReason: 'only-one',
    parameters: 1,
  },
  ...{ layers: 1, vocabularySize: 1, hasVision: false, imageAttention: undefined, tokensPerImage: 0, contextLength: 1 },
  graphCapture: { used: false, reason: 'cpu', times: undefined, key: undefined, detail: undefined, positions: 0 },
  selfTest: { state: 'none', difference: undefined, key: undefined },
  runtime: { provider: 'wasm', build: 'wasm', adapter: undefined, cpuReason: 'asked' },
});

/** Takes every adapter whose name is not refused, and remembers what it was asked. */
class FakeEngine {
  model: ModelInfo | undefined = model('first');
  refused = new Set<string>();
  failure: 'busy' | undefined;
  stops = 0;
  asked: { names: string[]; strengths: readonly number[]; ranks: readonly (number | undefined)[] }[] = [];
  strengths: (readonly number[])[] = [];

  setStrengths(strengths: readonly number[]): void {
    this.strengths.push(strengths);
  }

  stopLabJob(): Promise<void> {
    this.stops++;
    return Promise.resolve();
  }

  async setAdapters(request: SetAdaptersRequest, on: (event: SetAdaptersEvent) => void): Promise<void> {
    await Promise.resolve();
    const names = request.adapters.map(({ name }) => name);
    this.asked.push({ names, strengths: request.strengths, ranks: request.truncateTo });
    const bad = names.find((name) => this.refused.has(name));
    if (this.failure) on({ type: 'failed', failure: { code: this.failure, detail: {} } });
    else if (bad !== undefined) {
      on({ type: 'failed', failure: { code: 'adapter-refused', detail: { file: bad, reason: 'tensor "q.lora_A"' } } });
    } else {
      on({ type: 'progress', doneBytes: 1, totalBytes: 2 });
      on({ type: 'done', adapters: names.map((name) => info(name)) });
    }
  }
}

const info = (name: string) => ({
  ...{ name, rank: 4, alpha: 8, rankStabilized: false, baseModel: undefined, parameters: 120, missing: undefined },
  modules: [
    {
      ...({ layer: 0, target: 'q_proj', inputs: 10, outputs: 20, rank: 4, scale: 2 } as const),
      ...{ updateNorm: 5, singularValues: [4, 3, 0, 0] },
    },
  ],
});

const pair = (name: string) => [new File(['{}'], 'a.json'), new File(['x'], `${name}.safetensors`)];
const names = (adapterList: AdapterList) => adapterList.applied.map(({ name }) => name);

function setUp() {
  const engine = new FakeEngine();
  return { engine, adapterList: new AdapterList(engine, 'https://lab.example/models/adapters/', async () => {}) };
}

test('an adapter stands at full strength and whole; its strength takes effect without another request', async () => {
  const { engine, adapterList } = setUp();
  await adapterList.addFiles(pair('one'));
  expect(engine.asked).toEqual([{ names: ['one'], strengths: [1], ranks: [undefined] }]);
  const [entry] = adapterList.entries;
  if (!entry) throw new Error('no entry');
  expect([entry.state, entry.fullRank, adapterList.progress]).toEqual(['ready', 4, undefined]);
  adapterList.setStrength(entry, 0.1 + 0.2);
  adapterList.setStrength(entry, 7);
  adapterList.setStrength(entry, Number.NaN);
  expect(engine.strengths.slice(-2)).toEqual([[0.3], [2]]);
  expect(engine.asked).toHaveLength(1);
});

test('one that does not fit says why; the others stand as they stood, and are not asked for again', async () => {
  const { engine, adapterList } = setUp();
  await adapterList.addFiles(pair('one'));
  engine.refused.add('two');
  await adapterList.addFiles(pair('two'));
  const [, two] = adapterList.entries;
  expect(two?.state).toBe('failed');
  expect(two?.failure?.detail['reason']).toBe('tensor "q.lora_A"');
  expect(names(adapterList)).toEqual(['one']);
  expect(engine.asked.map((request) => request.names)).toEqual([['one'], ['one', 'two']]);
});

test('cut to a rank and made whole again, it is set anew; the same rank again is not', async () => {
  const { engine, adapterList } = setUp();
  await adapterList.addFiles(pair('one'));
  const [entry] = adapterList.entries;
  if (!entry) throw new Error('no entry');
  await adapterList.cut(entry, 1);
  await adapterList.cut(entry, 1);
  await adapterList.cut(entry, undefined);
  expect(engine.asked.map(({ ranks }) => ranks)).toEqual([[undefined], [1], [undefined]]);
});

test('another model gets the same adapters; those that do not fit it are named, the others stand', async () => {
  const { engine, adapterList } = setUp();
  for (const name of ['one', 'two', 'three']) await adapterList.addFiles(pair(name));
  engine.model = model('second');
  engine.refused.add('two');
  await adapterList.follow();
  expect(adapterList.entries.map(({ state }) => state)).toEqual(['ready', 'failed', 'ready']);
  expect(names(adapterList)).toEqual(['one', 'three']);
  expect(engine.asked.at(-1)?.names).toEqual(['one', 'three']);
  engine.model = undefined;
  await adapterList.follow();
  expect(adapterList.applied).toEqual([]);
});

test('taking the last one out takes the slots out; a fifth is not taken; names are unique', async () => {
  const { engine, adapterList } = setUp();
  for (let copy = 0; copy < 5; copy++) await adapterList.addFiles(pair('one'));
  expect(names(adapterList)).toEqual(['one', 'one (2)', 'one (3)', 'one (4)']);
  expect(adapterList.full).toBe(true);
  await adapterList.clear();
  expect(engine.asked.at(-1)?.names).toEqual([]);
  expect([adapterList.entries, adapterList.applied]).toEqual([[], []]);
});

test('a failure that is no adapter’s fault is said once, and what waited can be tried again', async () => {
  const { engine, adapterList } = setUp();
  engine.failure = 'busy';
  await adapterList.addFiles(pair('one'));
  const [entry] = adapterList.entries;
  if (!entry) throw new Error('no entry');
  expect([adapterList.failure?.code, entry.state]).toEqual(['busy', 'failed']);
  engine.failure = undefined;
  await adapterList.fetch(entry);
  expect([adapterList.failure, names(adapterList)]).toEqual([undefined, ['one']]);
});
