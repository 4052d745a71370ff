/** Asks an engine one question; returns a promise. */
import type { TraceEvent, TraceRequest } from '#core/protocol/adapters.ts';
import type { GenerateEvent, GenerateRequest } from '#core/protocol/engine.ts';
import type { TurnStats } from '#core/protocol/stats.ts';
import type { Failure } from '#core/failure.ts';
import { messagesOf, type SheetQuestion } from './questions.ts';

/** The part of the engine client that is used here. */
export interface Answering {
  trace(request: TraceRequest, on: (event: TraceEvent) => void): Promise<void>;
  generate(request: GenerateRequest, on: (event: GenerateEvent) => void): Promise<void>;
}

/** An answer with the logits at each of its tokens. */
export interface Traced {
  text: string;
  /** False if the token limit cut it off. */
  ended: boolean;
  ids: readonly number[];
  /** Logits by token, float32 [vocabulary]. */
  rows: readonly Float32Array[];
}

export interface GeneratedAnswer {
  text: string;
  ended: boolean;
  turn: TurnStats;
}

/** The engine could not answer. */
export class AnswerError extends Error {
  constructor(readonly failure: Failure) {
    super(`${failure.code} ${JSON.stringify(failure.detail)}`);
    this.name = 'AnswerError';
  }
}

/** Greedy decoding, without randomness. */
const greedy = { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1, seed: 0 };

/**
 * Answers with logits.
 * @param forced tokens of a given answer to score; undefined: the model writes the answer
 * @throws AnswerError
 */
export async function traceAnswer(
  engine: Answering,
  question: SheetQuestion,
  maxNewTokens: number,
  forced?: readonly number[],
): Promise<Traced> {
  const ids: number[] = [];
  const rows: Float32Array[] = [];
  const ending = await new Promise<TraceEvent>((resolve, reject) => {
    const request = {
      messages: messagesOf(question),
      sampling: greedy,
      maxNewTokens,
      strengths: undefined,
      forced,
      alternatives: 0,
      logits: true,
    };
    const on = (event: TraceEvent) => {
      if (event.type === 'token') {
        ids.push(event.token.id);
        if (event.token.logits) rows.push(event.token.logits);
      } else if (event.type !== 'progress') resolve(event);
    };
    engine.trace(request, on).catch(reject);
  });
  if (ending.type !== 'done') throw answerError(ending);
  return { text: ending.text, ended: ending.reason === 'end', ids, rows };
}

/** Answers without logits, at the speed of the chat. @throws AnswerError */
export async function generateAnswer(
  engine: Answering,
  question: SheetQuestion,
  maxNewTokens: number,
): Promise<GeneratedAnswer> {
  let text = '';
  const ending = await new Promise<GenerateEvent>((resolve, reject) => {
    const request = { messages: messagesOf(question), sampling: greedy, maxNewTokens };
    const on = (event: GenerateEvent) => {
      if (event.type === 'token') text += event.thought ? '' : event.text;
      else if (event.type !== 'progress') resolve(event);
    };
    engine.generate(request, on).catch(reject);
  });
  if (ending.type !== 'done') throw answerError(ending);
  return { text, ended: ending.reason === 'end', turn: ending.turn };
}

function answerError(ending: { type: string; failure?: Failure }): AnswerError {
  return new AnswerError(ending.failure ?? { code: 'runtime', detail: { reason: ending.type } });
}
