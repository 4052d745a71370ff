/** Where the engine must refuse, end or fall back: full context, text-only packages, the CPU, bad images and packages. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { create } from '@bufbuild/protobuf';
import { mainGraph, readModel, writeModel } from '#core/onnx/model.ts';
import { StringStringEntryProtoSchema, TensorProto_DataType, TensorProtoSchema } from '#core/onnx/onnx_pb.ts';
import type { PackageSource } from '#core/protocol/engine.ts';
import { provider } from '../provided.ts';
import { EngineClient, failureOf, picture, promptLength, said, turnOf, user } from './client.ts';
import { packageFiles } from './model.ts';
import { breath, diagnosis, expectedAnswers, headache, seen, tamperedFile, type Expected } from './questions.ts';

vi.setConfig({ testTimeout: 300_000 });
/** Where the tests run that are not about the CPU itself. */
const engine = new EngineClient();
const cpu = new EngineClient();
const onCpu = { provider: 'wasm', contextLength: 2048 } as const;
let expected: Expected;

beforeAll(async () => {
  expected = await expectedAnswers();
});
afterAll(() => {
  engine.terminate();
  cpu.terminate();
});

const decoder = 'onnx/decoder_model_merged_q4.onnx';
const broken = new Blob(['no picture'], { type: 'image/png' });

async function damaged(change: (files: Map<string, Blob>) => void | Promise<void>): Promise<PackageSource> {
  const source = await packageFiles('chat');
  if (source.type !== 'files') throw new Error('unreachable');
  const files = new Map(
    source.files.map(({ path, blob }) => {
      if (!(blob instanceof Blob)) throw new Error('unreachable');
      return [path, blob] as const;
    }),
  );
  // The manifest would tell of every change by a size.
  files.delete('manifest.json');
  await change(files);
  return { type: 'files', name: 'damaged', files: [...files].map(([path, blob]) => ({ path, blob })) };
}

/** Has one more initializer of 2 GB that no node reads, so that the runtime never asks for its bytes. */
function tooLargeForCpu(): Promise<PackageSource> {
  return damaged(async (files) => {
    const model = readModel(new Uint8Array((await files.get(decoder)?.arrayBuffer()) ?? []));
    const { initializer } = mainGraph(model);
    const external = initializer.find(({ externalData }) => externalData.length > 0);
    if (!external) throw new Error('no external weights');
    const location = external.externalData.filter(({ key }) => key === 'location');
    initializer.push(
      create(TensorProtoSchema, {
        name: 'unused',
        dataType: TensorProto_DataType.FLOAT,
        dataLocation: external.dataLocation,
        dims: [500_000_000n],
        externalData: [
          ...location,
          create(StringStringEntryProtoSchema, { key: 'offset', value: '0' }),
          create(StringStringEntryProtoSchema, { key: 'length', value: '2000000000' }),
        ],
      }),
    );
    files.set(decoder, new Blob([writeModel(model)]));
  });
}

describe('left to choose where its GPU is a software adapter', () => {
  const left = { provider: 'auto', contextLength: 256 } as const;

  test('the engine takes the CPU and says why', async () => {
    const { runtime } = await cpu.model('chat', left);
    expect(runtime).toEqual({ provider: 'wasm', build: 'wasm', adapter: undefined, cpuReason: 'software-adapter' });
  });

  test('what is too large for the CPU goes to the adapter', async () => {
    const { runtime } = await cpu.model(await tooLargeForCpu(), left);
    expect(runtime).toMatchObject({ provider: 'webgpu', cpuReason: undefined });
  });
});

