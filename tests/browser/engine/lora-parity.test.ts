/** LoRA beside the decoder's weights, on WebGPU and on the CPU provider, against the logits of PEFT. */
import type * as Ort from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Adapter } from '#core/lora/adapter.ts';
import { mainGraph, allGraphs } from '#core/onnx/model.ts';
import type { TraceEvent, TracedToken } from '#core/protocol/adapters.ts';
import { IMAGE_TOKEN as imageToken, maskOf, maxDifference, type Golden } from '../../reference/golden.ts';
import { TurnMeter } from '../../../workers/engine/generation/meter.ts';
import { traceAnswer } from '../../../workers/engine/generation/trace.ts';
import { DecoderGoneError } from '../../../workers/engine/lora/failure.ts';
import { loadModel, type LoadedModel } from '../../../workers/engine/model/load.ts';
import { readPackage, type ModelPackage } from '../../../workers/engine/model/package.ts';
import { openPackage } from '../../../workers/store/package.ts';
import { full } from '../provided.ts';
import { greedy } from './client.ts';
import { fixtureAdapter } from './lora-files.ts';
import { backendOf, golden, load, packageFiles } from './model.ts';

// The machine may be busy: each token is some 200 dispatches on a processor.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
const tolerance = 1e-3;
const never = new AbortController().signal;
/** Cases and the tokens of each that are prefilled; the rest are given one by one. The window is of 16 tokens. */
const cases = [
  ['text_beyond_window', 43],
  ['one_image', 13],
] as const;

let reference: Golden;
let adapter: Adapter;
/** Logits after a change of strength in the middle of an answer, by provider. */
const changed = new Map<string, Float32Array>();

beforeAll(async () => {
  reference = await golden();
  adapter = await fixtureAdapter();
});

interface Asked {
  ids: readonly number[];
  forced?: readonly number[];
  maxNewTokens?: number;
  features?: (index: number) => Ort.Tensor;
  onToken?: (token: TracedToken, index: number) => void;
}

/** Every token of an answer, with logits. */
async function trace(model: LoadedModel, { ids, forced, maxNewTokens = 4, features, onToken }: Asked) {
  const tokens: TracedToken[] = [];
  const emit = (event: TraceEvent) => {
    if (event.type !== 'token') return;
    tokens.push(event.token);
    onToken?.(event.token, tokens.length - 1);
  };
  const first = ids.findIndex((id) => id === imageToken);
  const images = first < 0 ? [] : [{ index: 0, start: first, length: 4 }];
  model.decoder.truncate(0);
  await traceAnswer({
    model: { ...model, package: { ...model.package, endTokens: new Set<number>() } },
    tokenizer: { decode: String, tokenOf: String, isSpecial: () => false },
    prompt: { ids: [...ids], mask: maskOf(ids), images },
    features: features ?? (() => expect.fail('no image is asked for')),
    request: { sampling: greedy, maxNewTokens, forced, alternatives: 3, logits: true },
    signal: never,
    meter: new TurnMeter(),
    emit,
  });
  model.decoder.truncate(0);
  return tokens;
}

const logitsOf = (tokens: readonly TracedToken[]) => tokens.map(({ logits }) => logits ?? new Float32Array());
const idsOf = (name: string) => reference.cases[name]?.input_ids ?? [];
/** Of one position in the reference. */
function row(name: string, kind: 'logits' | 'lora_logits', position: number): Float32Array {
  const { data, shape } = reference.tensor(`${name}.${kind}`);
  const vocabulary = shape.at(-1) ?? 0;
  return data.subarray(position * vocabulary, (position + 1) * vocabulary);
}

/** Two adapters that are the fixture's together, on other projections and of other ranks in the stack. */
function halves({ modules, ...rest }: Adapter): Adapter[] {
  return [
    { ...rest, modules: modules.filter(({ target }) => target !== 'o_proj') },
    { ...rest, modules: modules.filter(({ target }) => target === 'o_proj') },
  ];
}

