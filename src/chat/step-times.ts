/** Times of decode steps with and without graph capture that earlier openings measured, kept in this browser. */
import type { GraphCapture, StepTimes } from '#core/protocol/engine.ts';
import { readStored, writeStored } from '../platform/stored.ts';

const storageKey = 'step-times';
/** Adapter, browser version and model make a key; the oldest go first. */
const mostKept = 20;

/** What is not a pair of times is left out: the stored text may be edited by hand. */
export function knownStepTimes(): Record<string, StepTimes> {
  let kept: unknown;
  try {
    kept = JSON.parse(readStored(storageKey) ?? '{}');
  } catch {
    return {};
  }
  if (typeof kept !== 'object' || kept === null) return {};
  return Object.fromEntries(
    Object.entries(kept).flatMap(([key, value]: [string, unknown]) => {
      const times = timesOf(value);
      return times ? [[key, times]] : [];
    }),
  );
}

/** Keeps what an opening measured. */
export function keepStepTimes({ reason, key, times }: GraphCapture): void {
  if (reason !== 'measured' || key === undefined || !times) return;
  const { [key]: _, ...others } = knownStepTimes();
  const latest = [...Object.entries(others), [key, times] as const].slice(-mostKept);
  writeStored(storageKey, JSON.stringify(Object.fromEntries(latest)));
}

function timesOf(value: unknown): StepTimes | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { plain, captured } = Object.fromEntries<unknown>(Object.entries(value));
  const isTime = (time: unknown): time is number => typeof time === 'number' && Number.isFinite(time) && time > 0;
  return isTime(plain) && isTime(captured) ? { plain, captured } : undefined;
}
