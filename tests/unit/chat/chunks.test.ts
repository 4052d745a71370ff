/** Which tokens of a prompt a run of prefill computes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextChunk } from '#core/chat/chunks.ts';
import type { Prompt } from '#core/chat/prompt.ts';

/** @param parts lengths of texts, and of images where negative */
function promptOf(parts: readonly number[]): Prompt {
  const prompt: Prompt = { ids: [], mask: [], images: [] };
  for (const part of parts) {
    const length = Math.abs(part);
    if (part < 0) prompt.images.push({ index: prompt.images.length, start: prompt.ids.length, length });
    const value = part < 0 ? prompt.images.length + 1 : 1;
    for (let i = 0; i < length; i++) {
      prompt.ids.push(7);
      prompt.mask.push(value);
    }
  }
  return prompt;
}

const lengths = (prompt: Prompt, from: number, longest: number, most: number): number[] => {
  const found: number[] = [];
  for (let at = from; at < prompt.ids.length;) {
    const { start, end } = nextChunk(prompt, at, longest, most);
    expect(start).toBe(at);
    found.push(end - start);
    at = end;
  }
  return found;
};

describe('nextChunk', () => {
  test('several images and their text are one chunk where they fit', () => {
    const prompt = promptOf([5, -16, 3, -16, 9]);
    const chunk = nextChunk(prompt, 0, 64, 64);
    expect(chunk).toEqual({ start: 0, end: 49, images: prompt.images });
  });

  test('an image that would be cut begins the next chunk', () => {
    expect(lengths(promptOf([20, -16, 9]), 0, 30, 64)).toEqual([20, 25]);
  });

  test('an image longer than a chunk is whole, with a short text before it', () => {
    expect(lengths(promptOf([3, -16, 9]), 0, 8, 64)).toEqual([19, 8, 1]);
    expect(lengths(promptOf([6, -16, 9]), 0, 8, 64)).toEqual([6, 16, 8, 1]);
    expect(lengths(promptOf([3, -16, 9]), 0, 8, 16)).toEqual([3, 16, 8, 1]);
  });

  test('begins where the cache ends', () => {
    expect(lengths(promptOf([5, -16, 3, -16, 9]), 24, 64, 64)).toEqual([25]);
  });

  test('every token once, no image cut, no longer than a run can be', () => {
    const part = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(-16));
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 80 }),
        fc.integer({ min: 16, max: 80 }),
        (parts, longest, most) => {
          const prompt = promptOf(parts);
          const images: Prompt['images'] = [];
          for (let at = 0; at < prompt.ids.length;) {
            const chunk = nextChunk(prompt, at, longest, most);
            expect(chunk.start).toBe(at);
            expect(chunk.end).toBeGreaterThan(at);
            expect(chunk.end - at).toBeLessThanOrEqual(most);
            images.push(...chunk.images);
            at = chunk.end;
          }
          expect(images).toEqual(prompt.images);
        },
      ),
    );
  });
});
