/** Runs engines in turns on the same prompts, and collects what a run card needs. */
import type { ChatMessage } from '#core/chat/message.ts';
import type { FixedLengthQuestion, TimedAnswer } from '#core/protocol/bench.ts';
import type { ModelInfo } from '#core/protocol/engine.ts';
import { FailureError } from '#core/failure.ts';
import { digitsOf } from '#core/run-card/digits.ts';
import type { CardRound } from '#core/run-card/run-card.ts';
import type { EngineUnderTest, RunningEngine } from './engine-under-test.ts';
import type { Plan } from './plan.ts';

/** Of the answers that compile kernels before a measured one: with a decode step. */
const WARM_TOKENS = 2;
/** Room for a question with an image, also where all contexts are shorter. */
const LEAST_CONTEXT = 512;

export type StepName = 'open' | 'text' | 'image';

export interface Step {
  engine: string;
  round: number;
  name: StepName;
  /** Of `text`. */
  contextTokens: number | undefined;
}

export interface MeasuredRound {
  engine: string;
  version: string;
  round: CardRound;
  /** Ids of the answers, in the order of `round.answers`. */
  ids: readonly (readonly number[])[];
}

export interface ComparisonInput {
  engines: readonly EngineUnderTest[];
  plan: Plan;
  /** The question with an image; undefined for a package without vision. */
  imageQuestion: readonly ChatMessage[] | undefined;
  signal: AbortSignal;
  onStep: (step: Step) => void;
  /** What the first engine opened; called once. */
  onModel: (model: ModelInfo) => void;
  onRound: (measured: MeasuredRound) => void;
  /** A row that does not differ from what the first engine opened is left out. */
  onLeftOut: (engine: string) => void;
  /** An engine other than the first cannot run this package here; it is left out from now on. */
  onFailure: (engine: string, error: unknown) => void;
}

/** All steps in order; an engine that fails skips the rest of its own. */
export function stepsOf(engines: readonly { engine: string }[], plan: Plan, hasImage: boolean): Step[] {
  return Array.from({ length: plan.rounds }, (_, index) => index + 1).flatMap((round) =>
    inTurn(engines, round).flatMap(({ engine }): Step[] => [
      { engine, round, name: 'open', contextTokens: undefined },
      ...plan.contexts.map((contextTokens) => ({ engine, round, name: 'text' as const, contextTokens })),
      ...(hasImage ? [{ engine, round, name: 'image' as const, contextTokens: undefined }] : []),
    ]),
  );
}

/** Every second round runs backwards: a device that gets warm slows down whoever comes later. */
function inTurn<Item>(items: readonly Item[], round: number): readonly Item[] {
  return round % 2 === 1 ? items : items.toReversed();
}

/**
 * @throws what the first engine fails with, and the signal's reason; finished rounds were reported
 */
export async function compare(input: ComparisonInput): Promise<void> {
  const { engines, plan, signal } = input;
  const out = new Set<string>();
  const shared: Shared = { model: undefined, overhead: undefined };
  const leaveOut = (engine: string) => {
    if (out.has(engine)) return;
    out.add(engine);
    input.onLeftOut(engine);
  };
  for (let round = 1; round <= plan.rounds; round++) {
    for (const subject of inTurn(engines, round)) {
      if (out.has(subject.engine)) continue;
      try {
        const measured = await measureRound(input, subject, round, shared);
        if (subject === engines[0]) for (const same of withoutDifference(engines, shared.model)) leaveOut(same);
        input.onRound(measured);
      } catch (error) {
        signal.throwIfAborted();
        if (subject === engines[0]) throw error;
        out.add(subject.engine);
        input.onFailure(subject.engine, error);
      }
    }
  }
}

function withoutDifference(engines: readonly EngineUnderTest[], first: ModelInfo | undefined): string[] {
  if (!first) return [];
  return engines.filter(({ differsFrom }) => differsFrom?.(first) === false).map(({ engine }) => engine);
}

