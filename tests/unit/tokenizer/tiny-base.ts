/** A made-up tokenizer.json of Gemma's kind, small enough to know it by heart. */
import { readTokenizerJson } from '#core/tokenizer/json/tokenizer-json.ts';
import type { Pack } from '#core/tokenizer/korean/pack.ts';

const PIECES = [
  '▁',
  ',',
  '.',
  '1',
  'a',
  'b',
  'c',
  'd',
  '가',
  '나',
  '다',
  '라',
  '마',
  'ab',
  '▁a',
  '▁가',
  '나다',
  '▁나다',
  '▁▁',
  '.▁',
];
// ".▁" reaches across a space, as Gemma's ">▁</" does.
const MERGES: [string, string][] = [
  ['.', '▁'],
  ['a', 'b'],
  ['▁', 'a'],
  ['▁', '가'],
  ['나', '다'],
  ['▁', '나다'],
  ['▁', '▁'],
];
const BYTES = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);

/** A fresh object; `<image>` has an id, but stands in no vocabulary, like Gemma 3's `<image_soft_token>`. */
export function tinyTokenizerJson() {
  const vocab: Record<string, number> = {};
  for (const piece of ['<pad>', '<bos>', '<unk>', ...BYTES, ...PIECES]) vocab[piece] = Object.keys(vocab).length;
  const size = Object.keys(vocab).length;
  const added = (id: number, content: string) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [added(0, '<pad>'), added(1, '<bos>'), added(2, '<unk>'), added(size, '<image>')],
    normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
    pre_tokenizer: { type: 'Split', pattern: { String: ' ' }, behavior: 'MergedWithPrevious', invert: false },
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '<unk>',
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab,
      merges: MERGES,
    },
  };
}

export const TINY = readTokenizerJson(tinyTokenizerJson());

/** A pack for the tiny base. */
export function tinyPack(merges: Pack['merges'], changes: Partial<Pack> = {}): Pack {
  return {
    format: 'medgemma-ko-lab/korean/1',
    name: 'tiny',
    base: { sha256: 'a'.repeat(64), size: TINY.size },
    firstId: TINY.size,
    corpus: { sha256: 'b'.repeat(64), lines: 3, notice: 'made up' },
    method: 'bpe',
    options: { scripts: 'Hangul' },
    merges,
    ...changes,
  };
}
