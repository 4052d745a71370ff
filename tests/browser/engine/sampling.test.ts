/** Sampling on the GPU: the kernels against core/sampling, and answers against those from whole rows of logits. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { SamplingCounts } from '#core/protocol/stats.ts';
import { chooseCandidate } from '#core/sampling/candidates.ts';
import { chooseToken, type Cuts } from '#core/sampling/choose.ts';
import { Random } from '#core/sampling/random.ts';
import type { Sampling } from '#core/sampling/sampling.ts';
import { topK } from '#core/sampling/top-k.ts';
import { maskOf } from '../../reference/golden.ts';
import { decodeSampled } from '../../../workers/engine/generation/decode-sampled.ts';
import { prefill } from '../../../workers/engine/generation/prefill.ts';
import type { Backend } from '../../../workers/engine/model/backend.ts';
import type { LoadedModel } from '../../../workers/engine/model/load.ts';
import { DeviceSampler } from '../../../workers/engine/sampling/device-sampler.ts';
import { mostCandidates } from '../../../workers/engine/sampling/kernels.ts';
import { full } from '../provided.ts';
import { backendOf, golden, load } from './model.ts';

// A repeated test must not meet the answer of the one that timed out: the model runs one at a time.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
const random = Random.fromSeed(11);
const normal = () => Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
const row = (length: number, logit: (id: number) => number) => Float32Array.from({ length }, (_, id) => logit(id));

/** A row on the device, chosen from once. */
async function chosenFrom(backend: Backend, logits: Float32Array<ArrayBuffer>, cuts: Cuts, u: number) {
  const { gpu } = backend;
  if (!gpu) throw new Error('no GPU');
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const buffer = gpu.device.createBuffer({ size: Math.ceil(logits.byteLength / 16) * 16, usage });
  gpu.device.queue.writeBuffer(buffer, 0, logits);
  const sampler = await DeviceSampler.make(backend, cuts, logits.length);
  try {
    const { choice, row } = sampler.queue(buffer, u);
    return { ...(await choice), row: await row() };
  } finally {
    sampler.dispose();
    buffer.destroy();
  }
}

describe('the kernels', () => {
  const flat = new Float32Array(9000);
  const rows: Record<string, Float32Array<ArrayBuffer>> = {
    'a vocabulary like the fixture’s': row(512, () => 3 * normal()),
    'Gemma 3’s vocabulary': row(262_208, () => 4 * normal()),
    'a nearly flat one': row(30_000, () => normal()),
    'all equal': flat,
    'many ties': row(20_001, () => Math.round(2 * normal())),
    'both zeros, and −∞': row(5000, (id) => [-0, 0, -Infinity, -1][id % 4] ?? 0),
    'the likeliest in a row of ids': row(10_000, (id) => (id >= 7000 && id < 7300 ? 9 + normal() : normal())),
    'a wide range': row(8192, () => 1e28 * normal()),
    'fewer tokens than candidates': row(100, () => normal()),
    'one that stands out': row(4097, (id) => (id === 4096 ? 40 : normal())),
  };
  const cuts: Cuts[] = [
    { temperature: 1, topK: 64, topP: 0.95 },
    { temperature: 0.7, topK: 0, topP: 0.9 },
    { temperature: 1, topK: 0, topP: 1 },
    { temperature: 1e-30, topK: 40, topP: 1 },
    { temperature: 1e30, topK: 200, topP: 0.5 },
    { temperature: 2, topK: 1000, topP: 1 },
  ];

  test.each(Object.entries(rows))('%s: candidates, sum and choice are those of the row', async (_, logits) => {
    const backend = await backendOf('webgpu');
    for (const cut of cuts) {
      const u = random.uniform();
      const { candidates, chosen, row: read } = await chosenFrom(backend, logits, cut, u);
      expect(read.every((logit, id) => Object.is(logit, logits[id]))).toBe(true);
      if (!candidates) throw new Error('no candidates');
      const rank = cut.topK > 0 ? Math.min(cut.topK, mostCandidates) : mostCandidates;
      expect([...candidates.ids]).toEqual([...topK(logits, rank).ids]);
      // The kernels rank −0 as 0, and give it as 0.
      expect([...candidates.logits]).toEqual(Array.from(candidates.ids, (id) => (logits[id] ?? NaN) + 0));
      const largest = candidates.logits[0] ?? NaN;
      const total = logits.reduce((sum, logit) => sum + Math.exp((logit - largest) / cut.temperature), 0);
      expect(candidates.total.low).toBeLessThan(total);
      expect(candidates.total.high).toBeGreaterThan(total);
      expect(candidates.total.high / candidates.total.low).toBeLessThan(1.0001);
      const decided = chooseCandidate(candidates, cut, u);
      if (cut.topK > 0 && cut.topK <= mostCandidates) expect(decided).toBeDefined();
      if (decided === undefined) continue;
      expect(decided).toBe(chooseToken(logits, cut, u));
      // In float32, so it could be another; none of these draws lies that close to a border.
      expect(chosen).toBe(decided);
    }
  });

  test.each([
    ['NaN', NaN],
    ['infinity', Infinity],
    ['negative NaN', new Float32Array(Uint32Array.of(0xffc00000).buffer)[0] ?? NaN],
  ])('%s leaves the row to the host', async (_, odd) => {
    const logits = row(5000, (id) => (id === 4500 ? odd : normal()));
    const { candidates } = await chosenFrom(await backendOf('webgpu'), logits, { temperature: 1, topK: 5, topP: 1 }, 0);
    expect(candidates).toBeUndefined();
  });

  test('too many at the threshold leave the row to the host', async () => {
    // 64 columns whose tokens are all among the likeliest.
    const logits = row(262_144, (id) => (id % 4096 < 64 ? 2 - (id >> 12) / 128 : 0));
    const cut = { temperature: 1, topK: 256, topP: 1 };
    const { candidates, row: read } = await chosenFrom(await backendOf('webgpu'), logits, cut, 0.3);
    expect(candidates).toBeUndefined();
    expect(chooseToken(read, cut, 0.3)).toBe(chooseToken(logits, cut, 0.3));
  });
});