describe.each(['webgpu', 'wasm'] as const)('%s', (provider) => {
  let model: LoadedModel;
  let features: Ort.Tensor;
  let base: TracedToken[];
  let progress: [done: number, total: number][] = [];
  /** What concerns numbers and strengths alone: a software GPU is slow, and the CPU shows the same. */
  const onCpu = test.runIf(full || provider === 'wasm');
  const set = async (adapters: readonly Adapter[], strengths: readonly number[]) => {
    progress = [];
    await model.adapters.set(adapters, strengths, never, (done, total) => void progress.push([done, total]));
  };
  const baseTrace = () => trace(model, { ids: idsOf('text_short'), maxNewTokens: 5 });
  const reported = () => model.backend.gpu?.ledger.gpu().lora.bytes ?? 0;

  beforeAll(async () => {
    model = await load('fp32', provider);
    expect(model.info.runtime.provider).toBe(provider);
    const pixels = reference.tensor('pixel_values').data;
    const encoded = await model.vision?.encode(pixels.slice(0, pixels.length / 2), 112, never, () => undefined);
    if (!encoded) throw new Error('no features');
    features = encoded.tensor;
    base = await baseTrace();
  });
  afterAll(() => model.dispose());

  test('without adapters: the reference’s greedy tokens', () => {
    expect(base.map(({ id }) => id)).toEqual(reference.cases['text_short']?.greedy_24.slice(0, 5));
  });

  test('the logits of PEFT, prefilled and token by token', async () => {
    const before = reported();
    await set([adapter], [1]);
    // On the CPU the decoder's weights were read again, all of them; on the GPU they count as read where they are.
    expect(progress.at(-1)?.[0]).toBeGreaterThan(1e6);
    expect(progress.at(-1)?.[0]).toBe(progress.at(-1)?.[1]);
    if (provider === 'webgpu') {
      const bytes = adapter.modules.reduce((sum, { a, b }) => sum + 4 * (a.length + b.length), 0);
      expect(reported() - before).toBeGreaterThanOrEqual(bytes);
      expect(reported() - before).toBeLessThan(bytes + 100_000);
    }
    let worst = 0;
    for (const [name, prefilled] of cases) {
      const ids = idsOf(name);
      const tokens = await trace(model, {
        ids: ids.slice(0, prefilled),
        // One more than there are: the logits after the last one are compared too.
        forced: [...ids.slice(prefilled), 0],
        features: () => features,
      });
      expect(tokens).toHaveLength(ids.length - prefilled + 1);
      for (const [index, logits] of logitsOf(tokens).entries()) {
        const position = prefilled - 1 + index;
        const difference = maxDifference(logits, row(name, 'lora_logits', position));
        worst = Math.max(worst, difference);
        expect(difference).toBeLessThan(tolerance);
        expect(maxDifference(logits, row(name, 'logits', position))).toBeGreaterThan(0.1);
      }
    }
    console.log(`${provider}: off PEFT's logits by at most ${worst}`);
  });

  test('at strength 0 the base: the same tokens, logits within 1e-6', async () => {
    model.adapters.setStrengths([0]);
    const tokens = await baseTrace();
    expect(tokens.map(({ id }) => id)).toEqual(base.map(({ id }) => id));
    const worst = Math.max(...logitsOf(tokens).map((logits, i) => maxDifference(logits, base[i]?.logits ?? [])));
    console.log(`${provider}: strength 0 differs from the session without branches by ${worst}`);
    expect(worst).toBeLessThanOrEqual(1e-6);
    // And it is the adapter that was turned off, not one that does nothing.
    model.adapters.setStrengths([1]);
    expect(maxDifference(logitsOf(await baseTrace())[0] ?? [], base[0]?.logits ?? [])).toBeGreaterThan(0.1);
  });

  test('changed in the middle of an answer: the tokens after it, with the cache as it was', async () => {
    const name = 'text_beyond_window';
    const ids = idsOf(name);
    const from = ids.length - 4;
    model.adapters.setStrengths([1]);
    const tokens = await trace(model, {
      ids: ids.slice(0, from),
      forced: ids.slice(from),
      onToken(_, index) {
        if (index === 1) model.adapters.setStrengths([-1]);
      },
    });
    const logits = logitsOf(tokens);
    for (const index of [0, 1])
      expect(maxDifference(logits[index] ?? [], row(name, 'lora_logits', from - 1 + index))).toBeLessThan(tolerance);
    for (const index of [2, 3])
      expect(maxDifference(logits[index] ?? [], row(name, 'lora_logits', from - 1 + index))).toBeGreaterThan(0.1);
    // Computed anew at the last strength it is another answer: the words before keep what they were.
    const anew = await trace(model, { ids: ids.slice(0, from), forced: ids.slice(from) });
    expect(maxDifference(logits[3] ?? [], anew[3]?.logits ?? [])).toBeGreaterThan(0.01);
    changed.set(provider, logits[3] ?? new Float32Array());
    const other = changed.get(provider === 'webgpu' ? 'wasm' : 'webgpu');
    if (other) expect(maxDifference(logits[3] ?? [], other)).toBeLessThan(tolerance);
  });

  onCpu('two adapters in the same session: together they are the whole one, and each has its strength', async () => {
    const name = 'text_beyond_window';
    const ids = idsOf(name);
    const last = async () => logitsOf(await trace(model, { ids, maxNewTokens: 1 }))[0] ?? [];
    await set(halves(adapter), [1, 1]);
    expect(progress).toEqual([]);
    expect(maxDifference(await last(), row(name, 'lora_logits', ids.length - 1))).toBeLessThan(tolerance);
    model.adapters.setStrengths([1, 0]);
    const first = await last();
    expect(maxDifference(first, row(name, 'lora_logits', ids.length - 1))).toBeGreaterThan(0.01);
    expect(maxDifference(first, row(name, 'logits', ids.length - 1))).toBeGreaterThan(0.01);
    // Neither another number of them nor what is none changes anything.
    expect(model.adapters.setStrengths([1])).toBe(false);
    expect(model.adapters.setStrengths([1, NaN])).toBe(false);
    expect(maxDifference(await last(), first)).toBe(0);

    await set([adapter, adapter], [1, -1]);
    expect(maxDifference(await last(), row(name, 'logits', ids.length - 1))).toBeLessThan(tolerance);
  });

  onCpu('strengths lent to one job are given back, also when it fails', async () => {
    await set([adapter], [0]);
    const isBase = async () => {
      const { logits } = (await trace(model, { ids: idsOf('text_short'), maxNewTokens: 1 }))[0] ?? {};
      return maxDifference(logits ?? [], base[0]?.logits ?? []) < tolerance;
    };
    expect(await model.adapters.during([1], isBase)).toBe(false);
    expect(await isBase()).toBe(true);
    await expect(model.adapters.during([2], () => Promise.reject(new Error('broken off')))).rejects.toThrow(
      'broken off',
    );
    expect(await isBase()).toBe(true);
    // What is set meanwhile holds afterwards.
    await model.adapters.during([0], async () => {
      expect(model.adapters.setStrengths([1])).toBe(true);
      expect(await isBase()).toBe(true);
    });
    expect(await isBase()).toBe(false);
    await expect(model.adapters.during([1, 1], isBase)).rejects.toThrow(RangeError);
  });

  test('taken away: the base to the bit, and the memory is free', async () => {
    const before = reported();
    await set([], []);
    expect(progress.at(-1)?.[0]).toBeGreaterThan(1e6);
    const tokens = await baseTrace();
    for (const [index, logits] of logitsOf(tokens).entries())
      expect(maxDifference(logits, base[index]?.logits ?? [])).toBe(0);
    if (provider === 'webgpu') expect(reported()).toBeLessThan(before);
    expect(model.adapters.setStrengths([1])).toBe(false);
  });
});