/** What the first engine found out for all. */
interface Shared {
  model: ModelInfo | undefined;
  /** Tokens of a prompt beside its digits. */
  overhead: number | undefined;
}

async function measureRound(
  { plan, imageQuestion, signal, onStep, onModel }: ComparisonInput,
  { engine, start }: EngineUnderTest,
  round: number,
  shared: Shared,
): Promise<MeasuredRound> {
  signal.throwIfAborted();
  const begin = performance.now();
  const running = start(signal);
  const onAbort = () => running.end();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    onStep({ engine, round, name: 'open', contextTokens: undefined });
    const opened = await running.open(Math.max(LEAST_CONTEXT, ...plan.contexts), shared.model);
    if (!shared.model && opened.model) onModel((shared.model = opened.model));
    // Our engine compiles kernels when it opens a model, others at their first answer: both are counted.
    const { promptTokens } = await running.answer(textQuestion(1, WARM_TOKENS));
    const loadMilliseconds = performance.now() - begin;
    shared.overhead ??= promptTokens - 1;
    const answers: CardRound['answers'] = [];
    const ids: (readonly number[])[] = [];
    for (const contextTokens of plan.contexts) {
      signal.throwIfAborted();
      onStep({ engine, round, name: 'text', contextTokens });
      const answer = await answerAt(running, contextTokens, plan.newTokens, shared.overhead);
      answers.push(cardAnswer(contextTokens, answer));
      ids.push(answer.ids);
    }
    let image: CardRound['image'];
    if (imageQuestion) {
      onStep({ engine, round, name: 'image', contextTokens: undefined });
      const question = { messages: imageQuestion, newTokens: WARM_TOKENS };
      await running.answer(question);
      const measured = await running.answer(question);
      image = {
        promptTokens: measured.promptTokens,
        firstTokenMilliseconds: rounded(measured.firstTokenMilliseconds),
      };
    }
    const { liveBytes, peakBytes, wasmBytes } = await running.counts();
    const gpu = peakBytes > 0 ? { gpuLiveBytes: liveBytes, gpuPeakBytes: peakBytes } : {};
    const measured = { loadMilliseconds: rounded(loadMilliseconds), ...gpu, wasmBytes, answers };
    return { engine, version: opened.version, round: { ...measured, ...(image && { image }) }, ids };
  } finally {
    signal.removeEventListener('abort', onAbort);
    running.end();
  }
}

async function answerAt(
  running: RunningEngine,
  contextTokens: number,
  newTokens: number,
  overhead: number,
): Promise<TimedAnswer> {
  const promptTokens = contextTokens - newTokens;
  const digits = Math.max(1, promptTokens - overhead);
  await running.answer(textQuestion(digits, WARM_TOKENS));
  const answer = await running.answer(textQuestion(digits, newTokens));
  if (answer.promptTokens !== promptTokens || answer.ids.length !== newTokens)
    throw new FailureError('runtime', {
      reason: `${answer.promptTokens} + ${answer.ids.length} tokens instead of ${promptTokens} + ${newTokens}`,
    });
  return answer;
}

function textQuestion(digits: number, newTokens: number): FixedLengthQuestion {
  return { messages: [{ role: 'user', content: [{ type: 'text', text: digitsOf(digits) }] }], newTokens };
}

function cardAnswer(contextTokens: number, answer: TimedAnswer): CardRound['answers'][number] {
  return {
    contextTokens,
    promptTokens: answer.promptTokens,
    newTokens: answer.ids.length,
    firstTokenMilliseconds: rounded(answer.firstTokenMilliseconds),
    prefillTokensPerSecond: rounded((answer.promptTokens / answer.prefillMilliseconds) * 1000),
    decodeTokensPerSecond: rounded(answer.decodeTokensPerSecond),
  };
}

/** Four significant digits: more would be noise, and a longer link. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