describe('answers', () => {
  let model: LoadedModel;
  let prompt: number[];
  beforeAll(async () => {
    prompt = (await golden()).cases['text_short']?.input_ids ?? [];
    // Captured up to the window of 16, plain after it.
    model = await load('chat', 'webgpu', 64, { graphCapture: { mode: 'on', known: {} } });
  });
  afterAll(() => model.dispose());

  async function answer(sampling: Sampling, isAhead: boolean, limit = 16, endTokens: number[] = []) {
    const { backend, embedding, decoder } = model;
    decoder.truncate(0);
    const signal = new AbortController().signal;
    const features = () => {
      throw new Error('there are no images');
    };
    const asked = { ids: prompt, mask: maskOf(prompt), images: [] };
    const first = await prefill({ model, prompt: asked, features, want: 'logits', signal, onChunk() {} });
    if (!first) throw new Error('stopped');
    const ids: number[] = [];
    const counted: SamplingCounts = { choices: 0, rowsRead: 0, takenBack: 0 };
    const end = await decodeSampled(
      {
        ...{ backend, embedding, decoder, limit, signal },
        endTokens: new Set(endTokens),
        onToken: (id) => ids.push(id),
        pause: isAhead ? undefined : () => Promise.resolve(),
      },
      sampling,
      first.logits,
      prompt,
      counted,
    );
    return { ids, end, length: decoder.length, counted };
  }

  const base: Sampling = { temperature: 1, topK: 64, topP: 0.95, repetitionPenalty: 1, seed: 5 };

  // A token takes most of a second on a software adapter.
  const most = full ? 16 : 7;

  test('are those from whole rows, and with top-k no row is read', async () => {
    expect(model.info.graphCapture.used).toBe(true);
    const { ids, counted, length } = await answer(base, true, most);
    const whole = await answer(base, false, most);
    expect(ids).toEqual(whole.ids);
    expect(length).toBe(whole.length);
    expect(prompt.length).toBeLessThan(14);
    expect(length).toBeGreaterThan(16);
    expect(new Set(ids).size).toBeGreaterThan(most / 2);
    expect(counted).toMatchObject({ choices: most - 1, rowsRead: 0 });
    expect(whole.counted.choices).toBe(0);
  });

  test.runIf(full)('end at an end token, and follow the seed', async () => {
    const { ids } = await answer(base, true);
    const other = await answer({ ...base, seed: 6 }, true, 4);
    expect(other.ids).not.toEqual(ids.slice(0, 4));
    const [end = -1] = ids.slice(8);
    const ended = await answer(base, true, 16, [end]);
    expect(ended).toMatchObject({ end: 'end', ids: ids.slice(0, ids.indexOf(end) + 1) });
    expect(ended.length).toBe(prompt.length + ended.ids.length - 1);
  });

  // A minute on a software adapter: in `npm run test:full` only (docs/decisions/0010-test-suite.md).
  test.runIf(full)(
    'without top-k too, where tokens beyond the candidates are drawn from the row and steps are taken back',
    async () => {
      // Nearly flat: half of the vocabulary is beyond the candidates.
      const hot: Sampling = { ...base, temperature: 20, topK: 0, topP: 1 };
      const { ids, counted } = await answer(hot, true);
      expect(ids).toEqual((await answer(hot, false)).ids);
      expect(counted.rowsRead).toBeGreaterThan(4);
      expect(counted.takenBack).toBeGreaterThan(4);
    },
  );

  test('leave nothing on the GPU', async () => {
    const { gpu } = model.backend;
    const [bytes, buffers] = [gpu?.ledger.bytes, gpu?.ledger.buffers];
    await answer(base, true, 3);
    expect(gpu?.ledger.bytes).toBe(bytes);
    expect(gpu?.ledger.buffers).toBe(buffers);
  });
});
