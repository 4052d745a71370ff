import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exportPackage } from '../../../cli/export/export-package.ts';
import {
  collectingReport,
  copyOfFixture,
  exportTo,
  filesUnder,
  FIXTURE,
  options,
  temporaryFolder,
} from './workbench.ts';

const json = async (folder: string, file: string): Promise<unknown> =>
  JSON.parse(await readFile(join(folder, file), 'utf8'));

describe('config.json', () => {
  it('tells transformers.js the dtype of each graph and how many data files it has', async () => {
    const out = await exportTo(FIXTURE, 'q4');
    expect(await json(out, 'config.json')).toMatchObject({
      architectures: ['Gemma3ForConditionalGeneration'],
      model_type: 'gemma3',
      'transformers.js_config': {
        dtype: { embed_tokens: 'q4', vision_encoder: 'q8', decoder_model_merged: 'q4' },
        use_external_data_format: {
          'embed_tokens_q4.onnx': 1,
          'vision_encoder_quantized.onnx': 1,
          'decoder_model_merged_q4.onnx': 2,
        },
      },
    });
    expect(await json(await exportTo(FIXTURE, 'fp32'), 'config.json')).toMatchObject({
      'transformers.js_config': { dtype: 'fp32', use_external_data_format: { 'decoder_model_merged.onnx': 2 } },
    });
  });

  it('says the context that the position tables allow, never more than the checkpoint', async () => {
    const context = async (tokens: number) =>
      await json(await exportTo(FIXTURE, 'q4', { context: tokens }), 'config.json');
    expect(await context(64)).toMatchObject({ text_config: { max_position_embeddings: 64 } });
    expect(await context(10_000)).toMatchObject({ text_config: { max_position_embeddings: 512 } });
  });

  it('spells out what the checkpoint left at its default', async () => {
    const folder = await copyOfFixture();
    const text = await readFile(join(folder, 'config.json'), 'utf8');
    const shorter = text.replace('"rms_norm_eps": 1e-06,', '').replace('"query_pre_attn_scalar": 32,', '');
    expect(shorter.length).toBe(text.length - '"rms_norm_eps": 1e-06,"query_pre_attn_scalar": 32,'.length);
    await writeFile(join(folder, 'config.json'), shorter);
    expect(await json(await exportTo(folder, 'q4'), 'config.json')).toMatchObject({
      text_config: { rms_norm_eps: 1e-6, query_pre_attn_scalar: 256, num_attention_heads: 4 },
    });
  });
});

describe('generation_config.json', () => {
  it('is made from config.json where it is missing', async () => {
    expect(await json(await exportTo(FIXTURE, 'q4'), 'generation_config.json')).toEqual({
      bos_token_id: 2,
      eos_token_id: [1, 3],
      pad_token_id: 0,
      do_sample: false,
    });
  });

  it('is kept where it is there', async () => {
    const folder = await copyOfFixture();
    const content = { eos_token_id: 7, top_k: 64 };
    await writeFile(join(folder, 'generation_config.json'), JSON.stringify(content));
    expect(await json(await exportTo(folder, 'q4'), 'generation_config.json')).toEqual(content);
  });
});

describe('the tokens that end an answer', () => {
  it.each<[string, string, unknown, RegExp]>([
    [
      'beyond the vocabulary',
      'generation_config.json',
      { eos_token_id: [1, 512] },
      /generation_config\.json: eos_token_id names 512, but the vocabulary has 512 rows/,
    ],
    ['no whole number', 'generation_config.json', { eos_token_id: 1.5 }, /eos_token_id is 1\.5, expected/],
    ['a text', 'generation_config.json', { eos_token_id: '<eos>' }, /eos_token_id is "<eos>"/],
    ['negative', 'generation_config.json', { eos_token_id: [-1] }, /eos_token_id/],
  ])('are refused where one is %s', async (_, file, content, message) => {
    const folder = await copyOfFixture();
    await writeFile(join(folder, file), JSON.stringify(content));
    await expect(exportTo(folder, 'q4')).rejects.toThrow(message);
  });
});

