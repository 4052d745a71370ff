import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compactVocabulary, readCompact, readCompactSource } from '#core/tokenizer/compact/compact.ts';
import { TokenizerFormatError } from '#core/tokenizer/format-error.ts';
import { readTokenizerJson } from '#core/tokenizer/json/tokenizer-json.ts';

const source = { sha256: '0'.repeat(64), notice: '출처: 시험' };
const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
// As SentencePiece's trainer orders them: the rest, bytes, what was learned, its characters.
const pieces = ['<unk>', '가가가', ...bytes, '가가', '나다', '▁나다', '😀😀', '가', '나', '다', '▁', '😀'];
const added = (id: number, content: string, special: boolean) => ({
  ...{ id, content, special, normalized: false },
  ...{ lstrip: special, rstrip: false, single_word: false },
});
const file = {
  added_tokens: [added(0, '<unk>', true), added(1, '가가가', false), added(pieces.length, '<new>', true)],
  normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
  model: {
    type: 'BPE',
    unk_token: '<unk>',
    byte_fallback: true,
    vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
    // Score 0 have the first piece, and what stands before it: longer left parts first.
    merges: [
      ['가가', '가'],
      ['가', '가가'],
      ['가', '가'],
      ['나', '다'],
      ['▁', '나다'],
      ['😀', '😀'],
    ],
  },
};

describe('the compact form of a vocabulary', () => {
  it('makes the same tokens', () => {
    const tokenizer = readTokenizerJson(file);
    const compact = compactVocabulary(file, source);
    const read = readCompact(compact);
    expect(readCompactSource(compact)).toEqual(source);
    expect(read.settings).toEqual(tokenizer.settings);
    expect(pieces.map((_, id) => read.pieceOf(id))).toEqual(pieces);
    expect(pieces.map((_, id) => read.historyOf(id))).toEqual(pieces.map((_, id) => tokenizer.historyOf(id)));
    const text = fc.string({ unit: fc.constantFrom('가', '나', '다', ' ', '😀', '<new>', '<unk>', 'x', '\n') });
    for (const given of fc.sample(text, 200)) expect(read.segment(given)).toEqual(tokenizer.segment(given));
  });

  it('is not made where the order of the pieces does not imply the merges', () => {
    const { merges } = file.model;
    const lists = [
      merges.slice(1),
      merges.slice(0, -1),
      merges.toReversed(),
      [...merges.slice(0, 3), ...merges.slice(4)],
    ];
    for (const list of lists) {
      const changed = { ...file, model: { ...file.model, merges: list } };
      expect(() => compactVocabulary(changed, source)).toThrow(
        'the merges are not those that the order of the pieces implies',
      );
    }
    const gap = { ...file, model: { ...file.model, vocab: { ...file.model.vocab, x: 300 } }, added_tokens: [] };
    expect(() => compactVocabulary(gap, source)).toThrow('ids without a piece');
  });

  it('is recognised when it is damaged', () => {
    const compact = compactVocabulary(file, source);
    expect(() => readCompact(new Uint8Array())).toThrow('compact vocabulary is damaged');
    expect(() => readCompact(compact.subarray(0, 100))).toThrow(TokenizerFormatError);
    expect(() => readCompact(compact.subarray(0, -1))).toThrow(TokenizerFormatError);
    expect(() => readCompact(new TextEncoder().encode(JSON.stringify(file)))).toThrow(TokenizerFormatError);
  });
});
