/** config.json as different versions of transformers write it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError, parseConfig } from '#core/gemma3/config.ts';
import { presetConfig, textOnly } from '../../../cli/shared/presets.ts';
import { fixture } from '../../reference/node.ts';

type Json = Record<string, unknown>;

const tiny: Json = JSON.parse(readFileSync(join(fixture, 'checkpoint/config.json'), 'utf8'));

function part(json: Json, key: string): Json {
  const value = json[key];
  if (typeof value !== 'object' || value === null) throw new Error(`no ${key}`);
  return { ...value };
}

/** The fixture's config with changes; undefined takes a key away. */
function changed(root: Json, text: Json = {}, vision: Json = {}): unknown {
  const json = {
    ...tiny,
    text_config: { ...part(tiny, 'text_config'), ...text },
    vision_config: { ...part(tiny, 'vision_config'), ...vision },
    ...root,
  };
  return JSON.parse(JSON.stringify(json));
}

const withText = (text: Json) => parseConfig(changed({}, text)).text;

test('the fixture', () => {
  expect(parseConfig(tiny)).toEqual({
    architecture: 'Gemma3ForConditionalGeneration',
    text: {
      hiddenSize: 160,
      intermediateSize: 320,
      layers: 8,
      heads: 4,
      keyValueHeads: 2,
      headDim: 32,
      vocabularySize: 512,
      slidingWindow: 16,
      isLocal: [true, true, true, true, true, false, true, true],
      ropeTheta: 1e6,
      ropeLocalTheta: 1e4,
      ropeFactor: 8,
      queryPreAttnScalar: 32,
      rmsNormEps: 1e-6,
      maxPositions: 512,
      tiedEmbedding: true,
    },
    vision: {
      hiddenSize: 48,
      intermediateSize: 96,
      layers: 3,
      heads: 4,
      imageSize: 112,
      patchSize: 14,
      channels: 3,
      layerNormEps: 1e-6,
      tokensPerImage: 4,
      imageToken: 500,
    },
  });
});

