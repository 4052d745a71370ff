import { describe, expect, it } from 'vitest';
import { FailureError } from '#core/failure.ts';
import type { FileKind } from '#core/files/kinds.ts';
import { parseJson } from '#core/files/parse-json.ts';
import { readTokenizer } from '../../../workers/tokenizer/read-tokenizer.ts';

const POINTER = 'version https://git-lfs.github.com/spec/v1\noid sha256:1299c11d7cf6\nsize 4689074\n';
const PAGE =
  '<!DOCTYPE html>\n<html class=""><head><title>google/gemma-3-4b-it</title></head><body>Restricted.</body></html>';

const files: [name: string, kind: FileKind, contents: string | Uint8Array][] = [
  ['lfs.json', 'lfsPointer', POINTER],
  ['lfs.model', 'lfsPointer', POINTER.replaceAll('\n', '\r\n')],
  ['login.json', 'webPage', PAGE],
  ['login.model', 'webPage', `\n\ufeff  ${PAGE.toLowerCase()}`],
  ['comment.json', 'webPage', `<!-- made by -->\n<html><body></body></html>`],
  [
    'error.json',
    'gatedAnswer',
    '{"error":"Access to model google/gemma-3-4b-it is restricted and you are not in the list."}',
  ],
  ['signed-out.json', 'gatedAnswer', '{"error":"Please log in","statusCode":401}'],
  ['missing.json', 'errorAnswer', '{"error":"Entry not found"}'],
  ['nested.json', 'errorAnswer', '{"error":{"code":500,"message":"Internal"}}'],
  ['vocab.json', 'vocabJson', '{"!":0,"\\"":1,"Ġthe":262}'],
  ['merges.txt', 'mergesTxt', '#version: 0.2\nĠ t\nĠ a\nh e\n'],
  ['vocab.txt', 'vocabTxt', '[PAD]\n[unused0]\n[UNK]\n[CLS]\nthe\n##s\n'],
  ['spiece.vocab', 'sentencepieceVocab', '<unk>\t0\n<s>\t0\n▁the\t-3.2\n다\t-4\n'],
  ['cl100k_base.tiktoken', 'tiktoken', 'IQ== 0\nIg== 1\nIw== 2\nJA== 3\n'],
  [
    'tekken.json',
    'tekken',
    '{"config":{"pattern":"\\\\s+","num_vocab_tokens":150000},"vocab":[{"rank":0,"token_bytes":"AA=="}]}',
  ],
  ['tokenizer_config.json', 'tokenizerConfig', '{"tokenizer_class":"GemmaTokenizer","bos_token":"<bos>"}'],
  ['decoder.json', 'tokenizerConfig', '{"added_tokens_decoder":{"0":{"content":"<pad>"}}}'],
  ['special_tokens_map.json', 'specialTokensMap', '{"bos_token":"<bos>","additional_special_tokens":["<x>"]}'],
  ['config.json', 'modelConfig', '{"architectures":["Gemma3ForCausalLM"],"model_type":"gemma3_text"}'],
  ['model.gguf', 'gguf', new TextEncoder().encode('GGUF\u0003\0\0\0\u0001')],
  ['model.safetensors', 'safetensors', Uint8Array.of(0x40, 1, 0, 0, 0, 0, 0, 0, 0x7b, 0x22)],
  ['tokenizer.zip', 'zip', Uint8Array.of(0x50, 0x4b, 3, 4, 20)],
  ['tokenizer.json.gz', 'gzip', Uint8Array.of(0x1f, 0x8b, 8, 0)],
];

function failureOf(read: () => unknown) {
  try {
    read();
  } catch (error) {
    if (error instanceof FailureError) return error.failure;
    throw error;
  }
  throw new Error('it was read');
}

const noBase = () => {
  throw new Error('no base');
};

describe('a file in place of a tokenizer', () => {
  it.each(files)('%s is named as %s', (file, kind, contents) => {
    const bytes = typeof contents === 'string' ? new TextEncoder().encode(contents) : contents;
    const detail: unknown = kind.endsWith('Answer')
      ? { file, kind, wanted: 'tokenizer', reason: expect.any(String) as unknown }
      : { file, kind, wanted: 'tokenizer' };
    expect(failureOf(() => readTokenizer(bytes, file, noBase))).toEqual({ code: 'other-file', detail });
  });

  it('is named in place of any JSON of a package', () => {
    const detail = { file: 'config.json', kind: 'lfsPointer', wanted: 'json' };
    expect(failureOf(() => parseJson(POINTER, 'config.json'))).toEqual({ code: 'other-file', detail });
    expect(failureOf(() => parseJson('{', 'config.json')).code).toBe('file-broken');
  });

  it('is not seen in what only looks like one', () => {
    const read = (json: object) =>
      readTokenizer(new TextEncoder().encode(JSON.stringify(json)), 'x.json', noBase).tokenizer;
    const model = { type: 'WordLevel', vocab: { error: 0, a: 1 }, unk_token: 'error' };
    expect([...read({ model }).encode('a')]).toEqual([1]);
    expect(failureOf(() => read({ a: 1 })).code).toBe('not-a-tokenizer');
    expect(failureOf(() => read({ model: { ...model, type: 'Later' } }))).toEqual({
      code: 'unsupported-tokenizer',
      detail: expect.objectContaining({ file: 'x.json', part: 'model', feature: 'Later' }) as unknown,
    });
  });
});
