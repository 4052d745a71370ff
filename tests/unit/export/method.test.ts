/** `--method search` against `round`: the same file layout, weights nearer to the checkpoint's, and predictions too. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import type { Manifest } from '#core/protocol/manifest.ts';
import { Distances } from '#core/quant/compare.ts';
import { dequantizeRows } from '#core/quant/blocks.ts';
import { QUANT_METHODS, type QuantMethod } from '#core/quant/settings.ts';
import { decodeFloats } from '#core/safetensors/dtype.ts';
import { caseNames } from '../../reference/golden.ts';
import { golden, NodeModel } from '../../reference/node.ts';
import { exportTo, FIXTURE, readInitializers, type ReadInitializer } from './workbench.ts';

vi.setConfig({ testTimeout: 120_000 });

const DECODER = 'decoder_model_merged';
const VOCABULARY = 512;

const byMethod = async <T>(make: (method: QuantMethod) => Promise<T>): Promise<Record<QuantMethod, T>> => ({
  round: await make('round'),
  search: await make('search'),
});

async function decoderOf(folder: string, suffix: string): Promise<Map<string, ReadInitializer>> {
  return readInitializers(folder, `${DECODER}${suffix}.onnx`);
}

/** Weights in float32 of a quantized matrix of the decoder. */
function matrix(decoder: Map<string, ReadInitializer>, parameter: string): Float32Array {
  const packed = decoder.get(`${parameter}.q4`);
  const scales = decoder.get(`${parameter}.scales`);
  if (!packed || !scales) throw new Error(`no ${parameter}`);
  return dequantizeRows(packed.bytes, decodeFloats(scales.bytes, 'F16'), { bits: 4, blockSize: 32 });
}

it('leaves less error in every matrix, says so, and predicts more like the original', async () => {
  const folders = await byMethod((method) => exportTo(FIXTURE, 'q4', { method }));
  const decoders = await byMethod((method) => decoderOf(folders[method], '_q4'));
  const original = await readInitializers(await exportTo(FIXTURE, 'fp32'), `${DECODER}.onnx`);
  expect([...decoders.search.keys()]).toEqual([...decoders.round.keys()]);

  const parameters = [...decoders.round.keys()].filter((name) => name.endsWith('.q4')).map((name) => name.slice(0, -3));
  expect(parameters).toHaveLength(57);
  for (const parameter of parameters) {
    const { proto, bytes } = original.get(parameter) ?? {};
    if (!proto || !bytes) throw new Error(`no ${parameter}`);
    const isTable = parameter.includes('embed_tokens');
    const errors = QUANT_METHODS.map((method) => {
      const found = matrix(decoders[method], parameter);
      const floats = decodeFloats(bytes, 'F32');
      const [rows = NaN, columns = NaN] = proto.dims.map(Number);
      // The fp32 graph multiplies by the transpose, but for the table of embeddings.
      const at = (i: number) => (isTable ? i : (i % columns) * rows + Math.floor(i / columns));
      return floats.reduce((sum, value, i) => sum + (value - (found[at(i)] ?? NaN)) ** 2, 0);
    });
    const [round = NaN, search = NaN] = errors;
    expect(search / round).toBeLessThan(0.95);
    // Nothing is misplaced: error is small beside the weights.
    const all = decodeFloats(bytes, 'F32').reduce((sum, value) => sum + value * value, 0);
    expect(search / all).toBeLessThan(0.01);
  }

  const { round, search } = await byMethod(async (method) => {
    const manifest: Manifest = JSON.parse(await readFile(join(folders[method], 'manifest.json'), 'utf8'));
    expect(manifest.variants[0]?.method).toBe(method);
    return divergence(folders[method]);
  });
  expect(search).toBeLessThan(round);
  expect(search).toBeGreaterThan(0);
});

it('is not in the manifest of a package without quantized weights', async () => {
  const folder = await exportTo(FIXTURE, 'fp16', { method: 'search' });
  const manifest: Manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
  expect(manifest.variants[0]).not.toHaveProperty('method');
});

/** Mean KL of the next token against the reference implementation's logits, over all tokens of the fixture. */
async function divergence(folder: string): Promise<number> {
  const reference = await golden();
  const model = await NodeModel.open(folder, 'q4');
  const features = await model.features(reference.tensor('pixel_values'));
  const distances = new Distances();
  for (const name of caseNames) {
    const { logits } = await model.prefill(reference.cases[name]?.input_ids ?? [], { features });
    const expected = reference.tensor(`${name}.logits`).data;
    for (let at = 0; at < expected.length; at += VOCABULARY)
      distances.add(expected.subarray(at, at + VOCABULARY), logits.subarray(at, at + VOCABULARY));
  }
  return distances.total?.kl ?? NaN;
}
