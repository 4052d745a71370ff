/** Generates an answer, or scores a given one, in the engine. */
import type { TracedToken, TraceEvent, TraceRequest } from '#core/protocol/adapters.ts';
import type { Failure } from '#core/failure.ts';
import type { EngineClient } from '../../workers/engine.svelte.ts';

export interface TracedAnswer {
  tokens: readonly TracedToken[];
  /** The whole answer, without control tokens. */
  text: string;
  reason: 'end' | 'length' | 'context-full';
}

export type Traced =
  { type: 'done'; answer: TracedAnswer } | { type: 'stopped' } | { type: 'failed'; failure: Failure };

/** Number of alternatives that are reported for each token. */
export const alternatives = 4;

/** @param onToken all tokens so far, after each */
export async function traceAnswer(
  engine: EngineClient,
  request: Omit<TraceRequest, 'alternatives' | 'logits'>,
  onToken: (tokens: readonly TracedToken[]) => void = () => {},
): Promise<Traced> {
  const tokens: TracedToken[] = [];
  const ends: Extract<TraceEvent, { type: 'done' | 'stopped' | 'failed' }>[] = [];
  await engine.trace({ ...request, alternatives, logits: false }, (event) => {
    if (event.type === 'token') {
      tokens.push(event.token);
      onToken([...tokens]);
    } else if (event.type !== 'progress') ends.push(event);
  });
  const [end] = ends;
  if (end?.type !== 'done') return end ?? { type: 'stopped' };
  return { type: 'done', answer: { tokens, text: end.text, reason: end.reason } };
}
