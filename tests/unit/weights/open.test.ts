/** The matrices of packages and of safetensors files, read back and held against the checkpoint's tensors. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { partOf } from '#core/gemma3/parts.ts';
import type { Dtype } from '#core/gemma3/dtype.ts';
import type { WeightsSource } from '#core/protocol/weights.ts';
import type { QuantSettings } from '#core/quant/settings.ts';
import { openWeights, type OpenedWeights } from '../../../workers/weights/open.ts';
import { requantize } from '../../../workers/weights/requantize.ts';
import { exportFixture, temporaryFolder } from '../../reference/node.ts';
import {
  checkpointFile,
  differenceOf,
  originals,
  packageIn,
  request,
  rounded,
  settings,
  type Original,
} from './fixture.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const folder = temporaryFolder();
let tensors: Map<string, Original>;

beforeAll(async () => {
  tensors = await originals();
});
afterAll(() => folder.remove());

const open = (source: WeightsSource) => openWeights(source, () => undefined);

/** Every matrix of the checkpoint is there, with the values that `expected` makes of the tensor. */
async function compare(
  opened: OpenedWeights,
  expected: (tensor: Original, name: string) => Float32Array,
): Promise<void> {
  expect([...opened.matrices.keys()].filter((name) => tensors.has(name)).sort()).toEqual([...tensors.keys()].sort());
  for (const [name, tensor] of tensors) {
    const matrix = opened.matrices.get(name);
    const { rows, columns } = tensor;
    expect(matrix?.info, name).toMatchObject({ rows, columns });
    expect(differenceOf(await matrix?.values(), expected(tensor, name)), name).toBe(0);
  }
}

describe('a package in', () => {
  test.each<[Dtype, string]>([
    ['fp32', 'F32'],
    ['q8', 'q8/32'],
    ['q4', 'q4/32'],
  ])('%s', async (dtype, stored) => {
    const path = `${folder.path}/${dtype}`;
    await exportFixture(path, dtype, { visionDtype: 'fp32' });
    const opened = await open({ type: 'package', source: packageIn(path) });
    expect(opened.name).toBe(`fixture ${dtype}`);
    const isQuantized = (name: string) => dtype !== 'fp32' && partOf(name) !== 'vision';
    for (const { info } of opened.matrices.values()) {
      expect(info.stored, info.name).toBe(isQuantized(info.name) ? stored : 'F32');
    }
    await compare(opened, (tensor, name) =>
      isQuantized(name) ? rounded(tensor, settings(dtype === 'q8' ? 'q8' : 'q4')) : tensor.values,
    );
  });

  test.each<[QuantSettings, string]>([
    [settings('q4', { symmetric: false }), 'q4/32 zp'],
    [settings('q2', { symmetric: false, blockSize: 16, method: 'search' }), 'q2/16 zp'],
    [settings('q8', { symmetric: false, blockSize: 16 }), 'q8/16 zp'],
  ])('%o, with zero points', async (all, stored) => {
    const { files } = await requantize(request(all), () => undefined);
    const opened = await open({ type: 'package', source: { type: 'files', name: 'made', files } });
    expect(opened.matrices.get('model.layers.0.mlp.down_proj.weight')?.info.stored).toBe(stored);
    await compare(opened, (tensor) => rounded(tensor, all));
  });
});

describe('a safetensors file', () => {
  const source = (bytes: Uint8Array<ArrayBuffer>): WeightsSource => ({
    type: 'safetensors',
    name: 'model.safetensors',
    file: new Blob([bytes]),
  });

  test('all tensors of two axes, under canonical names', async () => {
    const opened = await open(source(Uint8Array.from(readFileSync(checkpointFile))));
    for (const [name, { values }] of tensors) {
      const matrix = opened.matrices.get(name);
      expect(matrix?.info.stored).toBe('BF16');
      // As the file has it: the projector's matrix stands there as it multiplies from the right.
      if (!name.startsWith('multi_modal_projector')) expect(differenceOf(await matrix?.values(), values), name).toBe(0);
    }
    expect(opened.matrices.has('model.norm.weight')).toBe(false);
  });

  test('of a matrix that is too large, the first rows; its norm is of all', async () => {
    const opened = await open(source(Uint8Array.from(readFileSync(checkpointFile))));
    const name = 'model.layers.2.self_attn.k_proj.weight';
    const tensor = tensors.get(name);
    const matrix = opened.matrices.get(name);
    if (!tensor || !matrix) throw new Error('no such matrix');
    expect(await matrix.values(3 * 160 + 159)).toEqual(tensor.values.slice(0, 3 * 160));
    const squares = tensor.values.reduce((sum, value) => sum + value * value, 0);
    expect(await matrix.norm()).toBeCloseTo(Math.sqrt(squares), 10);
  });

  test('a part of one is refused by name', async () => {
    const bytes = Uint8Array.from(readFileSync(checkpointFile)).slice(0, 1_000_000);
    await expect(open(source(bytes))).rejects.toThrow(/model\.safetensors: tensor ".*": truncated/);
  });
});
