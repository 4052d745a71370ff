import { expect, test } from 'vitest';
import { gemma3of4B, kvBytesPerToken, kvBytesWithWindow, kvCacheBytes, localCacheRows } from '#core/budget/kv-cache.ts';
import { parseConfig } from '#core/gemma3/config.ts';

test('the shapes are those that config.json of Gemma 3 4B describes', () => {
  // The file leaves out what equals the defaults of Gemma3TextConfig.
  const { text } = parseConfig({
    architectures: ['Gemma3ForConditionalGeneration'],
    text_config: { hidden_size: 2560, intermediate_size: 10240, num_hidden_layers: 34, sliding_window: 1024 },
    vision_config: {
      hidden_size: 1152,
      intermediate_size: 4304,
      num_hidden_layers: 27,
      image_size: 896,
      patch_size: 14,
    },
  });
  const { keyValueHeads, headDim, isLocal, slidingWindow, hiddenSize } = text;
  expect(gemma3of4B).toMatchObject({ keyValueHeads, headDim, isLocal, slidingWindow, hiddenSize });
});

test('a token of MedGemma 4B takes 139,264 bytes at two bytes a number', () => {
  expect(kvBytesPerToken(gemma3of4B, 2)).toBe(34 * 4 * 256 * 2 * 2);
  expect(kvBytesPerToken(gemma3of4B, 2)).toBe(139_264);
});

test('with a window only the global layers grow past it', () => {
  const global = gemma3of4B.isLocal.filter((local) => !local).length;
  expect(global).toBe(5);
  expect(kvBytesWithWindow(gemma3of4B, 1024, 2)).toBe(1024 * 139_264);
  expect(kvBytesWithWindow(gemma3of4B, 1025, 2) - kvBytesWithWindow(gemma3of4B, 1024, 2)).toBe(global * 4096);
});

test.each([
  [4096, 2, 0.25e9],
  [4096, 4, 0.5e9],
  [8192, 2, 0.35e9],
])('the cache of MedGemma 4B for %i tokens at %i bytes a number takes at most %i bytes', (tokens, bytes, limit) => {
  expect(kvCacheBytes(gemma3of4B, tokens, bytes)).toBeLessThanOrEqual(limit);
});

test('local layers have rows for the window, a chunk, and tokens that are taken back', () => {
  expect(localCacheRows(1024, 256)).toBe(1024 + 352);
  const local = 29 * 1376;
  const extra = (2 * 1376 * 128 + (1023 + 64) * 256) * 2;
  expect(kvCacheBytes(gemma3of4B, 4096, 2)).toBe((local + 5 * 4096) * 4096 + extra);
  // A context that has no more positions than they have rows.
  expect(kvCacheBytes(gemma3of4B, 1376, 2)).toBe(1376 * 139_264);
});
