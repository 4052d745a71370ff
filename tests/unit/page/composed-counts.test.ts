import { expect, test, vi } from 'vitest';
import { ComposedCounts } from '../../../src/labs/tokenizer/text/composed-counts.svelte.ts';

test('one text is counted at a time, then the latest; counts are of exactly the text that is asked for', async () => {
  vi.useFakeTimers();
  const asked: string[] = [];
  const answers: (() => void)[] = [];
  const counts = new ComposedCounts((text) => {
    asked.push(text);
    return new Promise((resolve) => answers.push(() => resolve({ now: 3 * text.length, composed: text.length })));
  });
  try {
    for (const text of ['a', 'ab', 'abc']) counts.follow(text, 'base');
    expect(asked).toEqual(['a']);
    expect(counts.of('a', 'base')).toBeUndefined();
    answers.shift()?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(counts.of('a', 'base')?.counts).toEqual({ now: 3, composed: 1 });
    expect([counts.of('abc', 'base'), counts.of('a', 'ko-8960')]).toEqual([undefined, undefined]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked).toEqual(['a', 'abc']);
    answers.shift()?.();
    await vi.advanceTimersByTimeAsync(1000);
    expect(counts.of('abc', 'base')?.counts).toEqual({ now: 9, composed: 3 });
    // The same text once more, in another tokenizer: it does not wait for a count that is over.
    counts.follow('abc', 'ko-8960');
    expect(asked).toEqual(['a', 'abc', 'abc']);
  } finally {
    vi.useRealTimers();
  }
});
