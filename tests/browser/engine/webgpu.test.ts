/**
 * What only WebGPU can show, on a package in 4 bits: the fused kernels, the static KV cache, buffers counted by purpose, Stop
 * between token steps that are queued, slots for adapters. Everything else runs on `provider`; `npm run test:full` runs all of
 * it here too.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { valueOf } from '#core/budget/expression.ts';
import type { GpuPurpose } from '#core/budget/gpu-purpose.ts';
import type { Manifest } from '#core/protocol/manifest.ts';
import { maxDifference } from '../../reference/golden.ts';
import { EngineClient, picture, promptLength, turnOf, user } from './client.ts';
import { adapterFiles } from './lora-files.ts';
import { packageFiles, packageUrl } from './model.ts';
import { breath, diagnosis, expectedAnswers, type Expected } from './questions.ts';

// A software adapter takes a second for a token.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
const contextLength = 256;
const engine = new EngineClient();
let expected: Expected;
const open = (name: string) => engine.model(name, { contextLength, provider: 'webgpu' });

beforeAll(async () => {
  expected = await expectedAnswers();
});
afterAll(() => engine.terminate());

/** What follows from the shape against the buffers that are live now, and what the runtime decides on against the most there was. */
function expectPlanned(...purposes: GpuPurpose[]): void {
  const { plan } = engine;
  const gpu = engine.stats.at(-1)?.memory.gpu;
  expect(plan?.figures.filter(({ how }) => how === 'exact').map(({ purpose }) => purpose)).toEqual(purposes);
  for (const { purpose, bytes, how } of plan?.figures ?? []) {
    if (how !== 'exact') {
      const peak = Math.max(...engine.stats.map(({ memory }) => memory.gpuPeak?.byPurpose[purpose] ?? 0));
      console.log(`${purpose}: planned at most ${valueOf(bytes)}, counted ${peak}`);
      expect(peak, purpose).toBeLessThanOrEqual(valueOf(bytes));
      continue;
    }
    const difference = valueOf(bytes) / (gpu?.[purpose].bytes ?? NaN) - 1;
    console.log(`${purpose}: planned ${valueOf(bytes)}, counted ${gpu?.[purpose].bytes}`);
    expect(Math.abs(difference), purpose).toBeLessThan(0.02);
  }
}