test('a change in the middle of an answer is the same on both', () => {
  expect([...changed.keys()].sort()).toEqual(['wasm', 'webgpu']);
});

describe('where the decoder cannot be made again', () => {
  let broken: (path: string) => boolean = () => false;
  let renamed = false;
  let model: LoadedModel;
  let base: Float32Array;
  const first = async () => logitsOf(await trace(model, { ids: idsOf('text_short'), maxNewTokens: 1 }))[0] ?? [];
  const set = (adapters: readonly Adapter[], strengths: readonly number[], signal = never) =>
    model.adapters.set(adapters, strengths, signal, () => undefined);

  beforeAll(async () => {
    const whole = await readPackage(await openPackage(await packageFiles('fp32')));
    const decoder: ModelPackage['decoder'] = {
      ...whole.decoder,
      async read() {
        const graph = await whole.decoder.read();
        if (renamed)
          for (const part of allGraphs(mainGraph(graph)))
            for (const node of part.node) node.name = node.name.replaceAll('_proj', '_linear');
        return graph;
      },
    };
    const pack: ModelPackage = {
      ...whole,
      decoder,
      vision: undefined,
      variants: whole.variants.map((variant) => ({ ...variant, decoder, vision: undefined })),
      reader: {
        ...whole.reader,
        blob: (path) => (broken(path) ? Promise.reject(new Error(`${path} is gone`)) : whole.reader.blob(path)),
      },
    };
    model = await loadModel(pack, await backendOf('wasm'), { contextLength: 64 }, never, () => undefined);
    base = Float32Array.from(await first());
  });

  test('products of other names: no place for an adapter, and nothing happened', async () => {
    renamed = true;
    await expect(set([adapter], [1])).rejects.toMatchObject({
      code: 'no-lora-branches',
      detail: { file: 'onnx/decoder_model_merged.onnx' },
    });
    renamed = false;
    expect(maxDifference(await first(), base)).toBe(0);
  });

  test('stopped before the old session went: nothing happened', async () => {
    await expect(set([adapter], [1], AbortSignal.abort())).rejects.toThrow(/abort/i);
    expect(maxDifference(await first(), base)).toBe(0);
  });

  test('made as it was before', async () => {
    const [attention, output] = halves(adapter);
    if (!attention || !output) throw new Error('no halves');
    await set([attention], [1]);
    const adapted = Float32Array.from(await first());
    expect(maxDifference(adapted, base)).toBeGreaterThan(0.01);
    let reads = 0;
    broken = (path) => path.endsWith('_data') && ++reads === 1;
    await expect(set([output], [1])).rejects.toThrow(/decoder_model_merged\.onnx: .*is gone/);
    broken = () => false;
    expect(reads).toBeGreaterThan(1);
    expect(maxDifference(await first(), adapted)).toBe(0);
  });

  test('neither: the model is done with', async () => {
    broken = (path) => path.endsWith('_data');
    const gone = await set([], []).catch((error: unknown) => error);
    expect(gone).toBeInstanceOf(DecoderGoneError);
    expect(gone).toMatchObject({ code: 'runtime' });
    await model.dispose();
  });
});
