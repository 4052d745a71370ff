/**
 * Captured decode on the fixture, whose sliding window is 16: the tokens of the reference across the window, after rollbacks and
 * new prompts, and logits for sampling. The context has more positions than local layers have rows, as MedGemma's has.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { localCacheRows, localChunkTokens } from '#core/budget/kv-cache.ts';
import { RunTimes } from '#core/prompt-lookup/run-times.ts';
import { maskOf, maxDifference, type Golden } from '../../reference/golden.ts';
import { decodeGreedy, type DecodeInput } from '../../../workers/engine/generation/decode.ts';
import { prefill } from '../../../workers/engine/generation/prefill.ts';
import { decodeWithLookup } from '../../../workers/engine/generation/prompt-lookup.ts';
import { textMask } from '../../../workers/engine/model/decoder.ts';
import { int64Tensor } from '../../../workers/engine/model/backend.ts';
import type { LoadedModel } from '../../../workers/engine/model/load.ts';
import { runSelfTest } from '../../../workers/engine/self-test/run.ts';
import { logitsAfter, textPrompt } from '../../../workers/engine/self-test/run-prompt.ts';
import { fixtureAdapter } from './lora-files.ts';
import { full } from '../provided.ts';
import { golden, load } from './model.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });
const window = 16;
const localRows = localCacheRows(window, localChunkTokens);
const contextLength = localRows + 32;
const never = new AbortController().signal;
let reference: Golden;
let model: LoadedModel;
/** Positions that the captured step ran. */
const captured: number[] = [];

beforeAll(async () => {
  reference = await golden();
  model = await load('fp32', 'webgpu', contextLength, { graphCapture: { mode: 'on', known: {} } });
  watch(model);
});
afterAll(() => model.dispose());

/** Notes the positions that the captured step runs. */
function watch({ decoder, info }: LoadedModel): void {
  const step = decoder.captured?.step.current;
  if (!step) throw new Error(JSON.stringify(info.graphCapture));
  const run = step.run.bind(step);
  step.run = (past) => {
    captured.push(past);
    return run(past);
  };
}

/** Greedy ids after a prompt of text, of which the cache may hold the start. */
async function answer(
  ids: readonly number[],
  limit: number,
  of = model,
  decode: (input: DecodeInput, first: number) => Promise<unknown> = decodeGreedy,
): Promise<number[]> {
  const prompt = { ids: [...ids], mask: maskOf(ids), images: [] };
  const features = () => {
    throw new Error('there are no images');
  };
  const first = await prefill({ model: of, prompt, features, want: 'token', signal: never, onChunk() {} });
  const out: number[] = [];
  const { backend, embedding, decoder } = of;
  const input = { backend, embedding, decoder, endTokens: new Set<number>(), limit, signal: never };
  await decode({ ...input, onToken: (id) => out.push(id) }, first?.token ?? -1);
  return out;
}

const short = () => {
  const found = reference.cases['text_short'];
  if (!found) throw new Error('no case text_short');
  return { ids: found.input_ids, greedy: found.greedy_24 };
};

/** Positions that are captured after a prompt. */
const withinWindow = (ids: readonly number[]) => Array.from({ length: window - ids.length }, (_, i) => ids.length + i);

test('is used up to the sliding window and not beyond, and says the tokens of the reference', async () => {
  const { ids, greedy } = short();
  expect(ids.length).toBeLessThan(window - 2);
  expect(model.info.graphCapture).toMatchObject({ used: true, reason: 'asked', positions: window });
  expect(model.decoder.cache.rows?.rows).toBe(localRows);
  captured.length = 0;
  expect(await answer(ids, greedy.length)).toEqual(greedy);
  expect(captured).toEqual(withinWindow(ids));
});

test('a captured step that computes another token than it was given is found by the self-test, and nothing else is', async () => {
  const { ids, greedy } = short();
  const [first = 0, second = 0] = greedy;
  const { decoder } = model;
  const rowAfter = async (all: readonly number[]) => {
    const row = await logitsAfter(model, textPrompt(all), undefined, never);
    return [...row.slice(0, 64)];
  };
  const expected = {
    ...{ prompt: ids, tokens: [first, second], logitIds: Array.from({ length: 64 }, (_, id) => id) },
    logits: [await rowAfter(ids), await rowAfter([...ids, first])],
  };
  captured.length = 0;
  expect((await runSelfTest(model, expected, never)).wrong).toBeUndefined();
  expect(captured).toEqual([ids.length]);
  const step = decoder.captured?.step.current;
  if (!step) throw new Error('decode is not captured');
  const run = step.run.bind(step);
  step.run = (past) => {
    model.backend.gpu?.device.queue.writeBuffer(step.ids, 0, new BigInt64Array([BigInt(first) + 1n]));
    return run(past);
  };
  expect((await runSelfTest(model, expected, never)).wrong).toBe('captured');
  step.run = run;
});