describe('a package in 4 bits', () => {
  test('answers with the tokens of the CPU in Node, and finds its prompt in the cache', async () => {
    const { runtime } = await open('chat');
    expect(runtime).toMatchObject({ provider: 'webgpu', cpuReason: undefined });
    expect((await engine.ask(breath, { maxNewTokens: 10 })).ids).toEqual(expected.chat[breath]);
    const again = await engine.ask(breath, { maxNewTokens: 3 });
    expect(again.ids).toEqual(expected.chat[breath]?.slice(0, 3));
    expect(turnOf(again).prefillTokens).toBe(1);
  });

  test('Stop in decode: at most a few tokens later, and the next message is answered rightly', async () => {
    let asked = false;
    let after = 0;
    const answer = await engine.ask('왼쪽 폐', {
      maxNewTokens: 200,
      onEvent(event, stop) {
        if (event.type !== 'token') return;
        if (asked) after += event.ids.length;
        else stop();
        asked = true;
      },
    });
    expect(answer.end.type).toBe('stopped');
    // Token steps that were queued before Stop arrived.
    expect(after).toBeLessThanOrEqual(4);
    expect((await engine.ask(diagnosis, { maxNewTokens: 3 })).ids).toEqual(expected.chat[diagnosis]?.slice(0, 3));
  });

  test('an image and figures: memory by purpose, every byte of it in buffers of ours', async () => {
    const config = await (await fetch(`${packageUrl('chat')}config.json`)).json();
    const { num_hidden_layers, num_key_value_heads, head_dim, hidden_size, max_position_embeddings } =
      config.text_config;
    await engine.forget();
    const answer = await engine.ask([user(breath, await picture('image/png', 300))], { maxNewTokens: 3 });
    expect(turnOf(answer).imageMilliseconds).toBeGreaterThan(0);
    const last = engine.stats.at(-1);
    expect(last?.turn).toEqual(turnOf(answer));
    expect(last?.contextUsed).toBe(promptLength(answer) + 3 - 1);
    const { gpu, wasmHeap } = last?.memory ?? {};
    // Keys and values, float32.
    expect(gpu?.kv).toEqual({
      bytes: 2 * num_hidden_layers * num_key_value_heads * contextLength * head_dim * 4,
      how: 'measured',
    });
    expect(gpu?.images.bytes).toBeGreaterThanOrEqual(4 * hidden_size * 4);
    expect(gpu?.scratch.bytes).toBeGreaterThan(0);
    expect(wasmHeap?.bytes).toBeGreaterThan(0);
    // What the files hold, but for the embedding's own copy of its table and RoPE tables cut to the context in use.
    const manifest: Manifest = await (await fetch(`${packageUrl('chat')}manifest.json`)).json();
    const sizeOf = (name: string, part = '') => manifest.files[`onnx/${name}.onnx_data${part}`]?.size ?? NaN;
    const rope = (positions: number) => 4 * positions * (head_dim / 2) * 4;
    const decoder = sizeOf('decoder_model_merged_q4') + sizeOf('decoder_model_merged_q4', '_1');
    const vision = sizeOf('vision_encoder_quantized');
    const bytes = decoder + vision - rope(max_position_embeddings) + rope(contextLength);
    // Blocks of 32 weights have a scale of float16 in the file and of float32 on the device: 2 bytes more for 16 + 2, and for 32 + 2.
    const widened = (decoder * 2) / 18 + (vision * 2) / 34;
    const held = (gpu?.weights.bytes ?? NaN) + (gpu?.vision.bytes ?? NaN);
    expect(held).toBeGreaterThan(bytes);
    // And constants of the graphs. The provider keeps the weight of the patch convolution in two layouts; the table is there once for
    // three graphs.
    const { hidden_size: width, num_channels, patch_size } = config.vision_config;
    const convolution = width * num_channels * patch_size ** 2 * 4;
    expect(held).toBeLessThan(bytes + widened + convolution + 4096);
  });

  test('the planner’s prediction is within 2 % of what is counted, purpose by purpose', () => {
    expectPlanned('weights', 'vision', 'kv');
    const { memory, contextUsed } = engine.stats.at(-1) ?? {};
    if (!engine.plan || contextUsed === undefined) throw new Error('nothing was planned');
    expect(memory?.kvFilled?.bytes).toBe(contextUsed * valueOf(engine.plan.perToken.all));
    expect(new Set(engine.stats.map(({ phase }) => phase))).toEqual(
      new Set(['load', 'image', 'prefill', 'decode', undefined]),
    );
  });

  test('slots for an adapter: at strength 0 the logits of the fused products, at 1 others', async () => {
    const traced = (strengths?: number[]) =>
      engine.trace(breath, { maxNewTokens: 2, logits: true, ...(strengths ? { strengths } : {}) });
    const base = await traced();
    const { end } = await engine.setAdapters({ adapters: [await adapterFiles()], strengths: [1], truncateTo: [] });
    expect(end.type).toBe('done');
    expectPlanned('weights', 'vision', 'lora', 'kv');
    const none = await traced([0]);
    expect(none.tokens.map(({ id }) => id)).toEqual(expected.chat[breath]?.slice(0, 2));
    const difference = (at: number, { tokens }: typeof base) =>
      maxDifference(tokens[at]?.logits ?? [], base.tokens[at]?.logits ?? []);
    expect(difference(0, none)).toBeLessThanOrEqual(1e-6);
    expect(difference(1, none)).toBeLessThanOrEqual(1e-6);
    expect(difference(0, await traced())).toBeGreaterThan(0.1);
  });
});

test('a cache that grows begins anew where another prompt comes: it cannot be cut on the GPU', async () => {
  await open('foreign-concat');
  expect((await engine.ask(breath, { maxNewTokens: 3 })).ids).toEqual(expected.chat[breath]?.slice(0, 3));
  const other = await engine.ask(diagnosis, { maxNewTokens: 2 });
  expect(turnOf(other).cachedTokens).toBe(0);
  expect(other.ids).toEqual(expected.chat[diagnosis]?.slice(0, 2));
});

test('weights that are missing when the first session stands already leave nothing on the device', async () => {
  const missing = 'onnx/vision_encoder_quantized.onnx_data';
  const source = await packageFiles('chat');
  if (source.type !== 'files') throw new Error('unreachable');
  // The manifest would tell before the first session.
  const files = source.files.filter(({ path }) => path !== missing && path !== 'manifest.json');
  const { end } = await engine.open({ ...source, files }, { contextLength: 32, provider: 'webgpu' });
  expect(end).toMatchObject({ type: 'failed', failure: { code: 'file-missing', detail: { file: missing } } });
  const { weights, kv, vision } = engine.stats.at(-1)?.memory.gpu ?? {};
  expect([weights?.bytes, kv?.bytes, vision?.bytes]).toEqual([0, 0, 0]);
});
