/** An adapter's finite values may add up to infinity, which is no weight. */
import { expect, test } from 'vitest';
import { matrixRows } from '#core/gemma3/matrix-rows.ts';
import { MemorySource } from '#core/memory-source.ts';

function rowsWith(strength: number): AsyncGenerator<Float32Array> {
  const module = {
    parameter: 'w',
    inputs: 2,
    outputs: 2,
    rank: 1,
    scale: 1,
    a: new Float32Array([1, 1]),
    b: new Float32Array([0, 1e30]),
  };
  const source = new MemorySource('model.safetensors', new Uint8Array(16));
  const entry = { name: 'w', dtype: 'F32' as const, shape: [2, 2], begin: 0, end: 16 };
  return matrixRows({ key: 'w', source, entry, adapter: { module, strength } }, false);
}

test('is refused by tensor and index', async () => {
  await expect(rowsWith(1e10).next()).rejects.toThrow(
    'model.safetensors: tensor "w": Infinity at [1, 0]; that is the sum with the adapter, whose values or strength are too large',
  );
  const { value } = await rowsWith(1).next();
  expect([...(value ?? [])]).toEqual([0, 0, Math.fround(1e30), Math.fround(1e30)]);
});