describe('RoPE', () => {
  const none = {
    rope_theta: undefined,
    rope_local_base_freq: undefined,
    rope_scaling: undefined,
    rope_parameters: undefined,
  };
  const rope = (text: Json) => {
    const { ropeTheta, ropeLocalTheta, ropeFactor } = withText({ ...none, ...text });
    return [ropeLocalTheta, ropeTheta, ropeFactor];
  };
  const parameters = (full: Json, sliding: Json = {}) => ({
    rope_parameters: {
      full_attention: { rope_type: 'default', rope_theta: 1e6, ...full },
      sliding_attention: { rope_type: 'default', rope_theta: 1e4, ...sliding },
    },
  });

  test('of transformers 4: three keys', () => {
    const text = { rope_theta: 5e5, rope_local_base_freq: 2e4 };
    expect(rope({ ...text, rope_scaling: { rope_type: 'linear', factor: 4 } })).toEqual([2e4, 5e5, 4]);
    expect(rope({ ...text, rope_scaling: { type: 'linear', factor: 4 } })).toEqual([2e4, 5e5, 4]);
    expect(rope({ ...text, rope_scaling: { rope_type: 'default' } })).toEqual([2e4, 5e5, 1]);
    expect(rope({ ...text, rope_scaling: null })).toEqual([2e4, 5e5, 1]);
  });

  test('of transformers 5: parameters by layer type, which win over the old keys', () => {
    const linear = parameters({ rope_type: 'linear', factor: 8, rope_theta: 5e5 }, { rope_theta: 2e4 });
    expect(rope(linear)).toEqual([2e4, 5e5, 8]);
    expect(rope(parameters({}))).toEqual([1e4, 1e6, 1]);
    expect(rope({ ...linear, rope_theta: 1, rope_local_base_freq: 1 })).toEqual([2e4, 5e5, 8]);
  });

  test('of both: rope_scaling updates full_attention, top-level thetas fill gaps, a missing layer type has defaults', () => {
    const scaling = { rope_scaling: { rope_type: 'linear', factor: 8 } };
    expect(rope({ ...parameters({}), ...scaling })).toEqual([1e4, 1e6, 8]);
    expect(rope({ ...parameters({ rope_type: 'linear', factor: 2 }), ...scaling })).toEqual([1e4, 1e6, 8]);
    // transformers 5.18: the theta of rope_scaling too.
    const theta = { rope_scaling: { rope_type: 'linear', factor: 2, rope_theta: 5000 } };
    expect(rope({ ...theta, rope_theta: 1e6 })).toEqual([1e4, 5000, 2]);
    expect(rope({ ...parameters({}), ...theta })).toEqual([1e4, 5000, 2]);
    const thetas = { rope_theta: 5e5, rope_local_base_freq: 2e4 };
    const withoutTheta = { full_attention: { rope_type: 'default' }, sliding_attention: { rope_type: 'default' } };
    expect(rope({ ...thetas, rope_parameters: withoutTheta })).toEqual([2e4, 5e5, 1]);
    expect(rope({ rope_parameters: { sliding_attention: { rope_type: 'default', rope_theta: 25_000 } } })).toEqual([
      25_000, 1e6, 1,
    ]);
    expect(rope({ ...thetas, rope_parameters: { full_attention: { rope_theta: 7e5 } } })).toEqual([2e4, 7e5, 1]);
    expect(rope({ ...thetas, rope_parameters: null, rope_scaling: null })).toEqual([2e4, 5e5, 1]);
  });

  test('defaults where nothing is said', () => {
    expect(rope({})).toEqual([1e4, 1e6, 1]);
  });

  test('both styles of one model are one configuration', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e7 }),
        fc.integer({ min: 1, max: 1e7 }),
        fc.integer({ min: 2, max: 64 }),
        (local, global, factor) => {
          const old = {
            rope_theta: global,
            rope_local_base_freq: local,
            rope_scaling: { rope_type: 'linear', factor },
          };
          const renewed = parameters({ rope_type: 'linear', factor, rope_theta: global }, { rope_theta: local });
          expect(withText({ ...none, ...old })).toEqual(withText({ ...none, ...renewed }));
        },
      ),
    );
  });

  test.each([
    [{ rope_scaling: { rope_type: 'yarn', factor: 4 } }, 'RoPE scaling "yarn"'],
    [{ rope_scaling: { type: 'dynamic', factor: 4 } }, 'RoPE scaling "dynamic"'],
    [{ rope_scaling: { rope_type: 'linear' } }, '"factor"'],
    [{ rope_scaling: { rope_type: 'linear', factor: 0 } }, '"factor" is 0'],
    [parameters({ rope_type: 'llama3', factor: 8 }), 'RoPE scaling "llama3"'],
    [parameters({}, { rope_type: 'linear', factor: 8 }), 'sliding_attention'],
    [{ rope_parameters: { rope_type: 'default', rope_theta: 1e6 } }, 'rope_parameters has "rope_type"'],
    [{ rope_parameters: [] }, '"rope_parameters" is missing or not an object'],
    [{ rope_parameters: { full_attention: 1 } }, '"full_attention" is missing or not an object'],
    [{ rope_scaling: 8 }, '"rope_scaling" is missing or not an object'],
    [{ rope_theta: -1 }, '"rope_theta" is -1'],
  ])('refuses %j', (text, reason) => {
    expect(() => rope(text)).toThrow(ConfigError);
    expect(() => rope(text)).toThrow(reason);
  });
});

