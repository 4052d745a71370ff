import { expect, test } from 'vitest';
import type { TraceRequest } from '#core/protocol/adapters.ts';
import type { GenerateRequest } from '#core/protocol/engine.ts';
import type { TurnStats } from '#core/protocol/stats.ts';
import { AnswerError, type Answering, type Traced } from '../../../src/labs/quant/ask.ts';
import { COMPARED, comparedOf, measure, type Measured } from '../../../src/labs/quant/measure.ts';
import { sheetOf } from '../../../src/labs/quant/questions.ts';

const sheet = sheetOf(7, COMPARED + 2);

/** An engine of four tokens. It says `says(at)` to the question `at`, and thinks the same of every token. */
class Scripted implements Answering {
  readonly traced: { at: number; forced: readonly number[] | undefined; limit: number }[] = [];
  constructor(
    private readonly says: (at: number) => { ids: number[]; text: string; reason?: 'end' | 'length' },
    private readonly logits: readonly number[],
  ) {}

  trace: Answering['trace'] = (request, on) => {
    const at = this.#at(request);
    const { ids, text, reason = 'end' } = this.says(at);
    this.traced.push({ at, forced: request.forced, limit: request.maxNewTokens });
    for (const id of request.forced ?? ids) {
      const row = { id, text: '', probability: 0, alternatives: [], logits: Float32Array.from(this.logits) };
      on({ type: 'token', token: row });
    }
    on({ type: 'done', reason, text, decodeTokensPerSecond: undefined });
    return Promise.resolve();
  };

  generate: Answering['generate'] = (request, on) => {
    const { ids, text } = this.says(this.#at(request));
    on({ type: 'token', text: text.slice(0, 2), thought: false, ids });
    on({ type: 'token', text: text.slice(2), thought: false, ids: [] });
    // 11 and 21 tokens, at 10 and 40 tokens a second: 30 tokens in a second and a half.
    const isFirst = this.#at(request) === COMPARED;
    on({ type: 'done', reason: 'end', turn: turn(isFirst ? 11 : 21, isFirst ? 10 : 40) });
    return Promise.resolve();
  };

  #at({ messages }: TraceRequest | GenerateRequest): number {
    const [image, text] = messages[0]?.content ?? [];
    expect([messages.length, image?.type, text?.type]).toEqual([1, 'image', 'text']);
    return sheet.findIndex(({ number }) => image?.type === 'image' && image.name === number);
  }
}

async function run(engine: Answering, reference?: readonly Traced[]): Promise<{ last: Measured; kept: Traced[] }> {
  const kept: Traced[] = [];
  let last: Measured | undefined;
  await measure(
    engine,
    sheet,
    reference,
    (trace) => kept.push(trace),
    (measured) => (last = measured),
  );
  return { last: last ?? expect.fail('nothing was measured'), kept };
}

const right = (at: number) => ({ ids: [1, 2], text: sheet[at]?.answer ?? '' });

test('the original is traced on the first questions and kept; its speed is that of the others', async () => {
  const engine = new Scripted(right, [0, 0, 0, 0]);
  const { last, kept } = await run(engine);
  expect(kept).toHaveLength(COMPARED);
  expect(engine.traced.every(({ forced }) => forced === undefined)).toBe(true);
  expect(last.answers).toHaveLength(sheet.length);
  expect(last.answers.every((answer) => answer.right)).toBe(true);
  expect(last.distance).toBeUndefined();
  expect(last.tokensPerSecond).toBeCloseTo(30 / 1.5, 9);
});

test('who says the same is not asked twice; who says otherwise is scored on what the original said', async () => {
  const { kept } = await run(new Scripted(right, [0, 0, 0, 0]));
  const engine = new Scripted((at) => (at === 3 ? { ids: [1, 0, 3], text: 'no' } : right(at)), [Math.log(3), 0, 0, 0]);
  const { last } = await run(engine, kept);
  expect(engine.traced.filter(({ forced }) => forced)).toEqual([{ at: 3, forced: [1, 2], limit: 2 }]);
  // As long again as the original's answer, and eight more.
  expect(engine.traced[0]?.limit).toBe(12);
  expect(last.answers.map((answer) => answer.right)).toEqual(sheet.map((_, at) => at !== 3));
  // P uniform over four, Q = (3, 1, 1, 1)/6: ¼·ln(1/2) + ¾·ln(3/2), each of two tokens of eight answers.
  expect(last.distance?.tokens).toBe(2 * COMPARED);
  expect(last.distance?.kl).toBeCloseTo(0.25 * Math.log(0.5) + 0.75 * Math.log(1.5), 6);
  expect(last.distance?.flips).toBe(0);
});

test('an answer that was cut is not right, whatever it says', async () => {
  const { last } = await run(new Scripted((at) => ({ ...right(at), reason: 'length' }), [0, 0, 0, 0]));
  expect(last.answers.map((answer) => answer.right)).toEqual(sheet.map((_, at) => at >= COMPARED));
});

test('rows of logits that are missing are an error, not a short comparison', async () => {
  const { kept } = await run(new Scripted(right, [0, 0, 0, 0]));
  const short = kept.map((trace) => ({ ...trace, rows: trace.rows.slice(1) }));
  await expect(run(new Scripted(right, [0, 0, 0, 0]), short)).rejects.toThrow('rows of logits for 2 tokens');
});

test('what the engine could not do is handed on', async () => {
  const failing: Answering = {
    trace: (_, on) => {
      on({ type: 'failed', failure: { code: 'device-lost', detail: { reason: 'pulled' } } });
      return Promise.resolve();
    },
    generate: () => Promise.resolve(),
  };
  const error = await run(failing).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AnswerError);
  expect(error instanceof AnswerError && error.failure.code).toBe('device-lost');
});

function turn(newTokens: number, decodeTokensPerSecond: number): TurnStats {
  return {
    prefillTokens: 0,
    cachedTokens: 0,
    prefillMilliseconds: 0,
    timeToFirstTokenMilliseconds: undefined,
    imageMilliseconds: 0,
    newTokens,
    decodeTokensPerSecond,
  };
}

test('a short sheet leaves two questions for the speed', () => {
  expect([5, 10, 50].map(comparedOf)).toEqual([3, 8, 8]);
});
