/** Checkpoints of other formats are named. */
import { expect, test } from 'vitest';
import { parseJsonFile } from '#core/gemma3/checkpoint.ts';
import { quantizedReason } from '#core/gemma3/quantized-checkpoint.ts';
import { MemorySource } from '#core/memory-source.ts';
import { readHeader } from '#core/safetensors/header.ts';

test.each<[string, Record<string, unknown>]>([
  ['bitsandbytes (4 bits)', { quantization_config: { quant_method: 'bitsandbytes', load_in_4bit: true } }],
  ['bitsandbytes (8 bits)', { quantization_config: { load_in_8bit: true } }],
  ['GPTQ (4 bits)', { quantization_config: { quant_method: 'gptq', bits: 4 } }],
  ['AWQ (4 bits)', { text_config: { quantization_config: { quant_method: 'awq', bits: 4 } } }],
  ['fp8', { quantization_config: { quant_method: 'fp8' } }],
  ['compressed-tensors (llm-compressor)', { quantization_config: { quant_method: 'compressed-tensors' } }],
  ['compressed-tensors (llm-compressor)', { compression_config: { quant_method: 'compressed-tensors' } }],
  ['MLX (4 bits)', { quantization: { group_size: 64, bits: 4 } }],
  ['newest', { quantization_config: { quant_method: 'newest' } }],
  ['constructor', { quantization_config: { quant_method: 'constructor' } }],
  ['a method that config.json does not name', { quantization_config: {} }],
  ['a method that config.json does not name', { quantization_config: 'int4' }],
])('%s', (name, config) => {
  expect(quantizedReason(config)).toContain(`the weights are quantized with ${name};`);
});

test('weights that are not quantized are not refused', () => {
  expect(quantizedReason({ quantization_config: null, text_config: {} })).toBeUndefined();
});

test('JSON is read in UTF-8, with a byte order mark or without, and in nothing else', () => {
  expect(parseJsonFile('config.json', Buffer.from('\ufeff{"a": "가"}'))).toEqual({ a: '가' });
  for (const bytes of [Buffer.from('\ufeff{}', 'utf16le'), Buffer.from([0x7b, 0xb0, 0xa1, 0x7d])])
    expect(() => parseJsonFile('config.json', bytes)).toThrow(
      'config.json is not JSON: it is not in UTF-8, as JSON has to be',
    );
  // What a terminal would not show as it is.
  expect(() => parseJsonFile('config.json', '{"a": NaN,\n}')).toThrow(/^config\.json is not JSON: [^\n]+$/);
});

const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 8600000000\n`;

test('a Git LFS pointer is named, as weights and as JSON', async () => {
  const source = new MemorySource('model.safetensors', new TextEncoder().encode(pointer));
  await expect(readHeader(source)).rejects.toThrow(
    'model.safetensors is a Git LFS pointer, which stands in place of the file',
  );
  expect(() => parseJsonFile('tokenizer.json', pointer)).toThrow('tokenizer.json is a Git LFS pointer, which stands');
});
