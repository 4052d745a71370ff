/**
 * Greedy decoding with prompt lookup gives what it gives without, in Node on the CPU: tokens, end, and a cache that goes on as if nothing
 * had been taken back.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as Ort from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { RunTimes } from '#core/prompt-lookup/run-times.ts';
import type { GenerateRequest, GenerateUpdate } from '#core/protocol/engine.ts';
import type { LookupCounts } from '#core/protocol/stats.ts';
import { applyAdapter, openModel } from '../../../cli/shared/runtime/open-model.ts';
import { writeStandInTokenizer } from '../../../cli/random-checkpoint/stand-in-tokenizer.ts';
import { FolderReader } from '../../../cli/shared/folder-reader.ts';
import { decodeGreedy, type DecodeEnd } from '../../../workers/engine/generation/decode.ts';
import { TurnMeter } from '../../../workers/engine/generation/meter.ts';
import { prefill } from '../../../workers/engine/generation/prefill.ts';
import { decodeWithLookup } from '../../../workers/engine/generation/prompt-lookup.ts';
import { runTurn } from '../../../workers/engine/generation/turn.ts';
import { int64Tensor } from '../../../workers/engine/model/backend.ts';
import { textMask } from '../../../workers/engine/model/decoder.ts';
import type { OpenedModel } from '../../../workers/engine/opened.ts';
import { IMAGE_TOKEN, maskOf, maxDifference, type Golden } from '../../reference/golden.ts';
import { exportFixture, fixture, golden } from '../../reference/node.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const never = new AbortController().signal;
const folder = await mkdtemp(join(tmpdir(), 'prompt-lookup-test-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
let reference: Golden;

beforeAll(async () => {
  reference = await golden();
  const checkpoint = join(folder, 'checkpoint');
  await cp(join(fixture, 'checkpoint'), checkpoint, { recursive: true });
  await writeStandInTokenizer(checkpoint);
  for (const dtype of ['fp32', 'q4'] as const) await exportFixture(join(folder, dtype), dtype, { checkpoint });
});

interface Asked {
  name: string;
  /** Tokens of text before those of the case. */
  behind?: number;
  limit: number;
  endTokens?: readonly number[];
  /** Stop while this many tokens are there. */
  stopAt?: number;
  /** What lookup drafts from, in place of the prompt: a text that quotes the answer before it is given. */
  quoted?: readonly number[];
}

interface Answered {
  ids: number[];
  end: DecodeEnd;
  /** Positions in the cache. */
  length: number;
  /** After one more token. */
  logits: Float32Array;
}

class Asker {
  readonly #opened: OpenedModel;
  readonly #features: Ort.Tensor[] = [];

  private constructor(opened: OpenedModel) {
    this.#opened = opened;
  }

  static async open(dtype: 'fp32' | 'q4', contextLength: number): Promise<Asker> {
    const reader = await FolderReader.open(join(folder, dtype), { wanted: 'package', recursive: true });
    const asker = new Asker(await openModel(reader, { contextLength, threads: 1, signal: never }));
    const { data } = reference.tensor('pixel_values');
    for (const at of [0, data.length / 2]) {
      const { vision } = asker.opened.model;
      const one = await vision?.encode(data.slice(at, at + data.length / 2), 112, never, () => undefined);
      if (one) asker.#features.push(one.tensor);
    }
    return asker;
  }

  get opened(): OpenedModel {
    return this.#opened;
  }

  plain = (asked: Asked): Promise<Answered> => this.#answer(asked, undefined);

