import { expect, test } from 'vitest';
import { lookedUpTokensPerRun } from '#core/prompt-lookup/tokens-per-run.ts';

test('tokens behind the first one, by runs of the decoder; nothing where nothing was drafted', () => {
  expect(lookedUpTokensPerRun({ newTokens: 31, promptLookup: { runs: 12, drafted: 40 } })).toBe(2.5);
  expect(lookedUpTokensPerRun({ newTokens: 31, promptLookup: { runs: 30, drafted: 0 } })).toBeUndefined();
  expect(lookedUpTokensPerRun({ newTokens: 1, promptLookup: { runs: 0, drafted: 0 } })).toBeUndefined();
  expect(lookedUpTokensPerRun({ newTokens: 31 })).toBeUndefined();
});
