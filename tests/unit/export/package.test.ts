import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canonicalName } from '#core/gemma3/parameters.ts';
import { MemorySource } from '#core/memory-source.ts';
import type { Manifest } from '#core/protocol/manifest.ts';
import { dequantizeRows } from '#core/quant/blocks.ts';
import { decodeFloats, isFloatDtype } from '#core/safetensors/dtype.ts';
import { readHeader } from '#core/safetensors/header.ts';
import { exportPackage } from '../../../cli/export/export-package.ts';
import { presetConfig, textOnly } from '../../../cli/shared/presets.ts';
import { writeRandomCheckpoint } from '../../../cli/random-checkpoint/random-weights.ts';
import {
  collectingReport,
  copyOfFixture,
  exportTo,
  filesUnder,
  FIXTURE,
  options,
  readInitializers,
  rewriteTensors,
  temporaryFolder,
} from './workbench.ts';

interface Weight {
  shape: number[];
  values: Float32Array;
}

/** The checkpoint's parameters as float32, by canonical name. */
async function weightsOf(file: string): Promise<Map<string, Weight>> {
  const bytes = await readFile(file);
  const weights = new Map<string, Weight>();
  for (const { name, dtype, shape, begin, end } of (await readHeader(new MemorySource(file, bytes))).tensors.values()) {
    if (!isFloatDtype(dtype)) throw new Error(name);
    weights.set(canonicalName(name), {
      shape,
      values: decodeFloats(Uint8Array.from(bytes.subarray(begin, end)), dtype),
    });
  }
  return weights;
}

const fixtureWeights = () => weightsOf(join(FIXTURE, 'model.safetensors'));

function floats(bytes: Uint8Array): Float32Array {
  return decodeFloats(bytes, 'F32');
}