describe('local and global layers', () => {
  const local = (text: Json) =>
    withText({ sliding_window_pattern: undefined, ...text })
      .isLocal.map((is) => (is ? 'l' : 'G'))
      .join('');

  test('by layer_types', () => {
    const types = ['full', 'sliding', 'full', 'full', 'sliding', 'sliding', 'sliding', 'full'];
    expect(local({ layer_types: types.map((type) => `${type}_attention`) })).toBe('GlGGlllG');
  });

  test('by a pattern, else every sixth is global', () => {
    expect(local({ sliding_window_pattern: 3 })).toBe('llGllGll');
    // transformers writes this name beside layer_types and reads it nowhere.
    expect(local({ _sliding_window_pattern: 4 })).toBe('lllllGll');
    expect(local({})).toBe('lllllGll');
    expect(local({ layer_types: null })).toBe('lllllGll');
  });

  test('a window of null is refused only where a layer has one', () => {
    const full = { layer_types: Array(8).fill('full_attention'), sliding_window: null };
    expect(local(full)).toBe('GGGGGGGG');
    expect(() => local({ sliding_window: null })).toThrow('sliding_window is null, but some layers');
    expect(withText({ sliding_window: undefined }).slidingWindow).toBe(4096);
  });

  test('refuses a list of another length, and other kinds', () => {
    expect(() => local({ layer_types: ['full_attention'] })).toThrow('layer_types has 1 entries for 8 layers');
    expect(() => local({ layer_types: Array(8).fill('chunked_attention') })).toThrow('"chunked_attention"');
  });
});

describe('a text-only config', () => {
  test('has its keys at the root', () => {
    const text = textOnly(tiny);
    expect(parseConfig(text)).toEqual({
      architecture: 'Gemma3ForCausalLM',
      text: parseConfig(tiny).text,
      vision: undefined,
    });
  });

  test('may have a head of its own', () => {
    expect(parseConfig({ ...textOnly(tiny), tie_word_embeddings: false }).text.tiedEmbedding).toBe(false);
    expect(parseConfig({ ...textOnly(tiny), tie_word_embeddings: true }).text.tiedEmbedding).toBe(true);
    expect(withText({ tie_word_embeddings: false }).tiedEmbedding).toBe(false);
  });
});

test('what the config leaves out has the defaults of Hugging Face', () => {
  // google/gemma-3-4b-it writes only what differs from them.
  const config = parseConfig({
    architectures: ['Gemma3ForConditionalGeneration'],
    image_token_index: 262144,
    mm_tokens_per_image: 256,
    text_config: {
      hidden_size: 2560,
      intermediate_size: 10240,
      num_hidden_layers: 34,
      rope_scaling: { factor: 8, rope_type: 'linear' },
      sliding_window: 1024,
    },
    vision_config: {
      hidden_size: 1152,
      image_size: 896,
      intermediate_size: 4304,
      num_attention_heads: 16,
      num_hidden_layers: 27,
      patch_size: 14,
    },
  });
  expect(config).toEqual(parseConfig(presetConfig('medgemma-4b')));
});

describe('the architecture', () => {
  test('follows from model_type where "architectures" is missing', () => {
    expect(parseConfig({ ...tiny, architectures: undefined })).toEqual(parseConfig(tiny));
    expect(parseConfig({ ...textOnly(tiny), architectures: undefined })).toEqual(parseConfig(textOnly(tiny)));
  });

  test('Gemma3ForCausalLM with a nested text_config reads that alone', () => {
    const nested = changed({ architectures: ['Gemma3ForCausalLM'], tie_word_embeddings: false });
    expect(parseConfig(nested)).toEqual(parseConfig(textOnly(tiny)));
  });
});