describe('on the CPU', () => {
  test('opens, says why, and gives the answers of Node, which are those of WebGPU', async () => {
    const { runtime } = await cpu.model('chat', onCpu);
    expect(runtime).toEqual({ provider: 'wasm', build: 'wasm', adapter: undefined, cpuReason: 'asked' });
    for (const question of [breath, diagnosis, headache, seen])
      expect((await cpu.ask(question, { maxNewTokens: 10 })).ids).toEqual(expected.chat[question]);
    const { memory, contextUsed } = cpu.stats.at(-1) ?? {};
    expect([memory?.gpu, memory?.gpuPeak, cpu.plan]).toEqual([undefined, undefined, undefined]);
    expect(memory?.wasmHeap?.bytes).toBeGreaterThan(0);
    expect(memory?.cpu?.weights).toMatchObject({ how: 'computed' });
    expect(memory?.cpu?.weights.bytes).toBeGreaterThan(1e6);
    // Keys and values of 8 layers with 2 heads of 32, float32.
    expect(memory?.cpu?.kv).toEqual({ bytes: (contextUsed ?? NaN) * 8 * 2 * 2 * 32 * 4, how: 'measured' });
  });

  test('a second turn finds the first in the cache, and an image is seen', async () => {
    const opening = [user('왼쪽 폐', await picture('image/png', 50))];
    const first = await cpu.ask(opening, { maxNewTokens: 4 });
    expect(turnOf(first).imageMilliseconds).toBeGreaterThan(0);
    const sampling = { temperature: 1, seed: 2, maxNewTokens: 8 };
    const whole = [...opening, said('assistant', '치치'), user(breath)];
    const second = await cpu.ask(whole, sampling);
    expect(turnOf(second)).toMatchObject({ imageMilliseconds: 0 });
    // The cache was longer than what the two have in common, and was cut.
    expect(turnOf(second).cachedTokens).toBeGreaterThan(10);
    await cpu.forget();
    const fresh = await cpu.ask(whole, sampling);
    expect(turnOf(fresh)).toMatchObject({ cachedTokens: 0 });
    expect(fresh.ids).toEqual(second.ids);
  });

  test('of tokens that come faster than frames none is lost', async () => {
    const { ids, events } = await cpu.ask('왼쪽 폐', { maxNewTokens: 120 });
    expect(ids).toHaveLength(120);
    expect(events.filter(({ type }) => type === 'token').length).toBeLessThanOrEqual(120);
  });

  test('Stop', async () => {
    const { end, ids } = await cpu.ask(breath, {
      maxNewTokens: 1500,
      onEvent: ({ type }, stop) => type === 'token' && stop(),
    });
    expect(end.type).toBe('stopped');
    expect(ids.length).toBeLessThan(1500);
    expect((await cpu.ask(diagnosis, { maxNewTokens: 10 })).ids).toEqual(expected.chat[diagnosis]);
  });
});

describe('packages that do not open, and a good one after each', () => {
  const text = (value: string) => new Blob([value]);

  const cases: [string, () => Promise<string | PackageSource>, object][] = [
    [
      'a missing tokenizer',
      () => damaged((files) => void files.delete('tokenizer.json')),
      { code: 'file-missing', detail: { file: 'tokenizer.json' } },
    ],
    [
      'a missing decoder',
      () => damaged((files) => void files.delete(decoder)),
      { code: 'file-missing', detail: { file: decoder } },
    ],
    [
      'missing weights',
      () => damaged((files) => void files.delete(`${decoder}_data`)),
      { code: 'file-missing', detail: { file: `${decoder}_data` } },
    ],
    [
      'broken JSON',
      () => damaged((files) => void files.set('config.json', text('{"architectures": ['))),
      { code: 'file-broken', detail: { file: 'config.json', reason: 'not JSON' } },
    ],
    [
      'a graph that is none',
      () => damaged((files) => void files.set(decoder, text('no graph'))),
      { code: 'file-broken', detail: { file: decoder } },
    ],
    [
      'another architecture',
      () => damaged((files) => void files.set('config.json', text('{"architectures": ["LlamaForCausalLM"]}'))),
      { code: 'unsupported-package', detail: { file: 'config.json' } },
    ],
    [
      'weights that break off',
      () =>
        damaged((files) => {
          const whole = files.get(`${decoder}_data`);
          if (whole) files.set(`${decoder}_data`, whole.slice(0, whole.size / 2));
        }),
      { code: expect.stringMatching(/^(file-broken|runtime)$/), detail: { file: expect.stringContaining(decoder) } },
    ],
    [
      'a byte that is not what the manifest says',
      () => Promise.resolve('tampered'),
      { code: 'hash-mismatch', detail: { file: tamperedFile } },
    ],
    [
      'more than the CPU can hold',
      tooLargeForCpu,
      { code: 'too-large-for-cpu', detail: { limit: 1.2e9, reason: 'asked' } },
    ],
  ];

  test.each(cases)('%s', async (_, make, failure) => {
    const { end, events } = await cpu.open(await make(), onCpu);
    expect(end).toMatchObject({ type: 'failed', failure });
    expect(events.filter(({ type }) => type === 'failed')).toHaveLength(1);
    expect(failureOf(await cpu.ask(breath))?.code).toBe('no-model');
    await cpu.model('chat', onCpu);
    expect((await cpu.ask(breath, { maxNewTokens: 9 })).ids).toEqual(expected.chat[breath]?.slice(0, 9));
  });
});