async function manifestOf(folder: string): Promise<Manifest> {
  const manifest: Manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
  return manifest;
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('a package', () => {
  it('has the files of the transformers.js layout, and a manifest that tells every byte', async () => {
    const out = await exportTo(FIXTURE, 'q4', { name: 'Tiny' });
    const manifest = await manifestOf(out);
    expect(await filesUnder(out)).toEqual([
      'config.json',
      'generation_config.json',
      'manifest.json',
      'onnx/decoder_model_merged_q4.onnx',
      'onnx/decoder_model_merged_q4.onnx_data',
      'onnx/decoder_model_merged_q4.onnx_data_1',
      'onnx/embed_tokens_q4.onnx',
      'onnx/embed_tokens_q4.onnx_data',
      'onnx/vision_encoder_quantized.onnx',
      'onnx/vision_encoder_quantized.onnx_data',
      'preprocessor_config.json',
      'processor_config.json',
    ]);
    expect(Object.keys(manifest.files).sort()).toEqual(
      (await filesUnder(out)).filter((name) => name !== 'manifest.json'),
    );
    for (const [path, { size, sha256: whole, chunks }] of Object.entries(manifest.files)) {
      const bytes = await readFile(join(out, path));
      expect(size).toBe(bytes.length);
      expect(whole).toBe(sha256(bytes));
      const expected = [];
      for (let at = 0; at < bytes.length; at += manifest.chunkSize)
        expected.push(sha256(bytes.subarray(at, at + manifest.chunkSize)));
      expect(chunks).toEqual(expected);
    }
    expect(manifest).toMatchObject({
      format: 'medgemma-ko-lab/1',
      name: 'Tiny',
      architecture: 'Gemma3ForConditionalGeneration',
      parameters: 1904080,
      source: {
        checkpoint: 'checkpoint',
        files: { 'model.safetensors': sha256(await readFile(join(FIXTURE, 'model.safetensors'))) },
        randomWeights: true,
        notice: 'a test',
      },
      variants: [{ decoder: 'q4', vision: 'q8', blockSize: 32, tiedEmbedding: true }],
    });
    expect(manifest.changes).toEqual([
      'embed_tokens: 1 parameter in 4 bits, symmetric, block 32, fp16 scales.',
      expect.stringMatching(/^vision_encoder: .*3 parameters in 8 bits/),
      expect.stringMatching(/^decoder_model_merged: .*57 parameters in 4 bits/),
      'Weights of RMS norms are stored as 1 + w.',
      expect.stringContaining('attention_mask is extended'),
      expect.stringContaining("end at 128 tokens, the checkpoint's at 512"),
      expect.stringContaining('one file under several names'),
    ]);
    // Width 48 is not a multiple of 32; the decoder's sizes all are.
    const kept = manifest.variants[0]?.unquantized.map(({ parameter }) => parameter) ?? [];
    expect(kept).toContain('vision_tower.vision_model.encoder.layers.0.self_attn.q_proj.weight');
    expect(kept.filter((name) => name.startsWith('model.'))).toEqual([]);
  });

  it('shares the embedding table byte for byte when the manifest says so', async () => {
    for (const dtype of ['q4', 'fp16', 'fp32'] as const) {
      const out = await exportTo(FIXTURE, dtype);
      expect((await manifestOf(out)).variants[0]?.tiedEmbedding).toBe(true);
      const suffix = { q4: '_q4', fp16: '_fp16', fp32: '' }[dtype];
      const table = await readInitializers(out, `embed_tokens${suffix}.onnx`);
      const decoder = await readInitializers(out, `decoder_model_merged${suffix}.onnx`);
      const shared = [...table.values()].filter(({ location }) => location !== undefined);
      expect(shared.length).toBeGreaterThan(0);
      for (const { proto, bytes } of shared) expect(decoder.get(proto.name)?.bytes).toEqual(bytes);
    }
  });

  it('holds the exact weights in fp32, transposed and shifted as the graph asks', async () => {
    const out = await exportTo(FIXTURE, 'fp32');
    const weights = await fixtureWeights();
    const checked = { same: 0, transposed: 0, shifted: 0 };
    for (const file of ['decoder_model_merged.onnx', 'vision_encoder.onnx', 'embed_tokens.onnx']) {
      for (const [name, { bytes, proto, location }] of await readInitializers(out, file)) {
        const weight = weights.get(name);
        if (!weight) {
          // Constants of the graph; every external tensor of 64 KiB or less comes from the checkpoint.
          expect(location === undefined || bytes.length > 65536).toBe(true);
          continue;
        }
        const stored = floats(bytes);
        const { values, shape } = weight;
        const [rows = 1, columns = 1] = shape;
        const isNorm = /norm\.weight$/.test(name) && !name.includes('post_layernorm');
        // MatMul multiplies from the right; square matrices do not show it in their shape.
        const isMatrix = /(_proj|fc[12])\.weight$/.test(name);
        let expected = values;
        if (isNorm) {
          expected = values.map((value) => value + 1);
          checked.shifted++;
        } else if (isMatrix) {
          expected = values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)] ?? NaN);
          checked.transposed++;
        } else {
          checked.same++;
        }
        expect(proto.dims.map(Number)).toEqual(isMatrix ? [columns, rows] : shape);
        expect(stored.findIndex((value, i) => value !== expected[i])).toBe(-1);
        expect(stored.length).toBe(expected.length);
      }
    }
    // 8 layers of 7 matrices and 3 of 6; 8 layers of 6 norms, the last and the projector's.
    expect(checked.transposed).toBe(8 * 7 + 3 * 6);
    expect(checked.shifted).toBe(8 * 6 + 2);
    expect(checked.same).toBeGreaterThan(0);
  });

  it.each(['q2', 'q4', 'q8'] as const)('holds each matrix within half a scale in %s', async (dtype) => {
    const out = await exportTo(FIXTURE, dtype, { visionDtype: dtype });
    const bits = ({ q2: 2, q4: 4, q8: 8 } as const)[dtype];
    const suffix = { q2: '_q2', q4: '_q4', q8: '_quantized' }[dtype];
    const weights = await fixtureWeights();
    let matrices = 0;
    for (const file of ['decoder_model_merged', 'vision_encoder', 'embed_tokens']) {
      const initializers = await readInitializers(out, `${file}${suffix}.onnx`);
      for (const [name, { bytes, proto }] of initializers) {
        if (!name.endsWith(`.q${bits}`)) continue;
        const parameter = name.slice(0, -3);
        const { values } = weights.get(parameter) ?? { values: new Float32Array() };
        const scales = decodeFloats(initializers.get(`${parameter}.scales`)?.bytes ?? new Uint8Array(), 'F16');
        expect(proto.dims.map(Number)).toEqual([Number(proto.dims[0]), expect.any(Number), (32 * bits) / 8]);
        const restored = dequantizeRows(bytes, scales, { bits, blockSize: 32 });
        expect(restored.length).toBe(values.length);
        const limit = 2 ** (bits - 1) - 1;
        const wrong = restored.findIndex((value, i) => {
          const scale = scales[Math.floor(i / 32)] ?? NaN;
          const original = values[i] ?? NaN;
          const clipped = original / scale > limit ? Math.abs(original) - limit * Math.abs(scale) : 0;
          return !(Math.abs(value - original) <= Math.max(Math.abs(scale) / 2, clipped) * 1.0001);
        });
        expect(wrong).toBe(-1);
        matrices++;
      }
    }
    // The decoder's 56 matrices and its head, the embedding, and fc2 of 3 vision layers (inner size 96).
    expect(matrices).toBe(56 + 1 + 1 + 3);
  });

  it('places external tensors without overlap, aligned, each in a file that is there', async () => {
    const out = await exportTo(FIXTURE, 'q8');
    const initializers = await readInitializers(out, 'decoder_model_merged_quantized.onnx');
    const ends = new Map<string, number>();
    for (const { location, offset, bytes, proto } of [...initializers.values()].sort((a, b) => a.offset - b.offset)) {
      if (location === undefined) continue;
      const end = ends.get(location) ?? 0;
      expect(offset % (bytes.length > 65536 ? 4096 : 64)).toBe(0);
      expect(offset).toBeGreaterThanOrEqual(end);
      expect(proto.rawData.length).toBe(0);
      ends.set(location, offset + bytes.length);
    }
    expect(ends.size).toBe(2);
  });

  it('reports progress to the last byte and warns of the missing tokenizer', async () => {
    const report = collectingReport();
    await exportPackage(options(FIXTURE, join(await temporaryFolder(), 'out'), 'q4'), report);
    expect(report.bytes.done).toBe(report.bytes.total);
    expect(report.warnings).toEqual([expect.stringContaining('tokenizer.json')]);
  });
});