  async lookedUp(asked: Asked): Promise<Answered & { counts: LookupCounts }> {
    const counts = { runs: 0, drafted: 0, accepted: 0 };
    return { ...(await this.#answer(asked, counts)), counts };
  }

  async #answer(
    { name, behind = 0, limit, endTokens = [], stopAt, quoted }: Asked,
    counts?: LookupCounts,
  ): Promise<Answered> {
    const { model } = this.#opened;
    const { decoder, backend, embedding, info } = model;
    const before = Array.from({ length: behind }, (_, at) => 4 + ((at * 97 + 13) % 480));
    const ids = [...before, ...(reference.cases[name]?.input_ids ?? [])];
    const mask = maskOf(ids);
    const images = ids.flatMap((id, start) => (id === IMAGE_TOKEN && ids[start - 1] !== IMAGE_TOKEN ? [start] : []));
    decoder.truncate(0);
    const prefilled = await prefill({
      model,
      prompt: { ids, mask, images: images.map((start, index) => ({ index, start, length: 4 })) },
      features: (index) => this.#features[index] ?? expect.fail(`no image ${index}`),
      want: 'token',
      signal: never,
      onChunk: () => undefined,
    });
    const abort = new AbortController();
    const answered: number[] = [];
    const input = {
      ...{ backend, embedding, decoder, limit, endTokens: new Set(endTokens), signal: abort.signal },
      onToken(id: number) {
        answered.push(id);
        if (answered.length === stopAt) abort.abort();
      },
    };
    const first = prefilled?.token ?? -1;
    const prompt = quoted ? { ids: [...quoted], mask: quoted.map(() => textMask) } : { ids, mask };
    const lookup = { mode: 'on', prompt, times: new RunTimes(), vocabularySize: info.vocabularySize } as const;
    const end = await (counts ? decodeWithLookup(input, first, { ...lookup, counts }) : decodeGreedy(input, first));
    const { length } = decoder;
    if (length >= decoder.cache.capacity) return { ids: answered, end, length, logits: new Float32Array() };
    const next = await embedding.embed(int64Tensor(backend, answered.slice(-1), [1, 1]));
    return { ids: answered, end, length, logits: await decoder.run(next, [textMask], 'logits') };
  }
}

function expectSame(found: Answered, plain: Answered): void {
  expect(found.ids).toEqual(plain.ids);
  expect([found.end, found.length]).toEqual([plain.end, plain.length]);
  expect(found.logits.length).toBe(plain.logits.length);
  expect(maxDifference(found.logits, plain.logits)).toBeLessThan(1e-4);
}

/** Not in the answers: what stands before an answer, so that its beginning is found where it is quoted. */
const mark = 399;

/** What lookup drafts from: the answer with a wrong token after each `right` ones; `right` 0 leaves it as it is. */
function quoting(answer: readonly number[], right: number): number[] {
  const quoted = answer.map((id, at) => (right > 0 && at % (right + 1) === right ? (id + 1) % 390 : id));
  return [mark, ...quoted, mark];
}

describe.each([
  ['fp32', ['text_beyond_window', 'two_images']],
  ['q4', ['text_short', 'one_image']],
] as const)('%s', (dtype, names) => {
  let asker: Asker;
  beforeAll(async () => {
    asker = await Asker.open(dtype, 512);
  });
  afterAll(() => asker.opened.model.dispose());

  test.each(names)('%s, to where rows of the window move, and drafts are taken back behind them', async (name) => {
    // The window of 16 has 368 rows, which the answer crosses.
    const asked = { name, behind: 350 - (reference.cases[name]?.input_ids.length ?? 0), limit: 64 };
    const plain = await asker.plain(asked);
    for (const quoted of [undefined, quoting(plain.ids, 5)]) {
      const found = await asker.lookedUp({ ...asked, ...(quoted && { quoted }) });
      expect(asker.opened.model.decoder.cache.rows?.start).toBeGreaterThan(0);
      expectSame(found, plain);
      const { runs, drafted, accepted } = found.counts;
      expect(runs + accepted).toBe(found.ids.length - 1);
      expect(accepted).toBeGreaterThan(10);
      if (quoted) expect(drafted - accepted).toBeGreaterThan(5);
    }
  });
});

describe('where a draft is right so far', () => {
  let asker: Asker;
  const name = 'text_beyond_window';
  let answer: number[];
  beforeAll(async () => {
    asker = await Asker.open('fp32', 110);
    answer = (await asker.plain({ name, limit: 40 })).ids;
  });
  afterAll(() => asker.opened.model.dispose());

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])('a wrong token after each %i', async (right) => {
    const asked = { name, limit: 40, quoted: quoting(answer, right) };
    const found = await asker.lookedUp(asked);
    expectSame(found, await asker.plain(asked));
    expect(found.counts.runs + found.counts.accepted).toBe(39);
  });

  test('every limit', async () => {
    for (let limit = 1; limit <= 12; limit++) {
      const asked = { name, limit, quoted: quoting(answer, 0) };
      expectSame(await asker.lookedUp(asked), await asker.plain(asked));
    }
  });

