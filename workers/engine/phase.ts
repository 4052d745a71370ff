/** What the engine does while it answers, from what it reports. */
import type { EnginePhase } from '#core/protocol/stats.ts';

type Update = { type: 'progress'; phase: 'image' | 'prefill'; done: number; total: number } | { type: 'token' };

/** The phase that follows an update of `generate` or `trace`: the images end with the prefill, and that with the first token. */
export function phaseAfter(update: Update): EnginePhase {
  if (update.type === 'token') return 'decode';
  const isDone = update.done >= update.total;
  if (update.phase === 'image') return isDone ? 'prefill' : 'image';
  return isDone ? 'decode' : 'prefill';
}
