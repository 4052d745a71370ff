/** What is refused before it is read as a tokenizer or compared. */
import { expect, test } from 'vitest';
import { maxText, TokenizerLab } from '../../../src/labs/tokenizer/lab.svelte.ts';
import { TokenizerRegistry } from '../../../workers/tokenizer/registry.ts';

test('a pack without its base tokenizer: no-base', () => {
  expect(() => new TokenizerRegistry().base).toThrow(expect.objectContaining({ code: 'no-base' }));
});

test('a text that is too long to compare live: text-too-long, and the text before it stays', async () => {
  const lab = new TokenizerLab('https://lab.example/');
  const before = lab.live.text;
  await lab.addText(new File(['a'.repeat(maxText + 1)], 'long.txt'));
  const detail = { file: 'long.txt', length: maxText + 1, limit: maxText };
  expect(lab.textFailure).toEqual({ code: 'text-too-long', detail });
  expect(lab.live.text).toBe(before);
});
