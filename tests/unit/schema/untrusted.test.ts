/** Files of anybody's: whatever they hold, a reader gives a value of its type or throws its own error, and names the field. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTemplateField } from '#core/chat/template-field.ts';
import { FailureError } from '#core/failure.ts';
import { ConfigError, parseConfig } from '#core/gemma3/config.ts';
import { parseJson } from '#core/files/parse-json.ts';
import { parseEndTokens, parseInitializerRange } from '#core/gemma3/generation-config.ts';
import { LIMITS } from '#core/gemma3/limits.ts';
import { readPreprocessor } from '#core/image/preprocessor.ts';
import { isInnerPath } from '#core/inner-path.ts';
import { parseAdapterConfig } from '#core/lora/config.ts';
import { AdapterError } from '#core/lora/error.ts';
import { parseResults } from '#core/phantoms/results-file.ts';
import { parseFileTable, parseManifest } from '#core/protocol/manifest.ts';
import { PackError } from '#core/tokenizer/korean/pack-error.ts';
import { readPack } from '#core/tokenizer/korean/read-pack.ts';
import { presetConfig } from '../../../cli/shared/presets.ts';

const hash = 'a'.repeat(64);
const manifest = {
  format: 'medgemma-ko-lab/1',
  name: 'tiny',
  created: '2026-01-01T00:00:00.000Z',
  generator: 'test',
  architecture: 'Gemma3ForCausalLM',
  parameters: 1,
  source: { checkpoint: 'tiny', files: { 'model.safetensors': hash }, randomWeights: true, notice: '' },
  variants: [{ decoder: 'q4', blockSize: 32, unquantized: [], tiedEmbedding: true }],
  changes: [],
  files: { 'onnx/x': { size: 5, sha256: hash, chunks: [hash, hash] } },
  chunkSize: 4,
};
const scores = { exact_match: 0.5 };
const results = {
  adapters: { a: { task: 'report', rank: 8, parameters: 9, without_adapter: scores, with_adapter: scores } },
};
const preprocessor = { size: { width: 896, height: 896 }, image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] };
const adapter = { peft_type: 'LORA', r: 4, lora_alpha: 8, rank_pattern: { q_proj: 2 }, modules_to_save: null };
const config: unknown = JSON.parse(JSON.stringify(presetConfig('medgemma-4b')));
const pack: unknown = JSON.parse(readFileSync('public/korean/ko-8960.json', 'utf8'));

const readers: readonly (readonly [
  string,
  (json: unknown) => unknown,
  unknown,
  abstract new (...a: never[]) => Error,
])[] = [
  ['config.json', parseConfig, config, ConfigError],
  ['adapter_config.json', parseAdapterConfig, adapter, AdapterError],
  ['manifest.json', parseManifest, manifest, FailureError],
  ['the files of manifest.json', parseFileTable, manifest, FailureError],
  ['preprocessor_config.json', (json) => readPreprocessor(json), preprocessor, FailureError],
  ['generation_config.json', (json) => parseEndTokens(json, 'x', 107), { eos_token_id: [1, 106] }, FailureError],
  ['initializer_range', parseInitializerRange, { text_config: { initializer_range: 0.02 } }, FailureError],
  ['chat_template', (json) => parseTemplateField(json, 'x'), { chat_template: '{{ x }}' }, FailureError],
  ['results.json', parseResults, results, FailureError],
];

describe.each(readers)('%s', (_, read, valid, declared) => {
  const attempt = (json: unknown) => {
    try {
      read(json);
    } catch (error) {
      expect(error).toBeInstanceOf(declared);
    }
  };

  test('is read as it is', () => {
    expect(() => read(valid)).not.toThrow();
  });

  test('of any JSON throws nothing but its own error', () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 4 }), attempt));
    for (const json of [undefined, null, [], 5, 'x', {}, { __proto__: null }]) attempt(json);
  });

  test('with any JSON in place of any field throws nothing but its own error', () => {
    const paths = pathsOf(valid);
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue({ maxDepth: 2 }), (path, value) =>
        attempt(replaced(valid, path, value)),
      ),
    );
  });
});

test('a Korean pack with any JSON in place of any field throws nothing but its own error', () => {
  const small = { ...Object(pack), merges: [['가', '나', 3]] };
  expect(() => readPack(small)).not.toThrow();
  fc.assert(
    fc.property(fc.constantFrom(...pathsOf(small)), fc.jsonValue({ maxDepth: 2 }), (path, value) => {
      try {
        readPack(replaced(small, path, value));
      } catch (error) {
        expect(error).toBeInstanceOf(PackError);
      }
    }),
  );
});

describe('names the field', () => {
  test.each([
    [['source'], null, 'source is null, expected an object'],
    [['source', 'randomWeights'], 'no', 'source.randomWeights is "no", expected true or false'],
    [['variants'], [], 'variants is a list of 0, expected a list of at least one'],
    [['variants', 0], null, 'variants[0] is null, expected an object'],
    [['variants', 0, 'decoder'], 'q5', 'variants[0].decoder is "q5", expected "fp32" or "fp16"'],
    [['teaches'], 'chess', 'teaches is "chess", expected "phantoms"'],
    [['files', 'onnx/x', 'size'], '5', 'files["onnx/x"].size is "5", expected a whole number from 0'],
    [['files', 'onnx/x', 'chunks', 1], hash.toUpperCase(), 'files["onnx/x"].chunks[1] is "AAAA'],
    [['files', 'onnx/x', 'sha256'], undefined, 'files["onnx/x"].sha256 is missing'],
    [['chunkSize'], 0, 'chunkSize is 0, expected a whole number from 1'],
    [['chunkSize'], 2 ** 40, 'chunkSize is 1099511627776, expected a whole number from 1 to'],
  ] as const)('manifest.json %j', (path, value, reason) => {
    const broken = replaced(manifest, path, value);
    expect(() => parseManifest(broken)).toThrow(FailureError);
    expect(reasonOf(() => parseManifest(broken))).toContain(reason);
  });

  test('a manifest whose chunks do not make the file, or whose files lie elsewhere', () => {
    const table = (files: unknown) => reasonOf(() => parseFileTable({ ...manifest, files }));
    const entry = manifest.files['onnx/x'];
    expect(table({ x: { ...entry, size: 9 } })).toBe('files["x"].chunks has 2 entries, expected 3');
    for (const path of ['../x', 'a/../b', '/x', 'a//b', './x', 'C:\\x', 'https://x', 'a\\..\\b', '%2e%2e/x', ''])
      for (const [read, files] of [
        [table, { [path]: entry }],
        [(given: unknown) => reasonOf(() => parseManifest({ ...manifest, files: given })), { [path]: entry }],
      ] as const)
        expect(read(files), path).toContain('leads out of the package');
  });

  test('a nested field of config.json', () => {
    const broken = replaced(config, ['text_config', 'hidden_size'], 'wide');
    expect(() => parseConfig(broken)).toThrow('config.json: "hidden_size" is "wide", expected a whole number');
    expect(() => parseConfig(broken)).toThrow('(in text_config)');
  });

  // Each of these passed for what it is not: as no scaling, as not tied, as no layer types, as not rank-stabilized.
  test.each([
    [['text_config', 'rope_scaling'], 8, '"rope_scaling" is missing or not an object'],
    [['text_config', 'rope_parameters'], { rope_theta: 1e6, rope_type: 'default' }, 'rope_parameters has "rope_theta"'],
    [['text_config', 'layer_types'], 'full_attention', '"layer_types" is "full_attention", expected a list'],
    [['tie_word_embeddings'], 'true', '"tie_word_embeddings" is "true", expected true or false'],
    [['text_config', 'attention_bias'], 'true', '"attention_bias" is "true", expected true or false'],
  ] as const)('config.json %j that used to be passed over', (path, value, reason) => {
    expect(() => parseConfig(replaced(config, path, value))).toThrow(reason);
  });

  test('adapter_config.json with switches that are texts', () => {
    expect(() => parseAdapterConfig({ ...adapter, use_rslora: 'true' })).toThrow('"use_rslora" is "true"');
    expect(() => parseAdapterConfig({ ...adapter, rank_pattern: { q_proj: '2' } })).toThrow(
      '"rank_pattern" gives "q_proj" "2", expected a positive number',
    );
  });
});

describe('bounds', () => {
  test.each([
    ['num_hidden_layers', LIMITS.layers],
    ['hidden_size', LIMITS.hiddenSize],
    ['num_attention_heads', LIMITS.heads],
    ['vocab_size', LIMITS.vocabularySize],
    ['max_position_embeddings', LIMITS.positions],
  ])('%s up to %i', (name, limit) => {
    const at = (value: number) => replaced(config, ['text_config', name], value);
    // Heads have to group.
    if (name !== 'num_attention_heads' && name !== 'num_hidden_layers')
      expect(() => parseConfig(at(limit))).not.toThrow();
    for (const value of [limit + 1, 1e300]) expect(() => parseConfig(at(value))).toThrow(`"${name}" is`);
  });

  test('patches of an image', () => {
    const vision = (image_size: number, patch_size: number) =>
      replaced(
        replaced(config, ['vision_config', 'image_size'], image_size),
        ['vision_config', 'patch_size'],
        patch_size,
      );
    expect(() => parseConfig(vision(8192, 1))).toThrow('8192 × 8192 patches');
    expect(() => parseConfig(vision(14, 28))).toThrow('cannot be pooled');
  });

  test('numbers of entries, before the entries are looked at', () => {
    const read = (change: object) => reasonOf(() => parseManifest({ ...manifest, ...change }));
    expect(read({ variants: Array.from({ length: 101 }, () => 'no variant') })).toContain('a list of at most 100');
    const files = Object.fromEntries(Array.from({ length: 100_001 }, (_, at) => [at, 'no file']));
    expect(read({ files })).toContain('an object of at most 100000 entries');
  });

  test('values of one file', () => {
    const deep = (length: number) => new TextEncoder().encode('['.repeat(length) + ']'.repeat(length));
    expect(() => parseJson(deep(100_000), 'x.json')).not.toThrow();
    for (const text of [deep(8_000_001), '{}'.repeat(8_000_001), `[${'1,'.repeat(8_000_000)}1]`])
      expect(reasonOf(() => parseJson(text, 'x.json'))).toContain('more than 8000000 values');
  });

  test('a width of heads that RoPE cannot turn', () => {
    expect(() => parseConfig(replaced(config, ['text_config', 'head_dim'], 47))).toThrow('head_dim is 47');
  });

  test('ids at which no answer would end', () => {
    expect(parseEndTokens({ eos_token_id: [1, 106] }, 'x', 107)).toEqual([1, 106]);
    expect(reasonOf(() => parseEndTokens({ eos_token_id: [1, 107] }, 'x', 107))).toContain(
      'eos_token_id names 107, but the vocabulary has 107 rows',
    );
  });

  test('of a path', () => {
    for (const path of ['x', 'onnx/model.onnx_data', '모델/가중치.bin', 'a..b', '...'])
      expect(isInnerPath(path), path).toBe(true);
    for (const path of ['', '.', '..', 'a/..', '/a', 'a/', 'a\u0000', 'a?b', 'a#b', 'file:x', 'a'.repeat(1001)])
      expect(isInnerPath(path), path).toBe(false);
  });
});

type Path = readonly (string | number)[];

function pathsOf(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [at];
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
  const inner = [...keys].flatMap((key) => pathsOf(Reflect.get(value, key), [...at, key]));
  return at.length > 0 ? [at, ...inner] : inner;
}

function replaced(value: unknown, [key, ...rest]: Path, by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value)) return value.map((item: unknown, at) => (at === key ? replaced(item, rest, by) : item));
  const fields = typeof value === 'object' && value !== null ? value : {};
  const inner = replaced(Reflect.get(fields, key), rest, by);
  const kept = Object.entries(fields).filter(([name]) => name !== key);
  return Object.fromEntries(inner === undefined ? kept : [...kept, [key, inner]]);
}

function reasonOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof FailureError) return String(error.detail['reason']);
    throw error;
  }
  return '';
}
