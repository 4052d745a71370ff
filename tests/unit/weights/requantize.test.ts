/** Packages that are made in the page, run by ONNX Runtime on the CPU. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { partOf } from '#core/gemma3/parts.ts';
import { FailureError } from '#core/failure.ts';
import { DTYPE_SUFFIX } from '#core/gemma3/package-graphs.ts';
import type { Dtype } from '#core/gemma3/dtype.ts';
import type { RequantizedPackage, RequantizeRequest } from '#core/protocol/weights.ts';
import { measure } from '#core/quant/measures.ts';
import { quantize } from '#core/quant/matrix.ts';
import type { QuantSettings } from '#core/quant/settings.ts';
import { openWeights } from '../../../workers/weights/open.ts';
import { requantize } from '../../../workers/weights/requantize.ts';
import { caseNames, maxDifference, type Golden } from '../../reference/golden.ts';
import { exportFixture, golden, NodeModel, temporaryFolder } from '../../reference/node.ts';
import { readInitializers } from '../export/workbench.ts';
import { matrixProducts, productErrors } from '../parity/matrices.ts';
import { checkpoint, differenceOf, originals, request, rounded, settings, write, type Original } from './fixture.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const folder = temporaryFolder();
let reference: Golden;
let tensors: Map<string, Original>;
let made = 0;

beforeAll(async () => {
  reference = await golden();
  tensors = await originals();
  await exportFixture(`${folder.path}/fp32`, 'fp32');
  await exportFixture(`${folder.path}/q4`, 'q4');
});
afterAll(() => folder.remove());

async function make(asked: RequantizeRequest): Promise<RequantizedPackage & { path: string }> {
  const told: number[] = [];
  const result = await requantize(asked, (done, total) => told.push(done / total));
  expect(told.at(-1)).toBe(1);
  const path = `${folder.path}/made-${++made}`;
  await write(path, result.files);
  return { ...result, path };
}

async function logitsOf(model: NodeModel): Promise<Float32Array[]> {
  const features = await model.features(reference.tensor('pixel_values'));
  const logits: Float32Array[] = [];
  for (const name of caseNames) {
    logits.push((await model.prefill(reference.cases[name]?.input_ids ?? [], { features })).logits);
  }
  return logits;
}

test('in fp16: the reference implementation’s logits', async () => {
  const { path, asFloats, bitsPerWeight } = await make(request(settings('fp16')));
  const logits = await logitsOf(await NodeModel.open(path, 'fp32'));
  for (const [index, name] of caseNames.entries())
    expect(maxDifference(logits[index] ?? [], reference.tensor(`${name}.logits`).data)).toBeLessThan(1e-3);
  expect(asFloats).toEqual(['attention', 'mlp', 'head', 'vision']);
  // Norms, biases and the patch embedding stay in float32.
  expect(bitsPerWeight).toBeGreaterThan(16);
  expect(bitsPerWeight).toBeLessThan(17);
});

test.each(['decoder_model_merged', 'embed_tokens'])(
  'in 4 bits, symmetric, rounded: %s is the exporter’s, byte for byte',
  async (graph) => {
    const { path, asFloats } = await make(request(settings('q4'), { vision: settings('q8', { blockSize: 16 }) }));
    const own = await readInitializers(path, `${graph}_q4.onnx`);
    const exported = await readInitializers(`${folder.path}/q4`, `${graph}_q4.onnx`);
    expect([...own.keys()]).toEqual([...exported.keys()]);
    for (const [name, { bytes }] of exported) expect(own.get(name)?.bytes, name).toEqual(bytes);
    expect(asFloats).toEqual([]);
  },
);

describe('with zero points, products and rows are as near to the original as without:', () => {
  // Rounding costs that much (see parity/quantized.test.ts); a zero point that is not read costs more than 1.
  test.each<[Dtype, QuantSettings, number]>([
    ['q8', settings('q8', { symmetric: false }), 0.008],
    ['q4', settings('q4', { symmetric: false }), 0.11],
    ['q4', settings('q4', { symmetric: false, method: 'search', blockSize: 16 }), 0.1],
    ['q2', settings('q2', { symmetric: false, blockSize: 16 }), 0.45],
  ])('%s, %o', async (dtype, all, most) => {
    const { path } = await make(request(all, { vision: settings('fp16') }));
    const file = DTYPE_SUFFIX[dtype];
    const products = await matrixProducts(path, `decoder_model_merged${file}.onnx`);
    const exact = await matrixProducts(`${folder.path}/fp32`, 'decoder_model_merged.onnx');
    const errors = productErrors(products, exact);
    expect(Math.max(...errors.values())).toBeLessThan(most);

    const table = tensors.get('model.embed_tokens.weight');
    if (!table) throw new Error('no table');
    const ids = [0, 7, 511];
    const rows = await (await NodeModel.open(path, dtype, 'fp32')).embeddings(ids);
    const values = rounded(table, all);
    const wanted = ids.flatMap((id) => [...values.subarray(id * 160, (id + 1) * 160)].map((x) => x * Math.sqrt(160)));
    expect(maxDifference(rows, wanted)).toBeLessThan(1e-4);
  });
});

describe('each part in its own settings:', () => {
  const parts = {
    attention: settings('nf4', { blockSize: 64 }),
    mlp: settings('q2', { symmetric: false, blockSize: 16 }),
    head: settings('q8'),
    vision: settings('q3'),
  };

  test('its matrices and no others, and what they take', async () => {
    const { path, files, asFloats, weightBytes, bitsPerWeight } = await make({ ...request(settings('q4')), parts });
    expect(asFloats).toEqual(['attention', 'vision']);
    const source = { type: 'files', name: 'made', files } as const;
    const { matrices } = await openWeights({ type: 'package', source }, () => undefined);
    let [bytes, weights] = [0, 0];
    for (const [name, tensor] of tensors) {
      const part = partOf(name);
      if (part === undefined) throw new Error(`${name} is of no part`);
      const values = rounded(tensor, parts[part]);
      expect(differenceOf(await matrices.get(name)?.values(), values), name).toBe(0);
      bytes += measure(tensor.values, values, quantize(tensor.values, tensor.columns, parts[part])).bytes;
      weights += values.length;
    }
    const others = await otherWeights();
    expect(weightBytes).toBe(bytes + others * 4);
    expect(bitsPerWeight).toBeCloseTo(((bytes + others * 4) * 8) / (weights + others), 12);
    // It runs.
    const [logits] = await logitsOf(await NodeModel.open(path, 'q2', 'fp32'));
    expect(logits?.every(Number.isFinite)).toBe(true);
  });

  test('columns that are not whole blocks are floats of the same values', async () => {
    const all = settings('q4', { blockSize: 64 });
    const { files, asFloats } = await make(request(all));
    // 160 columns are two blocks and a half, 128 and 320 are whole ones.
    expect(asFloats).toEqual(['attention', 'mlp', 'head', 'vision']);
    const source = { type: 'files', name: 'made', files } as const;
    const { matrices } = await openWeights({ type: 'package', source }, () => undefined);
    const stored = (name: string) => matrices.get(`model.layers.1.${name}.weight`)?.info.stored;
    expect([stored('self_attn.q_proj'), stored('self_attn.o_proj'), stored('mlp.down_proj')]).toEqual([
      'F32',
      'q4/64',
      'q4/64',
    ]);
    for (const [name, tensor] of tensors) {
      const matrix = matrices.get(name);
      if (!matrix) throw new Error(`no ${name}`);
      // Zeros may fill up the tower's MLP, below and to the right.
      const wide = await matrix.values();
      const values = Float32Array.from(tensor.values, (_, i) => {
        const [row, column] = [Math.floor(i / tensor.columns), i % tensor.columns];
        return wide[row * matrix.info.columns + column] ?? NaN;
      });
      expect(differenceOf(values, rounded(tensor, all)), name).toBe(0);
    }
  });
});

/** Parameters that are no matrix: norms, biases, patch and position embedding. */
async function otherWeights(): Promise<number> {
  const manifest: { parameters: number } = JSON.parse(await readFile(`${folder.path}/fp32/manifest.json`, 'utf8'));
  return manifest.parameters - [...tensors.values()].reduce((sum, { values }) => sum + values.length, 0);
}

describe('is refused:', () => {
  test.each(['tokenizer.json', 'tokenizer_config.json', 'config.json', 'model.safetensors'])(
    'a checkpoint without %s',
    async (file) => {
      const asked = { ...request(settings('q4')), checkpoint: checkpoint(file) };
      const error: unknown = await requantize(asked, () => undefined).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(FailureError);
      expect(error).toMatchObject({ code: 'file-missing', detail: { file } });
    },
  );
});