describe('the same weights in another checkpoint', () => {
  async function onnxHashes(folder: string): Promise<Record<string, string>> {
    const { files } = await manifestOf(folder);
    return Object.fromEntries(
      Object.entries(files).flatMap(([path, { sha256: hash }]) => (path.startsWith('onnx/') ? [[path, hash]] : [])),
    );
  }

  it('give the same package from shards', async () => {
    const folder = await copyOfFixture();
    const whole = join(folder, 'model.safetensors');
    const names = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    const weightMap: Record<string, string> = {};
    for (const [index, name] of names.entries()) {
      await rewriteTensors(
        whole,
        (tensors) => {
          const part = tensors.filter((_, i) => i % 2 === index);
          for (const tensor of part) weightMap[tensor.name] = name;
          return part;
        },
        join(folder, name),
      );
    }
    await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: weightMap }));
    await (await import('node:fs/promises')).rm(whole);
    const out = await exportTo(folder, 'q4');
    expect(await onnxHashes(out)).toEqual(await onnxHashes(await exportTo(FIXTURE, 'q4')));
    expect(Object.keys((await manifestOf(out)).source.files)).toEqual(names);
  });

  it('give the same package from the other style of keys', async () => {
    const folder = await copyOfFixture();
    await rewriteTensors(join(folder, 'model.safetensors'), (tensors) =>
      tensors.map((tensor) => ({
        ...tensor,
        name: tensor.name
          .replace(/^language_model\.model\./, 'model.language_model.')
          .replace(/^(vision_tower|multi_modal_projector)\./, 'model.$1.'),
      })),
    );
    expect(await onnxHashes(await exportTo(folder, 'q8'))).toEqual(await onnxHashes(await exportTo(FIXTURE, 'q8')));
  });

  it('give the same package from float32', async () => {
    const folder = await copyOfFixture();
    await rewriteTensors(join(folder, 'model.safetensors'), (tensors) =>
      tensors.map((tensor) => ({
        ...tensor,
        dtype: 'F32' as const,
        data: new Uint8Array(decodeFloats(tensor.data, 'BF16').buffer),
      })),
    );
    expect(await onnxHashes(await exportTo(folder, 'q4'))).toEqual(await onnxHashes(await exportTo(FIXTURE, 'q4')));
  });
});

describe('a text-only checkpoint', () => {
  it('becomes one graph', async () => {
    const folder = await temporaryFolder();
    const checkpoint = join(folder, 'checkpoint');
    await writeRandomCheckpoint({
      config: textOnly(presetConfig('tiny')),
      out: checkpoint,
      seed: 3,
      dtype: 'BF16',
      keys: 'language_model.model',
      shardBytes: undefined,
    });
    const out = await exportTo(checkpoint, 'q4');
    expect(await filesUnder(out)).toEqual([
      'config.json',
      'generation_config.json',
      'manifest.json',
      'onnx/model_q4.onnx',
      'onnx/model_q4.onnx_data',
    ]);
    const manifest = await manifestOf(out);
    expect(manifest).toMatchObject({
      architecture: 'Gemma3ForCausalLM',
      variants: [{ decoder: 'q4', tiedEmbedding: false }],
    });
    expect(manifest.variants[0]).not.toHaveProperty('vision');
  });
});
