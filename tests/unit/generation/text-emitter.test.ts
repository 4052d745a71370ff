/** Text reaches the page at most once a frame, and all of it, on a clock that the test moves. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { GenerateEvent } from '#core/protocol/engine.ts';
import { TextEmitter } from '../../../workers/engine/generation/text-emitter.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  // A frame after the clock's zero, where the emitter believes to have sent last.
  vi.advanceTimersByTime(16);
});
afterEach(() => vi.useRealTimers());

/** A token every `milliseconds`. @returns the events, and when each came */
function write(count: number, milliseconds: number): { events: GenerateEvent[]; times: number[] } {
  const events: GenerateEvent[] = [];
  const times: number[] = [];
  const emitter = new TextEmitter((event) => {
    events.push(event);
    times.push(performance.now());
  });
  for (let id = 0; id < count; id++) {
    emitter.add(id, [{ text: `${id} `, thought: false }]);
    vi.advanceTimersByTime(milliseconds);
  }
  emitter.flush();
  return { events, times };
}

const idsOf = (events: readonly GenerateEvent[]) =>
  events.flatMap((event) => (event.type === 'token' ? event.ids : []));
const all = Array.from({ length: 120 }, (_, id) => id);

test('tokens that come faster than frames are bundled, and none is lost', () => {
  const { events, times } = write(120, 4);
  expect(idsOf(events)).toEqual(all);
  // 120 tokens in 480 ms: a frame of 16 ms holds four.
  expect(events.length).toBeLessThanOrEqual(480 / 16 + 1);
  expect(events.length).toBeGreaterThan(20);
  // The last batch is sent at the end of the answer, without waiting for its frame.
  const gaps = times.slice(1, -1).map((time, index) => time - (times[index] ?? NaN));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(16);
});

test('tokens that come slower than frames come one by one, without delay', () => {
  const { events, times } = write(120, 20);
  expect(idsOf(events)).toEqual(all);
  expect(events).toHaveLength(120);
  expect(times[119]).toBe((times[0] ?? NaN) + 119 * 20);
});
