import { expect, test } from 'vitest';
import { mismatchOf } from '../../../src/labs/tokenizer/new-rows/base-match.ts';

const token = {
  id: 262_145,
  piece: '▁환자가',
  subwords: [
    { id: 97_000, piece: '▁환' },
    { id: 98_000, piece: '자가' },
  ],
};

test('a model whose ids mean the same pieces is a match', () => {
  expect(mismatchOf(token, { subwords: token.subwords })).toBeUndefined();
});

test('another piece, or none, under an id of the base is named', () => {
  const first = { id: 97_000, piece: '▁환' };
  const other = { id: 98_000, piece: 'other' };
  expect(mismatchOf(token, { subwords: [first, other] })).toEqual({ expected: '자가', found: 'other' });
  expect(mismatchOf(token, { subwords: [first, { id: 98_000, piece: undefined }] })).toEqual({
    expected: '자가',
    found: '',
  });
  expect(mismatchOf(token, { subwords: [first] })).toEqual({ expected: '자가', found: '' });
});
