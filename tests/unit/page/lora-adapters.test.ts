import { expect, test } from 'vitest';
import type { SetAdaptersEvent, SetAdaptersRequest } from '#core/protocol/adapters.ts';
import type { ModelInfo } from '#core/protocol/engine.ts';
import { Rack } from '../../../src/labs/lora/adapters.svelte.ts';

const model = (name: string): ModelInfo => ({
  ...{ name, randomWeights: true, teaches: undefined, dtype: { decoder: 'q4', vision: undefined }, parameters: 1 },
  ...{ layers: 1, vocabularySize: 1, hasVision: false, imageAttention: undefined, tokensPerImage: 0, contextLength: 1 },
  runtime: { provider: 'wasm', build: 'wasm', adapter: undefined, cpuReason: 'asked' },
});

/** Takes every adapter whose name is not refused, and remembers what it was asked. */
class FakeEngine {
  model: ModelInfo | undefined = model('first');
  refused = new Set<string>();
  failure: 'busy' | undefined;
  asked: { names: string[]; strengths: readonly number[]; ranks: readonly (number | undefined)[] }[] = [];
  strengths: (readonly number[])[] = [];

  setStrengths(strengths: readonly number[]): void {
    this.strengths.push(strengths);
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
  ...{ name, rank: 4, alpha: 8, rankStabilized: false, baseModel: undefined, parameters: 120 },
  modules: [
    {
      ...({ layer: 0, target: 'q_proj', inputs: 10, outputs: 20, rank: 4, scale: 2 } as const),
      ...{ updateNorm: 5, singularValues: [4, 3, 0, 0] },
    },
  ],
});

const pair = (name: string) => [new File(['{}'], 'a.json'), new File(['x'], `${name}.safetensors`)];
const names = (rack: Rack) => rack.standing.map(({ name }) => name);

function setUp() {
  const engine = new FakeEngine();
  return { engine, rack: new Rack(engine, 'https://lab.example/models/adapters/', async () => {}) };
}

test('an adapter stands at full strength and whole; its strength takes effect without another request', async () => {
  const { engine, rack } = setUp();
  await rack.addFiles(pair('one'));
  expect(engine.asked).toEqual([{ names: ['one'], strengths: [1], ranks: [undefined] }]);
  const [entry] = rack.entries;
  if (!entry) throw new Error('no entry');
  expect([entry.state, entry.fullRank, rack.progress]).toEqual(['ready', 4, undefined]);
  rack.setStrength(entry, 0.1 + 0.2);
  rack.setStrength(entry, 7);
  rack.setStrength(entry, Number.NaN);
  expect(engine.strengths.slice(-2)).toEqual([[0.3], [2]]);
  expect(engine.asked).toHaveLength(1);
});

test('one that does not fit says why; the others stand as they stood, and are not asked for again', async () => {
  const { engine, rack } = setUp();
  await rack.addFiles(pair('one'));
  engine.refused.add('two');
  await rack.addFiles(pair('two'));
  const [, two] = rack.entries;
  expect(two?.state).toBe('failed');
  expect(two?.failure?.detail['reason']).toBe('tensor "q.lora_A"');
  expect(names(rack)).toEqual(['one']);
  expect(engine.asked.map((request) => request.names)).toEqual([['one'], ['one', 'two']]);
});

test('cut to a rank and made whole again, it is set anew; the same rank again is not', async () => {
  const { engine, rack } = setUp();
  await rack.addFiles(pair('one'));
  const [entry] = rack.entries;
  if (!entry) throw new Error('no entry');
  await rack.cut(entry, 1);
  await rack.cut(entry, 1);
  await rack.cut(entry, undefined);
  expect(engine.asked.map(({ ranks }) => ranks)).toEqual([[undefined], [1], [undefined]]);
});

test('another model gets the same adapters; those that do not fit it are named, the others stand', async () => {
  const { engine, rack } = setUp();
  for (const name of ['one', 'two', 'three']) await rack.addFiles(pair(name));
  engine.model = model('second');
  engine.refused.add('two');
  await rack.follow();
  expect(rack.entries.map(({ state }) => state)).toEqual(['ready', 'failed', 'ready']);
  expect(names(rack)).toEqual(['one', 'three']);
  expect(engine.asked.at(-1)?.names).toEqual(['one', 'three']);
  engine.model = undefined;
  await rack.follow();
  expect(rack.standing).toEqual([]);
});

test('taking the last one out takes the slots out; a fifth is not taken; names are unique', async () => {
  const { engine, rack } = setUp();
  for (let copy = 0; copy < 5; copy++) await rack.addFiles(pair('one'));
  expect(names(rack)).toEqual(['one', 'one (2)', 'one (3)', 'one (4)']);
  expect(rack.full).toBe(true);
  await rack.clear();
  expect(engine.asked.at(-1)?.names).toEqual([]);
  expect([rack.entries, rack.standing]).toEqual([[], []]);
});

test('a failure that is no adapter’s fault is said once, and what waited can be tried again', async () => {
  const { engine, rack } = setUp();
  engine.failure = 'busy';
  await rack.addFiles(pair('one'));
  const [entry] = rack.entries;
  if (!entry) throw new Error('no entry');
  expect([rack.failure?.code, entry.state]).toEqual(['busy', 'failed']);
  engine.failure = undefined;
  await rack.fetch(entry);
  expect([rack.failure, names(rack)]).toEqual([undefined, ['one']]);
});
