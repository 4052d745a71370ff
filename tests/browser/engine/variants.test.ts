/**
 * A package with q4 and q4f16 in Chromium. The software GPU has no shader-f16: q4 runs there, over float16 scales that are widened as
 * they are read; on the CPU the runtime widens them.
 */
import { expect, test } from 'vitest';
import { maxDifference } from '../../reference/golden.ts';
import { prefill } from '../../../workers/engine/generation/prefill.ts';
import { golden, load } from './model.ts';

const never = new AbortController().signal;

async function logitsOf(provider: 'webgpu' | 'wasm', ids: readonly number[], variant?: string) {
  const model = await load('q4f16', provider, 64, { variant });
  try {
    const prompt = { ids: [...ids], mask: ids.map(() => 1), images: [] };
    const features = () => expect.fail('the prompt has no image');
    const result = await prefill({ model, prompt, features, want: 'logits', signal: never, onChunk() {} });
    return { info: model.info, logits: result?.logits ?? new Float32Array() };
  } finally {
    await model.dispose();
  }
}

test('the device decides, and both variants give the same logits', { timeout: 120_000 }, async () => {
  const ids = (await golden()).cases['text_short']?.input_ids ?? [];
  const cpu = await logitsOf('wasm', ids);
  expect(cpu.info).toMatchObject({ dtype: { decoder: 'q4', vision: 'q8' }, variantReason: 'cpu' });
  const asked = await logitsOf('wasm', ids, 'q4f16');
  expect(asked.info).toMatchObject({ dtype: { decoder: 'q4f16' }, variantReason: 'asked' });
  expect(maxDifference(asked.logits, cpu.logits)).toBeLessThan(0.05);
  const gpu = await logitsOf('webgpu', ids);
  expect(gpu.info).toMatchObject({ dtype: { decoder: 'q4' }, variantReason: 'no-float16' });
  expect(maxDifference(gpu.logits, cpu.logits)).toBeLessThan(1e-3);
  await expect(logitsOf('webgpu', ids, 'q4f16')).rejects.toMatchObject({
    code: 'gpu-feature-missing',
    detail: { feature: 'shader-f16' },
  });
});