describe('a context of 32 tokens', () => {
  const contextLength = 32;
  beforeAll(async () => {
    await engine.model('chat', { contextLength });
  }, 180_000);

  test('a prompt that does not fit is refused with its length, before anything is computed', async () => {
    const answer = await engine.ask('가나다 '.repeat(10));
    // 가 나 다 and the space are a token each; the last space is trimmed.
    const alone = promptLength(await engine.ask('가', { maxNewTokens: 1 }));
    const needed = alone - 1 + 39 + 1;
    expect(answer.events).toEqual([
      { type: 'failed', failure: { code: 'context-full', detail: { needed, limit: contextLength, alone: needed } } },
    ]);
    expect((await engine.ask(breath, { maxNewTokens: 3 })).ids).toEqual(expected.chat[breath]?.slice(0, 3));
  });

  test('an answer that reaches the end says so, and a shorter message is answered', async () => {
    const answer = await engine.ask(breath, { maxNewTokens: 300 });
    expect(answer.end).toMatchObject({ type: 'done', reason: 'context-full' });
    // The last token needs no place any more.
    expect(answer.ids).toHaveLength(contextLength - promptLength(answer) + 1);
    expect(answer.ids.slice(0, 10)).toEqual(expected.chat[breath]);
    expect(engine.stats.at(-1)).toMatchObject({ contextUsed: contextLength, contextLength });

    const more = [user(breath), said('assistant', answer.text), user(diagnosis)];
    expect(failureOf(await engine.ask(more))?.code).toBe('context-full');
    expect((await engine.ask(diagnosis, { maxNewTokens: 3 })).ids).toEqual(expected.chat[diagnosis]?.slice(0, 3));
  });

  test('an image that cannot be read', async () => {
    const answer = await engine.ask([user(breath, broken)]);
    expect(failureOf(answer)).toMatchObject({ code: 'image-unreadable', detail: { name: 'image-0' } });
    expect((await engine.ask(breath, { maxNewTokens: 3 })).ids).toEqual(expected.chat[breath]?.slice(0, 3));
  });
});

describe('a text-only package (Gemma3ForCausalLM)', () => {
  test('answers as on the CPU in Node, and refuses images', async () => {
    const model = await engine.model('text-only', { contextLength: 64 });
    expect(model).toMatchObject({ hasVision: false, imageAttention: undefined, tokensPerImage: 0 });
    expect(model.runtime.provider).toBe(provider);
    expect((await engine.ask(breath, { maxNewTokens: 10 })).ids).toEqual(expected.textOnly[breath]);
    const refused = await engine.ask([user(breath, await picture('image/png', 0))]);
    expect(refused.events).toEqual([{ type: 'failed', failure: { code: 'no-vision', detail: {} } }]);
    expect((await engine.ask(diagnosis, { maxNewTokens: 3 })).ids).toEqual(expected.textOnly[diagnosis]?.slice(0, 3));
  });
});