test('prompt lookup between captured steps: the same tokens, and the same cache, across the window', async () => {
  const { decoder, embedding, backend, info } = model;
  // Its answer changes its token often enough that not everything is drafted.
  const ids = [2, 219, 417];
  const limit = 18;
  const after = async (last: number | undefined) =>
    decoder.run(await embedding.embed(int64Tensor(backend, [last ?? -1], [1, 1])), [textMask], 'logits');
  decoder.truncate(0);
  const plain = await answer(ids, limit);
  const { length } = decoder;
  const logits = await after(plain.at(-1));
  // Every third token of what is quoted is wrong, so drafts are taken back within the window and beyond it.
  const quoted = plain.map((id, at) => (at % 3 === 2 ? (id + 1) % 400 : id));
  const counts = { runs: 0, drafted: 0, accepted: 0 };
  const lookup = { mode: 'on', times: new RunTimes(), vocabularySize: info.vocabularySize, counts } as const;
  captured.length = 0;
  decoder.truncate(0);
  const found = await answer(ids, limit, model, (input, first) =>
    decodeWithLookup(input, first, { ...lookup, prompt: { ids: quoted, mask: maskOf(quoted) } }),
  );
  expect(found).toEqual(plain);
  expect(decoder.length).toBe(length);
  expect(maxDifference(await after(found.at(-1)), logits)).toBeLessThan(1e-3);
  expect(counts.accepted).toBeGreaterThan(0);
  expect(counts.drafted).toBeGreaterThan(counts.accepted);
  // Captured steps ran before and behind runs that verified.
  const [from = 0, to = 0] = [captured[0], captured.at(-1)];
  expect(captured.length).toBeGreaterThan(1);
  expect(to - from + 1).toBeGreaterThan(captured.length);
  expect(to).toBeLessThan(window);
});

// A minute on a software adapter: in `npm run test:full` only (docs/decisions/0010-test-suite.md).
const inFull = test.runIf(full);

inFull('without caches of local rows', async () => {
  const { ids, greedy } = short();
  const small = await load('fp32', 'webgpu', 64, { graphCapture: { mode: 'on', known: {} } });
  try {
    watch(small);
    expect(small.decoder.cache.rows).toBeUndefined();
    captured.length = 0;
    expect(await answer(ids, greedy.length, small)).toEqual(greedy);
    expect(captured).toEqual(withinWindow(ids));
  } finally {
    await small.dispose();
  }
});

inFull(
  'plain where local rows have moved; taken back into the window, captured again from the first position',
  async () => {
    const { ids, greedy } = short();
    const { decoder } = model;
    decoder.truncate(0);
    captured.length = 0;
    const long = Array.from({ length: localRows }, (_, at) => 4 + ((at * 97 + 13) % 480));
    await answer(long, 3);
    expect(decoder.cache.rows?.start).toBeGreaterThan(0);
    expect(captured).toEqual([]);
    decoder.truncate(ids.length);
    // Those rows are gone.
    expect(decoder.length).toBe(0);
    expect(await answer(ids, 8)).toEqual(greedy.slice(0, 8));
    expect(captured).toEqual(withinWindow(ids).slice(0, 7));
  },
);

inFull('after a rollback, and after another prompt in between', async () => {
  const { ids, greedy } = short();
  model.decoder.truncate(0);
  const other = [...ids].reverse();
  const step = model.decoder.captured;
  model.decoder.captured = undefined;
  const plain = await answer(other, 5);
  model.decoder.captured = step;
  for (const kept of [0, 2, other.length - 1]) {
    model.decoder.truncate(kept);
    captured.length = 0;
    expect(await answer(other, 5)).toEqual(plain);
    expect(captured.length).toBeGreaterThan(2);
  }
  model.decoder.truncate(0);
  expect(await answer(ids, 4)).toEqual(greedy.slice(0, 4));
});

inFull('with an adapter decode is plain, and without it captured again', async () => {
  const { ids, greedy } = short();
  const { adapters } = model;
  captured.length = 0;
  await adapters.set([await fixtureAdapter()], [1], never, () => undefined);
  const adapted = await answer(ids, 4);
  expect(adapted).not.toEqual(greedy.slice(0, 4));
  expect(captured).toEqual([]);
  await adapters.set([], [], never, () => undefined);
  expect(await answer(ids, 4)).toEqual(greedy.slice(0, 4));
  expect(captured).toHaveLength(3);
});

inFull('logits for sampling: those of the plain run, from a captured step where the graph gives them', async () => {
  const quantized = await load('chat', 'webgpu', 64, { graphCapture: { mode: 'on', known: {} } });
  try {
    const { decoder, embedding, backend } = quantized;
    const plain = async (id: number) =>
      decoder.run(await embedding.embed(int64Tensor(backend, [id], [1, 1])), [textMask], 'logits');
    const tokens = [5, 77, 300, 12];
    const rows: Float32Array[] = [];
    for (const id of tokens) rows.push(await plain(id));
    decoder.truncate(0);
    for (const [at, id] of tokens.entries()) {
      const row = await decoder.logitsOf(id, () => Promise.reject(new Error('not captured')));
      expect(row).toHaveLength(512);
      expect(maxDifference(row, rows[at] ?? [])).toBeLessThan(1e-4);
    }
  } finally {
    await quantized.dispose();
  }
});

inFull('off when asked, on the CPU, and on its own on a software adapter; nothing stays on the GPU', async () => {
  const { gpu } = model.backend;
  const [bytes, buffers] = [gpu?.ledger.bytes, gpu?.ledger.buffers];
  for (const [provider, mode, reason] of [
    ['webgpu', 'off', 'asked'],
    ['webgpu', 'auto', 'software-adapter'],
    ['wasm', 'on', 'cpu'],
  ] as const) {
    const other = await load('chat', provider, 64, { graphCapture: { mode, known: {} } });
    expect(other.info.graphCapture).toMatchObject({ used: false, reason, positions: 0 });
    expect(other.decoder.captured).toBeUndefined();
    await other.dispose();
  }
  // Small weights that sessions hold themselves stay until the last session of the device goes (decision 0002).
  expect(gpu?.ledger.buffers).toBeLessThan((buffers ?? 0) + 400);
  expect(gpu?.ledger.bytes).toBeLessThan((bytes ?? 0) + 4e6);
});
