import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenizerFormatError } from '#core/tokenizer/format-error.ts';
import { readTokenizerJson } from '#core/tokenizer/json/tokenizer-json.ts';
import { pythonHas, rustEncode } from '../../reference/python.ts';
import { letterText, randomTokenizer } from '../../reference/random-tokenizer.ts';

const small = {
  model: {
    type: 'BPE',
    unk_token: '<unk>',
    byte_fallback: false,
    fuse_unk: true,
    vocab: { '<unk>': 0, a: 1, b: 2, c: 3, ab: 4, bc: 5, abc: 6 },
    merges: [
      ['b', 'c'],
      ['a', 'b'],
      ['a', 'bc'],
    ],
  },
};
const withModel = (changes: object) => ({ ...small, model: { ...small.model, ...changes } });
const addedToken = {
  id: 7,
  content: '<x>',
  special: true,
  normalized: false,
  lstrip: false,
  rstrip: false,
  single_word: false,
};

describe('readTokenizerJson', () => {
  it('merges the lowest rank first', () => {
    const tokenizer = readTokenizerJson(small);
    expect([...tokenizer.encode('abcab')]).toEqual([6, 4]);
    expect(tokenizer.historyOf(6).map(({ left, right }) => [left, right])).toEqual([
      ['b', 'c'],
      ['a', 'bc'],
    ]);
    const other = readTokenizerJson(withModel({ merges: ['a b', 'b c'] }));
    expect([...other.encode('abcab')]).toEqual([4, 3, 4]);
    // abc is in the vocabulary, and no merge makes it.
    expect(other.historyOf(6)).toEqual([]);
  });

  it('fuses unknown characters where it is told to, and says where they are', () => {
    expect(readTokenizerJson(small).segment('a한글b')).toEqual({
      ids: Int32Array.of(1, 0, 2),
      ends: Int32Array.of(1, 3, 4),
    });
    const apart = readTokenizerJson(withModel({ fuse_unk: false }));
    expect(apart.segment('a한글b')).toEqual({ ids: Int32Array.of(1, 0, 0, 2), ends: Int32Array.of(1, 2, 3, 4) });
    expect(apart.kindOf(0)).toBe('unknown');
    // Without a token for them they are left out, and what stood around them may merge.
    const without = readTokenizerJson(withModel({ unk_token: null }));
    expect(without.segment('a한글bc한')).toEqual({ ids: Int32Array.of(6), ends: Int32Array.of(6) });
  });

  it('says where the tokens end although the text is changed before', () => {
    const prepending = readTokenizerJson({
      ...withModel({ vocab: { '<unk>': 0, '▁': 1, a: 2, '▁a': 3 }, merges: ['▁ a'] }),
      normalizer: {
        type: 'Sequence',
        normalizers: [
          { type: 'Prepend', prepend: '▁' },
          { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
        ],
      },
    });
    expect(prepending.segment('a a  a')).toEqual({ ids: Int32Array.of(3, 3, 1, 3), ends: Int32Array.of(1, 3, 4, 6) });
    const longer = readTokenizerJson({
      ...small,
      normalizer: { type: 'Replace', pattern: { String: '한글' }, content: 'ca' },
    });
    expect(longer.segment('b한글b')).toEqual({ ids: Int32Array.of(5, 4), ends: Int32Array.of(3, 4) });
  });

  it.skipIf(!pythonHas('tokenizers'))('does what Hugging Face tokenizers (Rust) does, option by option', () => {
    const files = fc.sample(randomTokenizer, 400);
    const jobs = files.map((file) => ({ json: JSON.stringify(file), texts: fc.sample(letterText, 10) }));
    const expected = rustEncode(jobs);
    let compared = 0;
    for (const [at, { json, texts }] of jobs.entries()) {
      const tokenizer = readTokenizerJson(JSON.parse(json));
      for (const [index, text] of texts.entries()) {
        const rust = expected[at]?.[index];
        if (!rust) continue; // Rust panics where tokens that take spaces along overlap.
        const { ids } = tokenizer.segment(text);
        const ours = { ids: [...ids], decoded: tokenizer.decode(ids) };
        expect(ours, `${JSON.stringify(text)} with ${json}`).toEqual({ ids: rust.ids, decoded: rust.decoded });
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(jobs.length * 9);
  });

  it('adds merges as a file with these merges at its tail would', () => {
    fc.assert(
      fc.property(
        randomTokenizer,
        letterText,
        fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 8 }),
        (file, text, picks) => {
          const base = readTokenizerJson(file);
          const vocab = new Map(Object.entries(file.model.vocab));
          const merges: [string, string][] = [];
          for (const [left, right] of picks) {
            const pieces = [...vocab.keys()].filter((piece) => !/<|▁/.test(piece));
            const pair: [string, string] = [pieces[left % pieces.length] ?? '', pieces[right % pieces.length] ?? ''];
            const made = pair.join('');
            if (pieces.length === 0 || base.idOf(made) !== undefined || vocab.has(made)) continue;
            vocab.set(made, base.size + merges.length);
            merges.push(pair);
          }
          const extended = base.withMerges(merges, base.size);
          // Added tokens that the vocabulary lacks get other ids there: they are put into the vocabulary.
          for (const { content, id } of file.added_tokens) vocab.set(content, id);
          const model = { ...file.model, vocab: Object.fromEntries(vocab), merges: [...file.model.merges, ...merges] };
          // A token of the vocabulary that is only an added one in the base would be met by BPE too.
          fc.pre(file.added_tokens.every(({ content }) => base.idOf(content) === file.model.vocab[content]));
          const read = readTokenizerJson({ ...file, model });
          expect(extended.segment(text)).toEqual(read.segment(text));
          expect(extended.size).toBe(read.size);
          for (const [left, right] of merges) {
            const id = extended.idOf(left + right) ?? -1;
            expect(extended.historyOf(id)).toEqual(read.historyOf(id));
          }
        },
      ),
    );
  });

  it('adds in any other way', () => {
    const tokenizer = readTokenizerJson(small);
    const encode = (extension: Parameters<typeof tokenizer.extend>[0], text: string) => [
      ...tokenizer.extend(extension).encode(text),
    ];
    const piece = ['ca', 7] as const;
    expect(encode({ pieces: [piece] }, 'bca')).toEqual([5, 1]);
    expect(encode({ pieces: [piece], merges: [{ left: 'c', right: 'a', rank: tokenizer.rankEnd }] }, 'bca')).toEqual([
      5, 1,
    ]);
    expect(encode({ pieces: [piece], merges: [{ left: 'c', right: 'a', rank: -1 }] }, 'bca')).toEqual([2, 7]);
    const added = { id: 7, content: 'ca', special: false, lstrip: false, rstrip: false, singleWord: false };
    expect(encode({ addedTokens: [{ ...added, normalized: true }] }, 'bca')).toEqual([2, 7]);
    // Equal ranks go from left to right.
    const both = {
      pieces: [piece, ['aa', 8]] as const,
      merges: [
        { left: 'c', right: 'a', rank: -1 },
        { left: 'a', right: 'a', rank: -1 },
      ],
    };
    expect(encode(both, 'caaa')).toEqual([7, 8]);
    expect(() => tokenizer.extend({ pieces: [['ab', 9]] })).toThrow('"ab" is in the vocabulary already: id 4');
    expect(() => tokenizer.extend({ pieces: [['x', 4]] })).toThrow('Id 4 is taken by "ab"');
    expect(() => tokenizer.withMerges([['c', 'x']], 7)).toThrow('needs the piece "x"');
  });
});

describe('what a file asks for that is not done', () => {
  const unsupported: [string, object, string][] = [
    ['another model', { ...small, model: { type: 'WordLevel', vocab: {}, unk_token: '?' } }, 'model: "WordLevel"'],
    ['a model that came later', withModel({ type: 'Later' }), 'model: Later'],
    ['a field that came later', withModel({ later: 1 }), 'model: BPE, "later"'],
    ['one id twice', withModel({ vocab: { a: 1, b: 1 } }), '"b": it has id 1, as has "a"'],
    ['no unknown token', withModel({ unk_token: '?' }), 'unk_token "?": is not in the vocabulary'],
    ['marks of words', withModel({ end_of_word_suffix: '</w>' }), 'end_of_word_suffix'],
    ['dropout', withModel({ dropout: 0.1 }), 'dropout'],
    ['bytes as letters', { ...small, pre_tokenizer: { type: 'ByteLevel' } }, 'pre_tokenizer: ByteLevel'],
    ['a normalizer', { ...small, normalizer: { type: 'NFKC' } }, 'normalizer: NFKC'],
    ['a pattern', { ...small, normalizer: { type: 'Replace', pattern: { Regex: ' +' }, content: ' ' } }, 'Regex'],
    ['a decoder', { ...small, decoder: { type: 'WordPiece' } }, 'decoder: WordPiece'],
    ['ids that libraries see differently', { ...small, added_tokens: [{ ...addedToken, id: 9 }] }, '"<x>" with id 9'],
  ];
  it.each(unsupported)('%s', (_, file, message) => {
    expect(() => readTokenizerJson(file)).toThrow(TokenizerFormatError);
    expect(() => readTokenizerJson(file)).toThrow(message);
    expect(() => readTokenizerJson(file)).toThrow(expect.objectContaining({ reason: 'unsupported' }));
  });

  const malformed: [string, unknown, string][] = [
    ['no tokenizer', { architectures: [] }, '"model" is missing'],
    ['no object', 'text', '"model" is missing'],
    ['no vocabulary', withModel({ vocab: ['a'] }), '"vocab" has to be an object'],
    ['an id that is none', withModel({ vocab: { a: -1 } }), '"a" has no usable id'],
    ['no merges', withModel({ merges: undefined }), '"merges" has to be a list'],
    ['a merge that is no pair', withModel({ merges: ['a b c'] }), 'merge 0 is not a pair'],
    ['a merge of what is no piece', withModel({ merges: [['a', 'x']] }), 'merge 0 needs the piece "x"'],
    ['an added token without content', { ...small, added_tokens: [{ id: 1 }] }, '"content" has to be a string'],
  ];
  it.each(malformed)('%s', (_, file, message) => {
    expect(() => readTokenizerJson(file)).toThrow(message);
    expect(() => readTokenizerJson(file)).toThrow(expect.objectContaining({ reason: 'malformed' }));
  });
});
