/** Reading PEFT's files: what fits is read, everything else is refused by name. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '#core/gemma3/config.ts';
import { readAdapter, type Adapter } from '#core/lora/adapter.ts';
import { moduleRules, parseAdapterConfig } from '#core/lora/config.ts';
import { requireLive } from '#core/lora/live.ts';
import { MemorySource } from '#core/memory-source.ts';
import { readHeader } from '#core/safetensors/header.ts';
import { writeSafetensors } from '#core/safetensors/write.ts';

const fixture = new URL('../../fixtures/gemma3-tiny/', import.meta.url);
const json = (path: string): unknown => JSON.parse(readFileSync(new URL(path, fixture), 'utf8'));
const model = parseConfig(json('checkpoint/config.json'));
const bytes = new Uint8Array(readFileSync(new URL('lora/adapter_model.safetensors', fixture)));
const plain = { peft_type: 'LORA', r: 4, lora_alpha: 8 };

type Tensor = Parameters<typeof writeSafetensors>[0][number];

/** The fixture's file after `edit`. */
async function edited(edit: (tensors: Tensor[]) => Tensor[]): Promise<MemorySource> {
  const { tensors } = await readHeader(new MemorySource('x', bytes));
  const list = [...tensors.values()].map(({ name, dtype, shape, begin, end }) => ({
    ...{ name, dtype, shape },
    data: bytes.slice(begin, end),
  }));
  return new MemorySource('adapter_model.safetensors', writeSafetensors(edit(list)));
}

const renamed = (from: string | RegExp, to: string) => (tensors: Tensor[]) =>
  tensors.map((tensor) => ({ ...tensor, name: tensor.name.replace(from, to) }));

function read(source: MemorySource, config: unknown = plain): Promise<Adapter> {
  return readAdapter(parseAdapterConfig(config), source, model);
}

/** Rank and scale of one module. */
function scaling(config: unknown, module: string) {
  const { rank, scale } = moduleRules(parseAdapterConfig(config)).settings(module);
  return { rank, scale };
}

describe('adapter_config.json', () => {
  it('gives rank and scale, also rank-stabilized and by patterns', () => {
    const name = 'model.language_model.layers.1.self_attn.q_proj';
    expect(scaling(plain, name)).toEqual({ rank: 4, scale: 2 });
    expect(scaling({ ...plain, use_rslora: true }, name)).toEqual({ rank: 4, scale: 4 });
    const patterns = {
      rank_pattern: { q_proj: 2, 'layers\\.1\\..*': 16 },
      alpha_pattern: { 'layers.0.self_attn.q_proj': 1 },
    };
    // The first pattern that fits counts, and it has to reach the end of the name.
    expect(scaling({ ...plain, ...patterns }, name)).toEqual({ rank: 2, scale: 4 });
    expect(scaling({ ...plain, ...patterns }, name.replace('q_', 'k_'))).toEqual({
      rank: 16,
      scale: 0.5,
    });
    expect(scaling({ ...plain, ...patterns }, name.replace('.1.', '.0.'))).toEqual({
      rank: 2,
      scale: 0.5,
    });
  });

  it.each([
    [{ peft_type: 'IA3' }, /peft_type is "IA3"/],
    [{ use_dora: true }, /use_dora is set: DoRA/],
    [{ bias: 'some' }, /"bias" is "some", expected "none", "all" or "lora_only"/],
    [{ modules_to_save: [1] }, /"modules_to_save" is a list of 1, expected a name or a list of names/],
    [{ layers_to_transform: 'all' }, /"layers_to_transform" is "all", expected a whole number/],
    [{ layers_pattern: '(', layers_to_transform: 1 }, /"layers_pattern": missing \), unterminated subpattern/],
    [{ task_type: 'SEQ_CLS' }, /task_type is "SEQ_CLS"/],
    [{ init_lora_weights: 'newest' }, /init_lora_weights is "newest": nothing is known here .* merge it with PEFT/],
    [{ use_newest: true }, /"use_newest" is true: no field of PEFT's LoraConfig that is known here.*merge_and_unload/],
    [{ newest_config: { x: 1 } }, /"newest_config" is an object/],
    [{ newest: 0.5 }, /"newest" is 0\.5/],
    [{ 'a\u001b[31m': 1 }, /"a\\u001b\[31m" is 1/],
    [{ trainable_token_indices: [5] }, /trainable_token_indices is set: .*merge_and_unload/],
    [{ megatron_config: { x: 1 } }, /megatron_config is set: Megatron/],
    [{ peft_type: undefined, fine_tune_type: 'lora', lora_parameters: { rank: 8 } }, /an MLX adapter.*mlx_lm\.fuse/],
    [{ init_lora_weights: 'pissa_niter_4' }, /init_lora_weights is "pissa_niter_4"/],
    [{ init_lora_weights: 'lora_ga' }, /init_lora_weights is "lora_ga"/],
    [{ target_modules: '(q_proj' }, /"target_modules": missing \), unterminated subpattern/],
    [{ exclude_modules: '(?x)q' }, /"exclude_modules": the flag "x"/],
    [{ r: 0 }, /"r" is 0/],
    [{ r: 2.5 }, /"r" is 2.5/],
    [{ lora_alpha: 'much' }, /"lora_alpha" is "much"/],
    [{ rank_pattern: { '(': 2 } }, /"rank_pattern" of "\(": missing \), unterminated subpattern/],
  ])('refuses %j', (change, message) => {
    expect(() => parseAdapterConfig({ ...plain, ...change })).toThrow(message);
  });

  it('takes what PEFT writes for things that are not used', () => {
    const unused = {
      use_dora: false,
      modules_to_save: null,
      alora_invocation_tokens: null,
      rank_pattern: {},
      layer_replication: null,
    };
    expect(parseAdapterConfig({ ...plain, ...unused, init_lora_weights: true }).rank).toBe(4);
    expect(() => parseAdapterConfig([])).toThrow(/not a JSON object/);
  });
});

