/** A stored head is the embedding's where all values are the same, whatever the dtype; else it counts. */
import { expect, test } from 'vitest';
import type { StoredTensor } from '#core/gemma3/stored-tensor.ts';
import { resolveHead } from '#core/gemma3/tied-head.ts';
import { MemorySource } from '#core/memory-source.ts';

function stored(name: string, dtype: 'F32' | 'BF16', values: readonly number[]): StoredTensor {
  const floats = Float32Array.from(values);
  // BF16 is the upper half of a float32.
  const bytes = new Uint8Array(
    dtype === 'F32' ? floats.buffer : Uint16Array.from(new Uint32Array(floats.buffer), (word) => word >>> 16).buffer,
  );
  return {
    entry: { name, dtype, shape: [values.length, 1], begin: 0, end: bytes.length },
    source: new MemorySource('model.safetensors', bytes),
  };
}

const embedding = stored('model.embed_tokens.weight', 'BF16', [1, -2, 0.5]);

test.each<[string, 'F32' | 'BF16', number[], boolean]>([
  ['the same values', 'BF16', [1, -2, 0.5], true],
  ['the same values in another dtype', 'F32', [1, -2, 0.5], true],
  ['another value', 'BF16', [1, -2, 0.25], false],
  ['another value in another dtype', 'F32', [1, -2, 0.500001], false],
  ['another shape', 'BF16', [1, -2], false],
])('%s', async (_, dtype, values, tied) => {
  const found = await resolveHead(true, [embedding, stored('lm_head.weight', dtype, values)]);
  expect(found.tied).toBe(tied);
  expect(found.note === undefined).toBe(tied);
});

test('a head that is stored alone is the embedding, if config.json ties them', async () => {
  const head = stored('lm_head.weight', 'BF16', [1]);
  expect((await resolveHead(true, [head])).stored[0]?.entry.name).toBe('model.embed_tokens.weight');
  expect((await resolveHead(false, [head])).stored[0]?.entry.name).toBe('lm_head.weight');
});
