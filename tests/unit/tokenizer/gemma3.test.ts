import { gzipSync } from 'node:zlib';
import { Tokenizer as Library } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compactVocabulary, readCompact, readCompactSource } from '#core/tokenizer/compact/compact.ts';
import { readTokenizerJson } from '#core/tokenizer/json/tokenizer-json.ts';
import { GEMMA3_TOKENIZER, gemma3TokenizerJson, koreanPairs } from '../../reference/gemma3-tokenizer.ts';
import { pythonHas, rustEncode } from '../../reference/python.ts';
import { randomText, wellFormed } from '../../reference/random-text.ts';

// Read once: the file takes a second.
const json = gemma3TokenizerJson() as { added_tokens: { content: string }[] };
const tokenizer = readTokenizerJson(json);
const library = new Library(json, {});
const libraryIds = (text: string) => library.encode(text, { add_special_tokens: false }).ids;
const idOf = (piece: string) => tokenizer.idOf(piece) ?? -1;
const text = randomText(json.added_tokens.map(({ content }) => content));
const pairs = koreanPairs();
const sentences = pairs.flatMap(({ english, korean }) => [english, korean]);

describe('the vocabulary of Gemma 3', () => {
  it('makes the tokens of @huggingface/tokenizers on the Korean and English pairs', () => {
    for (const sentence of sentences) expect(tokenizer.encode(sentence).join()).toBe(libraryIds(sentence).join());
  });

  it('makes the known numbers of tokens', () => {
    const counts: Record<string, [english: number, korean: number]> = {};
    for (const { set, english, korean } of pairs) {
      const count = (counts[set] ??= [0, 0]);
      count[0] += tokenizer.encode(english).length;
      count[1] += tokenizer.encode(korean).length;
    }
    expect(counts).toEqual({ pud: [23389, 32249], udhr: [1980, 2592], openehr: [4297, 5593] });
  });

  it('makes the tokens of @huggingface/tokenizers on any text', () => {
    fc.assert(
      fc.property(text, (given) => {
        // The library encodes lone surrogates as the bytes of U+FFFD although U+FFFD is a piece; Rust cannot be given them.
        expect(tokenizer.encode(given).join()).toBe(libraryIds(wellFormed(given)).join());
      }),
      { numRuns: 2000 },
    );
  });

  it.skipIf(!pythonHas('tokenizers'))('makes the tokens, ends and texts of Hugging Face tokenizers (Rust)', () => {
    const texts = [...sentences, ...fc.sample(text, 3000).map(wellFormed)];
    const [expected] = rustEncode([{ path: GEMMA3_TOKENIZER, texts }]);
    for (const [index, given] of texts.entries()) {
      const { ids, ends } = tokenizer.segment(given);
      const codePoints = [...ends].map((end) => Array.from(given.slice(0, end)).length);
      expect({ ids: [...ids], ends: codePoints, decoded: tokenizer.decode(ids) }).toEqual(expected?.[index]);
    }
  });

  it('decodes what it encoded', () => {
    for (const sentence of sentences) expect(tokenizer.decode(tokenizer.encode(sentence))).toBe(sentence);
    fc.assert(
      fc.property(text, (given) => {
        // "▁" stands for a space inside the vocabulary, so that the two cannot be told apart afterwards, and the text of
        // a byte piece is taken for its byte.
        fc.pre(!/▁|<0x/.test(given));
        expect(tokenizer.decode(tokenizer.encode(given))).toBe(wellFormed(given));
      }),
    );
  });

  it('says where each token ends', () => {
    fc.assert(
      fc.property(text, (given) => {
        const { ids, ends } = tokenizer.segment(given);
        expect([...ids]).toEqual([...tokenizer.encode(given)]);
        expect([...ends]).toEqual([...ends].sort((a, b) => a - b));
        expect(ends.at(-1) ?? 0).toBe(given.length);
        let start = 0;
        for (const [index, id] of ids.entries()) {
          const part = wellFormed(given.slice(start, ends[index]));
          if (tokenizer.kindOf(id) !== 'byte') expect(part.replaceAll(' ', '▁')).toBe(tokenizer.pieceOf(id));
          start = ends[index] ?? NaN;
        }
      }),
    );
    // 𓀀 is no piece: four bytes, the first of which stands for it.
    expect(tokenizer.segment('a𓀀 <eos>')).toEqual({
      ids: Int32Array.from(['a', '<0xF0>', '<0x93>', '<0x80>', '<0x80>', '▁', '<eos>'], (piece) => idOf(piece)),
      ends: Int32Array.of(1, 3, 3, 3, 3, 4, 9),
    });
  });

  it('tells the history of a token', () => {
    expect(tokenizer.historyOf(idOf('안녕하세요'))).toEqual([
      { left: '세', right: '요', rank: 70322 },
      { left: '녕', right: '하', rank: 98089 },
      { left: '녕하', right: '세요', rank: 112753 },
      { left: '안', right: '녕하세요', rank: 157133 },
    ]);
    expect(tokenizer.historyOf(idOf('한'))).toEqual([]);
    expect(tokenizer.historyOf(idOf('<unused7>'))).toEqual([]);
  });

  it('knows the kinds of its tokens', () => {
    const kinds = ['▁the', '<0xEA>', '<bos>', '<image_soft_token>', '\n\n', '<unk>'].map((piece) =>
      tokenizer.kindOf(idOf(piece)),
    );
    expect(kinds).toEqual(['piece', 'byte', 'added', 'added', 'added', 'unknown']);
    expect(tokenizer.size).toBe(262_145);
    expect(tokenizer.pieceOf(262_145)).toBeUndefined();
    expect(tokenizer.kindOf(262_145)).toBeUndefined();
    expect(tokenizer.kindOf(-1)).toBeUndefined();
  });

  it('does not hang on text that no merge can be cut out of', () => {
    // Over 40 symbols a heap finds the merges, up to 40 a scan; both must come to the same.
    for (const unit of ['a', '가', '하하호', 'abababb', '\t', '𓀀', 'ㅋ']) {
      for (const length of [30, 39, 40, 41, 42, 300]) {
        const given = unit.repeat(length);
        expect(tokenizer.encode(given).join()).toBe(libraryIds(given).join());
      }
    }
    expect(tokenizer.decode(tokenizer.encode('a'.repeat(200_000)))).toHaveLength(200_000);
  });

  it('makes the same tokens when it has met more words than it keeps', () => {
    const letters = 'etaoinshrdlu';
    const word = (index: number) =>
      Array.from({ length: 5 }, (_, at) => letters.charAt(Math.floor(index / 12 ** at) % 12)).join('');
    const used = tokenizer.extend({});
    const words = Array.from({ length: 100_000 }, (_, index) => word(index));
    for (const given of words) used.encode(given);
    for (const given of words.filter((_, index) => index % 500 === 0)) {
      expect(used.encode(given).join()).toBe(libraryIds(given).join());
    }
  });

  it('fits into 1.6 MB, and makes the same tokens', () => {
    const source = { sha256: 'ab'.repeat(32), notice: 'Gemma 3' };
    const bytes = compactVocabulary(json, source);
    expect(gzipSync(bytes, { level: 9 }).length).toBeLessThan(1_600_000);
    expect(readCompactSource(bytes)).toEqual(source);
    const compact = readCompact(bytes);
    expect([compact.size, compact.mergeCount, compact.settings]).toEqual([
      tokenizer.size,
      tokenizer.mergeCount,
      tokenizer.settings,
    ]);
    for (let id = 0; id < tokenizer.size; id++) {
      if (compact.pieceOf(id) !== tokenizer.pieceOf(id)) expect.fail(`id ${id}`);
    }
    for (const given of [...sentences, ...fc.sample(text, 300)]) {
      expect(compact.encode(given).join()).toBe(tokenizer.encode(given).join());
    }
  });
});