describe('adapter_model.safetensors', () => {
  it('is read with both styles of names', async () => {
    const { modules } = await read(new MemorySource('a', bytes), json('lora/adapter_config.json'));
    expect(modules).toHaveLength(model.text.layers * 3);
    expect(modules[0]).toMatchObject({
      parameter: 'model.layers.0.self_attn.q_proj.weight',
      rank: 4,
      scale: 2,
      inputs: 160,
      outputs: 128,
    });
    for (const to of [
      'base_model.model.model.language_model.layers.',
      'base_model.model.language_model.model.layers.',
      'model.layers.',
    ]) {
      const source = await edited(renamed(/^.*?layers\./u, to));
      expect((await read(source)).modules).toEqual(modules);
    }
  });

  it.each([
    [{ target_modules: ['q_proj', 'v_proj'] }, /o_proj\.lora_A\.weight" is on .*o_proj, which target_modules/],
    [{ target_modules: '.*\\.0\\.self_attn\\.[qvo]_proj' }, /layers\.1\..* which target_modules/],
    [{ exclude_modules: ['o_proj'] }, /o_proj, which target_modules and exclude_modules/],
  ])('is refused where it holds what its config leaves out: %j', async (modules, message) => {
    await expect(read(new MemorySource('a', bytes), { ...plain, ...modules })).rejects.toThrow(message);
    const all = { target_modules: '.*\\.layers\\.\\d+\\.\\w+\\.(q_proj|v_proj|o_proj)' };
    expect((await read(new MemorySource('a', bytes), { ...plain, ...all })).modules).toHaveLength(
      model.text.layers * 3,
    );
  });

  it.each<[string, (tensors: Tensor[]) => Tensor[], RegExp, unknown?]>([
    ['half a pair', (tensors) => tensors.slice(1), /has no lora_A beside it/],
    ['nothing', () => [], /holds no LoRA tensor/],
    ['another module', renamed('q_proj', 'q_norm'), /is on .*q_norm; adapters run on q_proj/],
    [
      'the vision tower',
      renamed(/^.*layers\./u, 'base_model.model.model.vision_tower.vision_model.encoder.layers.'),
      /o_proj; the model has no such module in its vision tower/,
    ],
    ['a layer too many', renamed('layers.0.', 'layers.99.'), /the model has no model\.layers\.99\./],
    ['a magnitude', renamed(/lora_A\.weight$/u, 'lora_magnitude_vector'), /is DoRA \(lora_magnitude_vector\)/],
    ['a part of no pair', renamed(/lora_A\.weight$/u, 'lora_C.weight'), /is not half of a LoRA pair/],
    ['another rank', (tensors) => tensors, /has the shape \[4, 160\], .* need \[8, 160\]/, { ...plain, r: 8 }],
    [
      'a value that is none',
      (tensors) =>
        tensors.map((tensor, at) => {
          const size = tensor.dtype === 'F32' ? 4 : 2;
          const data = tensor.data.slice();
          if (at === 2) data.fill(0xff, size, 2 * size);
          return { ...tensor, data };
        }),
      /holds NaN at 1/,
    ],
    [
      'a scale whose product no float32 holds',
      (tensors) => tensors,
      /has no finite values in float32; correct lora_alpha/,
      { ...plain, lora_alpha: 1e45 },
    ],
  ])('is refused with %s', async (_, edit, message, config) => {
    await expect(edited(edit).then((source) => read(source, config))).rejects.toThrow(message);
  });

  it.each<[string, (tensors: Tensor[]) => Tensor[], RegExp]>([
    ['kohya', renamed(/\.lora_A\.weight$/u, '.lora_down.weight'), /in the format of kohya or diffusers/],
    ['kohya for images', renamed(/^base_model\.model\./u, 'lora_unet_'), /LoRA of an image generator/],
    ['mlx-lm', renamed(/\.lora_A\.weight$/u, '.lora_a'), /MLX adapter .*mlx_lm\.fuse/],
    ['torchtune', renamed(/\.lora_A\.weight$/u, '.lora_a.weight'), /LoRA of torchtune/],
    ['NeMo', renamed(/\.lora_A\.weight$/u, '.adapter.linear_in.weight'), /LoRA of NeMo or Megatron/],
    ['LoKr', renamed(/\.lora_A\.weight$/u, '.lokr_w1'), /another method than LoRA/],
    ['a named adapter', renamed(/\.weight$/u, '.medical.weight'), /carry the adapter's name \("medical"/],
    ['a full fine-tune', renamed(/\.lora_[AB]\.weight$/u, '.weight'), /fully fine-tuned model, not an adapter/],
    [
      'trained tokens',
      renamed(/q_proj\.lora_A\.weight$/u, 'embed_tokens.token_adapter.trainable_tokens_delta'),
      /trained rows/,
    ],
  ])('of another format is named: %s', async (_, edit, message) => {
    const once = (tensors: Tensor[]) => [...new Map(edit(tensors).map((tensor) => [tensor.name, tensor])).values()];
    await expect(edited(once).then((source) => read(source))).rejects.toThrow(message);
  });

  it('a whole parameter is taken only where the configuration names it', async () => {
    const norm = (tensors: Tensor[]) => [
      ...tensors,
      {
        name: 'base_model.model.model.language_model.norm.weight',
        dtype: 'F32' as const,
        shape: [160],
        data: new Uint8Array(640),
      },
    ];
    const source = await edited(norm);
    await expect(read(source)).rejects.toThrow(
      /norm\.weight" is not half of a LoRA pair .*modules_to_save does not name it/,
    );
    const { saved } = await read(source, { ...plain, modules_to_save: ['language_model.norm'] });
    expect(saved.map(({ parameter, isCopy }) => [parameter, isCopy])).toEqual([['model.norm.weight', true]]);
    await expect(read(source, { ...plain, modules_to_save: ['language_model.norm', 'lm_head'] })).rejects.toThrow(
      /holds no lm_head\.weight, although modules_to_save .* names "lm_head"/,
    );
  });

  it('tells what target_modules names and the file lacks, and no more', async () => {
    const none = ['.*language_model.*\\.(q|v|o)_proj', ['o_proj', 'v_proj', 'q_proj']];
    const [pattern, list] = none;
    const of = async (config: object, edit = (tensors: Tensor[]) => tensors) =>
      (await read(await edited(edit), { ...plain, ...config })).missing;
    expect(await of({ target_modules: pattern })).toEqual([]);
    // Names in a list are found in the vision tower too, which has no o_proj.
    const vision = await of({ target_modules: list });
    expect(vision).toHaveLength(2 * (model.vision?.layers ?? 0));
    expect(vision.every((name) => name.includes('vision_tower'))).toBe(true);
    expect(await of({ target_modules: list, exclude_modules: '.*vision_tower.*' })).toEqual([]);
    const layer = (tensors: Tensor[]) => tensors.filter(({ name }) => !/layers\.3\.self_attn\.q_proj/u.test(name));
    expect(await of({ target_modules: pattern }, layer)).toEqual([
      expect.stringMatching(/language_model.*layers\.3\.self_attn\.q_proj$/u),
    ]);
    const whole = (tensors: Tensor[]) => tensors.filter(({ name }) => !name.includes('layers.3.'));
    const others = Array.from({ length: model.text.layers }, (_, at) => at).filter((at) => at !== 3);
    expect(
      await of({ target_modules: list, layers_to_transform: others, exclude_modules: '.*vision_tower.*' }, whole),
    ).toEqual([]);
    const linear = await of({ target_modules: 'all-linear' });
    expect(linear).toHaveLength(4 * model.text.layers + 6 * (model.vision?.layers ?? 0));
  });

  it('is live where it changes the projections of the decoder alone', async () => {
    const adapter = await read(new MemorySource('a', bytes));
    expect(() => requireLive(adapter, 'x')).not.toThrow();
    const [first] = adapter.modules;
    if (!first) throw new Error('no module');
    const vision = { ...first, parameter: 'vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight' };
    expect(() => requireLive({ ...adapter, others: [vision] }, 'x')).toThrow(
      /x: holds LoRA outside the decoder's projections \(vision_tower.*\), .*npm run export -- --checkpoint BASE --adapter/,
    );
  });

  it('is refused where it was cut off, and for another model', async () => {
    await expect(read(new MemorySource('cut.safetensors', bytes.slice(0, -10)))).rejects.toThrow(
      /cut.safetensors: .*truncated/,
    );
    const wider = { ...model, text: { ...model.text, hiddenSize: 320 } };
    const config = parseAdapterConfig(plain);
    await expect(readAdapter(config, new MemorySource('a', bytes), wider)).rejects.toThrow(
      /need \[4, 320\]; is it an adapter of this model/,
    );
  });
});
