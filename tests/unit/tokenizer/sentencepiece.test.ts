import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenizerFormatError } from '#core/tokenizer/format-error.ts';
import { readSentencePiece } from '#core/tokenizer/sentencepiece/sentencepiece.ts';
import { pythonHas, runPython } from '../../reference/python.ts';
import { randomText, wellFormed } from '../../reference/random-text.ts';

interface Case {
  text: string;
  ids: number[];
  decoded: string;
}

const pathOf = (name: string) => fileURLToPath(new URL(`../../fixtures/tokenizer/${name}`, import.meta.url));
const bytesOf = (name: string) => new Uint8Array(readFileSync(pathOf(`${name}.model`)));
const text = randomText(['<mask>', '<sep>', '인권', '권리', '<s>', '①', 'ﬁ', 'abc', '\u3000', '모든 사람은', 'rights']);

const ENCODE = `
import json, sys
import sentencepiece
given = json.load(sys.stdin)
model = sentencepiece.SentencePieceProcessor(model_file=given['path'])
cases = []
for text in given['texts']:
    ids = model.encode(text)
    cases.append({'text': text, 'ids': ids, 'decoded': model.decode(ids)})
print(json.dumps(cases))
`;

const MODELS = ['bpe-identity', 'bpe-rules', 'bpe-uncovered', 'unigram-nfkc', 'unigram-suffix', 'char', 'word'];

describe.each(MODELS)('the SentencePiece model %s', (name) => {
  const tokenizer = readSentencePiece(bytesOf(name));
  const compare = (cases: Case[]) => {
    for (const expected of cases) {
      const ids = tokenizer.encode(expected.text);
      expect({ text: expected.text, ids: [...ids], decoded: tokenizer.decode(ids) }).toEqual(expected);
    }
  };

  it('makes the tokens and texts that SentencePiece made', () => {
    compare(JSON.parse(readFileSync(pathOf(`${name}.json`), 'utf8')) as Case[]);
  });

  it.skipIf(!pythonHas('sentencepiece'))('makes the tokens and texts of SentencePiece on any text', () => {
    const texts = fc.sample(text, 1500).map(wellFormed);
    compare(runPython(ENCODE, { path: pathOf(`${name}.model`), texts }) as Case[]);
  });

  it('says where the tokens end', () => {
    fc.assert(
      fc.property(text, (given) => {
        const { ids, ends } = tokenizer.segment(given);
        expect(ends.length).toBe(ids.length);
        expect([...ends]).toEqual([...ends].sort((a, b) => a - b));
        if (ids.length > 0) expect(ends.at(-1)).toBe(given.length);
      }),
    );
  });
});

describe('readSentencePiece', () => {
  const bpe = readSentencePiece(bytesOf('bpe-identity'));
  const nfkc = readSentencePiece(bytesOf('unigram-nfkc'));

  it('knows pieces, kinds and histories', () => {
    const kinds = ['▁', '<0xEA>', '<s>', '인권', '<unk>'].map((piece) => bpe.kindOf(bpe.idOf(piece) ?? -1));
    expect(kinds).toEqual(['piece', 'byte', 'added', 'added', 'unknown']);
    expect([bpe.kindOf(bpe.size), bpe.pieceOf(bpe.size), bpe.pieceOf(-1)]).toEqual([undefined, undefined, undefined]);
    const history = bpe.historyOf(bpe.idOf('▁모든') ?? -1);
    expect(history.at(-1)).toMatchObject({ left: '▁', right: '모든' });
    expect(history.map(({ left, right }) => left + right)).toEqual(['모든', '▁모든']);
    expect(bpe.historyOf(bpe.idOf('인권') ?? -1)).toEqual([]);
    expect(nfkc.historyOf(nfkc.idOf('▁모든') ?? -1)).toEqual([]);
  });

  it('says where tokens end in the text as it was given', () => {
    const parts = (text: string) => {
      const { ids, ends } = nfkc.segment(text);
      return [...ids].map((id, at) => [nfkc.pieceOf(id), text.slice(ends[at - 1] ?? 0, ends[at])]);
    };
    // Spaces at the beginning and doubled ones are taken away and belong to what stays, full-width letters become narrow.
    expect(parts('  모든  ｒｉｇｈｔ ')).toEqual([
      ['▁모든', '  모든'],
      ['▁right', '  ｒｉｇｈｔ '],
    ]);
    expect(bpe.segment('a𓀀b').ends).toEqual(Int32Array.of(1, 3, 3, 3, 3, 4));
  });

  it.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(), 'hold no pieces'],
    ['text', new TextEncoder().encode('{"model": {}}'), 'no SentencePiece model'],
    ['a file that breaks off', bytesOf('bpe-identity').subarray(0, 5000), 'break off'],
    ['no unknown piece', Uint8Array.of(10, 3, 10, 1, 97), 'unknown piece is missing'],
    [
      'fewer bytes than 256',
      Uint8Array.of(10, 9, 10, 5, 60, 117, 110, 107, 62, 24, 2, 18, 3, 152, 2, 1),
      'byte_fallback is on',
    ],
    [
      'a damaged charsmap',
      Uint8Array.of(10, 9, 10, 5, 60, 117, 110, 107, 62, 24, 2, 26, 3, 18, 1, 7),
      'precompiled_charsmap is damaged',
    ],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readSentencePiece(bytes)).toThrow(TokenizerFormatError);
    expect(() => readSentencePiece(bytes)).toThrow(message);
  });

  // <unk>, and a field of a part of the file.
  const model = (...rest: number[]) => Uint8Array.of(10, 9, 10, 5, 60, 117, 110, 107, 62, 24, 2, ...rest);
  it.each<[string, Uint8Array, string]>([
    ['a kind of model that came later', model(18, 2, 24, 9), 'model_type 9'],
    ['rules for decoding', model(42, 3, 18, 1, 7), 'denormalizer_spec'],
    ['a field of the normalizer that came later', model(26, 2, 56, 1), 'field 7 of normalizer_spec'],
    ['a field of the trainer that came later', model(18, 3, 176, 3, 1), 'field 54 of trainer_spec'],
    ['a part that came later', model(50, 1, 0), 'field 6 of ModelProto'],
  ])('names %s as not supported, not as damaged', (_, bytes, message) => {
    expect(() => readSentencePiece(bytes)).toThrow(message);
    expect(() => readSentencePiece(bytes)).toThrow(expect.objectContaining({ reason: 'unsupported' }));
  });

  it('reads whatever bytes without another error', () => {
    const model = bytesOf('bpe-rules');
    fc.assert(
      fc.property(fc.nat(model.length - 1), fc.nat(255), fc.nat(model.length), (at, byte, end) => {
        const damaged = model.slice(0, Math.max(end, model.length >> 1));
        damaged[at] = byte;
        try {
          readSentencePiece(damaged).encode('모든 사람은 ① ab');
        } catch (error) {
          expect(error).toBeInstanceOf(TokenizerFormatError);
        }
      }),
    );
  });
});
