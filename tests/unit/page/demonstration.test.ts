/** What the empty chat plays by itself, when it goes over to the model, and that it ends. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { GenerateEvent, GenerateRequest, ModelInfo } from '#core/protocol/engine.ts';
import { rightAnswer, recognize } from '#core/phantoms/wording.ts';
import { Session } from '../../../src/chat/session.svelte.ts';
import { Demonstration } from '../../../src/labs/chat/demonstration/demonstration.svelte.ts';

const model: ModelInfo = {
  ...{ name: 'teaching', randomWeights: false, teaches: 'phantoms', parameters: 1, layers: 1, vocabularySize: 1 },
  ...{ dtype: { decoder: 'q4', vision: 'q8' }, hasVision: true, imageAttention: 'bidirectional', tokensPerImage: 16 },
  ...{ contextLength: 512, variantReason: 'only-one' },
  runtime: { provider: 'wasm', build: 'wasm', adapter: undefined, cpuReason: 'asked' },
  graphCapture: { used: false, reason: 'cpu', times: undefined, key: undefined, detail: undefined, positions: 0 },
  selfTest: { state: 'none', difference: undefined, key: undefined },
};

const turn = {
  ...{ prefillTokens: 30, cachedTokens: 0, prefillMilliseconds: 10, imageMilliseconds: 5, newTokens: 4 },
  ...{ timeToFirstTokenMilliseconds: 40, decodeTokensPerSecond: 90 },
};

let session: Session;
let asked: GenerateRequest[];
let ended: number;

/** An engine that says `answer` at once. */
function answering(answer: (question: string) => string, end: 'done' | 'stopped' = 'done'): void {
  session.engine.demonstrate = async (request: GenerateRequest, on: (event: GenerateEvent) => void) => {
    asked.push(request);
    const text = request.messages[0]?.content.map((part) => (part.type === 'text' ? part.text : '')).join('') ?? '';
    on({ type: 'token', text: answer(text), thought: false, ids: [1, 2, 3] });
    on(end === 'done' ? { type: 'done', reason: 'end', turn } : { type: 'stopped', turn });
  };
}

beforeEach(() => {
  vi.useFakeTimers();
  session = new Session('https://page.test/', true);
  asked = [];
  ended = 0;
  session.engine.endDemonstration = async () => {
    ended++;
  };
});
afterEach(() => vi.useRealTimers());

const sources = (demonstration: Demonstration) => demonstration.scene?.source;

describe('before the model is open', () => {
  test('a recorded answer comes letter by letter, then its verdict, then the next one', async () => {
    const demonstration = new Demonstration(session, false);
    demonstration.play();
    await vi.advanceTimersByTimeAsync(1500);
    expect(sources(demonstration)).toBe('recorded');
    const begun = demonstration.text;
    expect(begun.length).toBeGreaterThan(3);
    expect(demonstration.answer).toBeUndefined();
    await vi.advanceTimersByTimeAsync(4000);
    expect(demonstration.text.startsWith(begun)).toBe(true);
    expect(demonstration.answer?.verdict).toMatchObject({ right: true });
    expect(demonstration.tokens).toBe(demonstration.answer?.tokens);
    const first = demonstration.scene;
    await vi.advanceTimersByTimeAsync(3000);
    expect(demonstration.scene).not.toBe(first);
    expect(session.conversation.exchanges).toEqual([]);
  });

  test('stopped in the middle it shows the rest at once, and stays as it is', async () => {
    const demonstration = new Demonstration(session, false);
    demonstration.play();
    await vi.advanceTimersByTimeAsync(1500);
    demonstration.stop();
    const { text } = demonstration;
    expect(demonstration.answer).toMatchObject({ text });
    expect(demonstration.isPlaying).toBe(false);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(demonstration.text).toBe(text);
  });
});

describe('with the model open', () => {
  beforeEach(() => (session.engine.model = model));

  test('it answers, is judged, and leaves conversation and score alone', async () => {
    answering(() => '병변이 없습니다, 아마도.');
    const demonstration = new Demonstration(session, false);
    demonstration.play();
    await vi.advanceTimersByTimeAsync(4000);
    expect(sources(demonstration)).toBe('live');
    expect(asked).toHaveLength(1);
    expect(demonstration.answer).toMatchObject({ verdict: { right: false }, tokensPerSecond: 90, tokens: 4 });
    expect(session.conversation.exchanges).toEqual([]);
    expect(session.conversation.score).toEqual({ asked: 0, right: 0 });
    expect(session.conversation.announcer.lines).toEqual([]);
  });

  test('a right answer is said to be right', async () => {
    const demonstration = new Demonstration(session, false);
    answering((text) => {
      const question = recognize(text)?.question;
      const phantom = demonstration.scene?.drawn.phantom;
      if (!question || question.kind === 'talk' || question.kind === 'limits') throw new Error(`not asked: ${text}`);
      return rightAnswer(question, phantom, 'ko') ?? '';
    });
    demonstration.play();
    await vi.advanceTimersByTimeAsync(6000);
    expect(demonstration.answer?.verdict).toMatchObject({ right: true });
  });

  test('pauses of seconds lie between answers, and it ends after minutes: but not in a kiosk', async () => {
    answering(() => '병변이 한 개 있습니다.');
    const demonstration = new Demonstration(session, false);
    demonstration.play();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked.length).toBeGreaterThan(3);
    expect(asked.length).toBeLessThan(10);
    await vi.advanceTimersByTimeAsync(180_000);
    expect(demonstration.isPlaying).toBe(false);
    const kiosk = new Demonstration(session, true);
    kiosk.play();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(kiosk.isPlaying).toBe(true);
    kiosk.end();
  });

  test('stopped, it takes its answer from the engine and asks nothing more', async () => {
    answering(() => '병변이 한 개 있습니다.');
    const demonstration = new Demonstration(session, false);
    demonstration.play();
    await vi.advanceTimersByTimeAsync(900);
    demonstration.stop();
    expect(ended).toBe(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(1);
    // An answer that was not seen to its end is not judged.
    expect(demonstration.answer).toBeUndefined();
  });

  test.each([
    ['a model without lessons', { ...model, teaches: undefined }],
    ['random weights', { ...model, randomWeights: true }],
    ['a model that cannot see', { ...model, hasVision: false }],
  ])('%s is not shown off', async (_, other) => {
    session.engine.model = other;
    answering(() => 'x');
    const demonstration = new Demonstration(session, false);
    demonstration.play();
    await vi.advanceTimersByTimeAsync(3000);
    expect([sources(demonstration), asked]).toEqual(['recorded', []]);
    demonstration.end();
  });
});