describe('refuses', () => {
  test.each<[string, unknown, string]>([
    ['null', null, 'not a JSON object'],
    ['a list', [], 'not a JSON object'],
    ['a string', 'gemma3', 'not a JSON object'],
    [
      'no architecture',
      { ...tiny, architectures: undefined, model_type: undefined },
      'architecture null is not supported',
    ],
    ['another model_type', { model_type: 'llama' }, 'model_type "llama" is not supported'],
    ['a model_type of Object.prototype', { model_type: 'constructor' }, 'model_type "constructor" is not supported'],
    ['an encoder', changed({}, { use_bidirectional_attention: true }), 'use_bidirectional_attention is set'],
    ['another architecture', { ...tiny, architectures: ['LlamaForCausalLM'] }, '"LlamaForCausalLM" is not supported'],
    ['no text_config', changed({ text_config: undefined }), '"text_config" is missing'],
    ['no vision_config', changed({ vision_config: undefined }), '"vision_config" is missing'],
    ['a text_config that is a list', changed({ text_config: [] }), '"text_config" is missing or not an object'],
    ['another activation', changed({}, { hidden_activation: 'silu' }), 'hidden_activation "silu"'],
    ['capped attention', changed({}, { attn_logit_softcapping: 50 }), 'attn_logit_softcapping is set'],
    ['capped logits', changed({}, { final_logit_softcapping: 30 }), 'final_logit_softcapping is set'],
    ['attention with bias', changed({}, { attention_bias: true }), 'attention_bias is set'],
    ['heads that do not group', changed({}, { num_key_value_heads: 3 }), 'num_attention_heads 4 is not a multiple'],
    ['another vision activation', changed({}, {}, { hidden_act: 'gelu' }), 'vision hidden_act "gelu"'],
    ['tokens that are no square', changed({ mm_tokens_per_image: 5 }), '5 tokens an image'],
    [
      'an image token beyond the rows',
      changed({ image_token_index: 512 }),
      'image_token_index is 512, but the vocabulary has 512',
    ],
    [
      'an architecture with control characters',
      { ...tiny, architectures: ['\u001b[2J\u202e\u009b'] },
      '"\\u001b[2J\\u202e\\u009b"',
    ],
    ['tokens that do not divide', changed({ mm_tokens_per_image: 9 }), '9 tokens an image cannot be pooled from 8 × 8'],
  ])('%s', (_, json, reason) => {
    expect(() => parseConfig(json)).toThrow(ConfigError);
    expect(() => parseConfig(json)).toThrow(`config.json: `);
    expect(() => parseConfig(json)).toThrow(reason);
  });

  const sizes = {
    text: [
      'hidden_size',
      'intermediate_size',
      'num_hidden_layers',
      'num_attention_heads',
      'num_key_value_heads',
      'head_dim',
      'vocab_size',
      'sliding_window',
      'max_position_embeddings',
    ],
    vision: [
      'hidden_size',
      'intermediate_size',
      'num_hidden_layers',
      'num_attention_heads',
      'image_size',
      'patch_size',
      'num_channels',
    ],
  };
  test('a size that is no positive whole number, naming it', () => {
    const key = fc.oneof(
      fc.constantFrom(...sizes.text).map((name) => ['text', name] as const),
      fc.constantFrom(...sizes.vision).map((name) => ['vision', name] as const),
    );
    const bad = fc.constantFrom(0, -1, 1.5, '8', true, [], {});
    fc.assert(
      fc.property(key, bad, ([where, name], value) => {
        const json = where === 'text' ? changed({}, { [name]: value }) : changed({}, {}, { [name]: value });
        expect(() => parseConfig(json)).toThrow(ConfigError);
        expect(() => parseConfig(json)).toThrow(`"${name}" is`);
      }),
      { numRuns: 200 },
    );
  });

  test.each(['query_pre_attn_scalar', 'rms_norm_eps'])('a %s that is no positive number', (name) => {
    for (const value of [0, -1, '1', false]) expect(() => withText({ [name]: value })).toThrow(`"${name}" is`);
  });
});

describe('the vision part', () => {
  const imageToken = (root: Json) => parseConfig(changed({ image_token_index: undefined, ...root })).vision?.imageToken;

  test('image_token_id applies where both names are written, as in transformers', () => {
    expect(imageToken({ image_token_index: 500, image_token_id: 499 })).toBe(499);
    expect(imageToken({ image_token_index: 500 })).toBe(500);
    expect(imageToken({ image_token_id: 499 })).toBe(499);
    expect(() => imageToken({ image_token_index: 500, image_token_id: 512 })).toThrow('image_token_id is 512, but');
    expect(() => imageToken({})).toThrow('image_token_index is 262144, but');
  });

  test('heads have to divide the hidden size', () => {
    expect(() => parseConfig(changed({}, {}, { num_attention_heads: 5 }))).toThrow(
      'hidden_size 48 of vision_config is not a multiple of num_attention_heads 5',
    );
    expect(parseConfig(changed({}, {}, { num_attention_heads: 3 })).vision?.heads).toBe(3);
  });
});