  test('Stop at every token: no further one, and the cache of an answer that is stopped there', async () => {
    for (let stopAt = 1; stopAt <= 12; stopAt++) {
      const asked = { name, limit: 40, stopAt, quoted: quoting(answer, 0) };
      const found = await asker.lookedUp(asked);
      expect([found.ids.length, found.end]).toEqual([stopAt, 'stopped']);
      expectSame(found, await asker.plain(asked));
    }
  });

  test('every token of the answer as its end token, at its first place', async () => {
    for (const id of new Set(answer)) {
      const asked = { name, limit: 40, endTokens: [id], quoted: quoting(answer, 0) };
      const found = await asker.lookedUp(asked);
      expect([found.ids.at(-1), found.end]).toEqual([id, 'end']);
      // It was accepted as a part of a draft: the token that this run gave behind it was not taken.
      if (found.ids.length > 1) expect(found.counts.runs + found.counts.accepted).toBe(found.ids.length);
      expectSame(found, await asker.plain(asked));
    }
  });

  test('a full context', async () => {
    for (const quoted of [quoting(answer, 0), quoting(answer, 3)]) {
      const asked = { name, limit: 400, quoted };
      const found = await asker.lookedUp(asked);
      expect([found.end, found.length]).toEqual(['context-full', 110]);
      expectSame(found, await asker.plain(asked));
    }
  });

  test('with an adapter', async () => {
    await applyAdapter(asker.opened, join(fixture, 'lora'), 1, never);
    const plain = await asker.plain({ name, limit: 40 });
    expect(plain.ids).not.toEqual(answer);
    expectSame(await asker.lookedUp({ name, limit: 40 }), plain);
    expectSame(await asker.lookedUp({ name, limit: 40, quoted: quoting(plain.ids, 4) }), plain);
    await applyAdapter(asker.opened, join(fixture, 'lora'), 0, never);
  });
});

describe('a turn', () => {
  let opened: OpenedModel;
  beforeAll(async () => {
    opened = (await Asker.open('fp32', 256)).opened;
  });
  afterAll(() => opened.model.dispose());

  const greedy = { temperature: 0, topK: 64, topP: 0.95, repetitionPenalty: 1, seed: 1 };

  async function turn(more: Partial<GenerateRequest>) {
    const ids: number[] = [];
    let text = '';
    const emit = (update: GenerateUpdate) => {
      if (update.type !== 'token') return;
      ids.push(...update.ids);
      text += update.text;
    };
    const meter = new TurnMeter();
    const messages = [{ role: 'user', content: [{ type: 'text', text: 'Hello, 안녕' }] }] as const;
    const request = { messages, sampling: greedy, maxNewTokens: 60, ...more };
    const reason = await runTurn({ ...opened, request, signal: never, meter, emit });
    return { ids, text, reason, length: opened.model.decoder.length, stats: meter.stats() };
  }

  test('off where nothing is asked for; the same answer, event by event, with it; its figures', async () => {
    const off = await turn({});
    expect(off.stats.promptLookup).toBeUndefined();
    for (const promptLookup of ['on', 'auto'] as const) {
      const { stats, ...on } = await turn({ promptLookup });
      expect(on).toEqual({ ...on, ids: off.ids, text: off.text, reason: off.reason, length: off.length });
      const { runs = 0, accepted = 0 } = stats.promptLookup ?? {};
      expect(runs + accepted).toBe(stats.newTokens - 1);
      if (promptLookup === 'on') expect(accepted).toBeGreaterThan(0);
      expect(stats.newTokens).toBe(off.stats.newTokens);
    }
  });

  test('not for sampling, not with a speed limit, not where the decoder cannot verify', async () => {
    const sampled = await turn({ promptLookup: 'on', maxNewTokens: 4, sampling: { ...greedy, temperature: 1 } });
    expect(sampled.stats.promptLookup).toBeUndefined();
    const slow = await turn({ promptLookup: 'on', maxNewTokens: 4, tokensPerSecond: 1000 });
    expect(slow.stats.promptLookup).toBeUndefined();
    const cannot = vi.spyOn(opened.model.decoder, 'canVerify', 'get').mockReturnValue(false);
    const plain = await turn({ promptLookup: 'on', maxNewTokens: 4 });
    cannot.mockRestore();
    expect([plain.ids.length, plain.stats.promptLookup]).toEqual([4, undefined]);
  });
});