describe('the processor', () => {
  it('is configured from the vision tower where the checkpoint has none', async () => {
    const out = await exportTo(FIXTURE, 'q4');
    expect(await json(out, 'preprocessor_config.json')).toMatchObject({
      image_processor_type: 'Gemma3ImageProcessor',
      processor_class: 'Gemma3Processor',
      size: { height: 112, width: 112 },
      image_mean: [0.5, 0.5, 0.5],
      image_std: [0.5, 0.5, 0.5],
      rescale_factor: 1 / 255,
      resample: 2,
      image_seq_length: 4,
    });
    expect(await json(out, 'processor_config.json')).toEqual({
      processor_class: 'Gemma3Processor',
      image_seq_length: 4,
    });
  });

  it('keeps what the checkpoint says, in a file of its own or inside processor_config.json', async () => {
    const folder = await copyOfFixture();
    const nested = { image_seq_length: 4, image_processor: { image_mean: [0.4, 0.4, 0.4] }, extra: true };
    await writeFile(join(folder, 'processor_config.json'), JSON.stringify(nested));
    const out = await exportTo(folder, 'q4');
    expect(await json(out, 'preprocessor_config.json')).toMatchObject({
      size: { height: 112, width: 112 },
      image_mean: [0.4, 0.4, 0.4],
      do_rescale: true,
    });
    expect(await json(out, 'processor_config.json')).toEqual({
      processor_class: 'Gemma3Processor',
      image_seq_length: 4,
      extra: true,
    });
    await writeFile(join(folder, 'preprocessor_config.json'), JSON.stringify({ image_mean: [0.3, 0.3, 0.3] }));
    expect(await json(await exportTo(folder, 'q4'), 'preprocessor_config.json')).toMatchObject({
      image_mean: [0.3, 0.3, 0.3],
    });
  });

  it('is refused where it makes images of another size than the encoder takes', async () => {
    const folder = await copyOfFixture();
    await writeFile(join(folder, 'preprocessor_config.json'), JSON.stringify({ size: { height: 28, width: 28 } }));
    await expect(exportTo(folder, 'q4')).rejects.toThrow(
      'preprocessor_config.json: size is {"height":28,"width":28}, but the vision encoder takes images of 112 × 112',
    );
  });
});

describe('the tokenizer', () => {
  it('is copied byte for byte, without a warning', async () => {
    const folder = await copyOfFixture();
    const content = {
      'tokenizer.json': '{"version": "1.0",  "model": {"vocab": {"a": 0}}}',
      'tokenizer_config.json': '{"bos_token": "<bos>"}',
      'special_tokens_map.json': '{}',
      'chat_template.jinja': '{{ bos_token }}\n',
    };
    for (const [name, text] of Object.entries(content)) await writeFile(join(folder, name), text);
    const out = join(await temporaryFolder(), 'out');
    const report = collectingReport();
    await exportPackage(options(folder, out, 'q4'), report);
    for (const [name, text] of Object.entries(content)) expect(await readFile(join(out, name), 'utf8')).toBe(text);
    expect(report.warnings).toEqual([]);
  });

  it.each(['tokenizer_config.json', 'special_tokens_map.json'])('has to be JSON: %s', async (file) => {
    const folder = await copyOfFixture();
    await writeFile(join(folder, file), '{');
    await expect(exportTo(folder, 'q4')).rejects.toThrow(`${file} is not JSON`);
  });

  it.each(['chat_template.json', 'tokenizer_config.json'])('has its chat template taken out of %s', async (file) => {
    const folder = await copyOfFixture();
    await writeFile(join(folder, file), JSON.stringify({ chat_template: '{{ messages }}' }));
    const out = await exportTo(folder, 'q4');
    expect(await filesUnder(out)).toContain(file);
    expect(await readFile(join(out, 'chat_template.jinja'), 'utf8')).toBe('{{ messages }}');
  });
});
