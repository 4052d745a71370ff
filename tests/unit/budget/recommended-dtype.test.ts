import { expect, test } from 'vitest';
import { recommendedDtype } from '#core/budget/recommended-dtype.ts';

test('four bits everywhere; a decoder in float16 where the GPU computes in it', () => {
  expect(recommendedDtype({ shaderF16: true })).toEqual({ dtype: 'q4f16', reason: 'float16' });
  expect(recommendedDtype({ shaderF16: false })).toEqual({ dtype: 'q4', reason: 'no-float16' });
  expect(recommendedDtype(undefined)).toEqual({ dtype: 'q4', reason: 'no-gpu' });
});
