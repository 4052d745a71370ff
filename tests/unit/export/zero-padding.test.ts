/** A quantized vision tower whose MLP is no whole number of blocks wide (MedGemma's 4304): zeros fill it up. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { StoredWeight } from '#core/gemma3/stored.ts';
import type { Dtype } from '#core/gemma3/dtype.ts';
import type { Manifest } from '#core/protocol/manifest.ts';
import { quantizeRows } from '#core/quant/blocks.ts';
import { readHeader } from '#core/safetensors/header.ts';
import { writeSafetensors } from '#core/safetensors/write.ts';
import { initializersOf, storeWeight } from '#core/gemma3/store-weight.ts';
import { isJsonObject, type Json } from '#core/json.ts';
import { exportPackage, type ExportOptions } from '../../../cli/export/export-package.ts';
import { FileSource } from '../../../cli/shared/file-source.ts';
import { writeRandomCheckpoint } from '../../../cli/random-checkpoint/random-weights.ts';
import { cosine } from '../../reference/golden.ts';
import { golden, NodeModel } from '../../reference/node.ts';
import {
  collectingReport,
  exportTo,
  FIXTURE,
  options,
  readInitializers,
  rewriteTensors,
  temporaryFolder,
} from './workbench.ts';

vi.setConfig({ testTimeout: 60_000 });

const INNER = 100;
const FC2 = 'vision_tower.vision_model.encoder.layers.0.mlp.fc2.weight';

function withSizes(config: Json, part: 'vision_config' | 'text_config', sizes: Json): Json {
  const old = config[part];
  if (!isJsonObject(old)) throw new Error(`no ${part}`);
  return { ...config, [part]: { ...old, ...sizes } };
}

async function configOf(checkpoint: string): Promise<Json> {
  const config: unknown = JSON.parse(await readFile(join(checkpoint, 'config.json'), 'utf8'));
  if (!isJsonObject(config)) throw new Error('config.json is no object');
  return config;
}

/** The fixture's tower but for the width of its MLP, and one layer of its decoder; random weights. */
async function narrowCheckpoint(edit: (config: Json) => Json = (config) => config): Promise<string> {
  const out = join(await temporaryFolder(), 'checkpoint');
  const oneLayer = withSizes(await configOf(FIXTURE), 'text_config', { num_hidden_layers: 1 });
  const config = edit(withSizes(oneLayer, 'vision_config', { intermediate_size: INNER }));
  await writeRandomCheckpoint({
    config,
    out,
    seed: 7,
    dtype: 'BF16',
    keys: 'language_model.model',
    shardBytes: undefined,
  });
  return out;
}

/** The same checkpoint with the zeros in it: rows and biases of fc1, columns of fc2. */
async function padByHand(checkpoint: string, inner: number): Promise<string> {
  const out = join(await temporaryFolder(), 'checkpoint');
  await rewriteTensors(
    join(checkpoint, 'model.safetensors'),
    (tensors) =>
      tensors.map((tensor) => {
        const { name, shape, data } = tensor;
        const [rows = 0] = shape;
        if (name.includes('.mlp.fc1.')) {
          const wide = new Uint8Array((data.length / rows) * inner);
          wide.set(data);
          return { ...tensor, shape: [inner, ...shape.slice(1)], data: wide };
        }
        if (name.endsWith('.mlp.fc2.weight')) {
          const wide = new Uint8Array(rows * inner * 2);
          for (let row = 0; row < rows; row++)
            wide.set(data.subarray(row * INNER * 2, (row + 1) * INNER * 2), row * inner * 2);
          return { ...tensor, shape: [rows, inner], data: wide };
        }
        return tensor;
      }),
    join(out, 'model.safetensors'),
  );
  const config = withSizes(await configOf(checkpoint), 'vision_config', { intermediate_size: inner });
  await writeFile(join(out, 'config.json'), JSON.stringify(config));
  return out;
}

async function manifestOf(checkpoint: string, dtype: Dtype, more: Partial<ExportOptions> = {}): Promise<Manifest> {
  const out = join(await temporaryFolder(), 'package');
  return exportPackage(options(checkpoint, out, dtype, more), collectingReport());
}

function onnxHashes({ files }: Manifest): [path: string, hash: string][] {
  return Object.entries(files).flatMap(([path, { sha256 }]) => (path.startsWith('onnx/') ? [[path, sha256]] : []));
}

/** Features of the fixture's images, [images · tokens, 160]. */
async function features(folder: string, dtype: Dtype): Promise<Float32Array> {
  return (await NodeModel.open(folder, dtype, dtype)).features((await golden()).tensor('pixel_values'));
}

describe('a tower with an MLP of width 100', () => {
  const cases = [
    { dtype: 'q8', blockSize: 32, inner: 128 },
    { dtype: 'q8', blockSize: 16, inner: 112 },
    { dtype: 'q4', blockSize: 32, inner: 128 },
    { dtype: 'q4', blockSize: 16, inner: 112 },
  ] as const;

  it.each(cases)('in $dtype, block $blockSize: every byte as if the checkpoint had the zeros', async (found) => {
    const { dtype, blockSize, inner } = found;
    const checkpoint = await narrowCheckpoint();
    const more = { visionDtype: dtype, blockSize };
    const hashes = onnxHashes(await manifestOf(checkpoint, dtype, more));
    expect(hashes).toHaveLength(7);
    expect(hashes).toEqual(onnxHashes(await manifestOf(await padByHand(checkpoint, inner), dtype, more)));
  });

  it('computes the same with the zeros as without, in fp32', async () => {
    const checkpoint = await narrowCheckpoint();
    const without = await features(await exportTo(checkpoint, 'fp32'), 'fp32');
    const zeros = await features(await exportTo(await padByHand(checkpoint, 128), 'fp32'), 'fp32');
    expect(without.length).toBeGreaterThan(0);
    expect(Math.max(...without.map((value, i) => Math.abs(value - (zeros[i] ?? NaN))))).toBeLessThan(1e-6);
  });

  it.each([32, 16])('in q8, block %d: each token within cosine 0.999 of fp32', async (blockSize) => {
    const checkpoint = await narrowCheckpoint();
    const exact = await features(await exportTo(checkpoint, 'fp32'), 'fp32');
    const q8 = await features(await exportTo(checkpoint, 'q8', { blockSize }), 'q8');
    const cosines = [];
    for (let at = 0; at < exact.length; at += 160)
      cosines.push(cosine(q8.subarray(at, at + 160), exact.subarray(at, at + 160)));
    console.log(
      `q8, block ${String(blockSize)}, MLP 100 with zeros: least token cosine ${Math.min(...cosines).toFixed(6)}`,
    );
    expect(cosines.length).toBeGreaterThan(0);
    for (const value of cosines) expect(value).toBeGreaterThanOrEqual(0.999);
  });

  it('says so in the manifest, and lists what is left in full precision', async () => {
    const checkpoint = await narrowCheckpoint();
    const manifest = await manifestOf(checkpoint, 'q8');
    expect(manifest.changes).toContain(
      'vision_encoder: zeros fill up mlp.fc1.bias, mlp.fc1.weight, mlp.fc2.weight of every layer from 100 to 128, a multiple of the block; they change no result.',
    );
    // Width 48 is not a multiple of 32: all but fc2 of 3 layers of 6 matrices, and the projection.
    const kept = manifest.variants[0]?.unquantized ?? [];
    expect(kept).toHaveLength(3 * 5 + 1);
    expect(kept.filter(({ parameter }) => parameter.includes('fc2'))).toEqual([]);
    const narrow = await manifestOf(checkpoint, 'q8', { blockSize: 16 });
    expect(narrow.variants[0]?.unquantized).toEqual([]);
  });

  it.each(['fp32', 'fp16'] as const)('gets no zeros in %s', async (dtype) => {
    const checkpoint = await narrowCheckpoint();
    const out = await exportTo(checkpoint, dtype);
    const initializers = await readInitializers(out, `vision_encoder${dtype === 'fp16' ? '_fp16' : ''}.onnx`);
    expect(initializers.get(FC2)?.proto.dims.map(Number)).toEqual([INNER, 48]);
    expect((await manifestOf(checkpoint, dtype)).changes.join()).not.toContain('zeros');
  });

  it('gets no zeros where the width is a whole number of blocks', async () => {
    expect((await manifestOf(FIXTURE, 'q8')).changes.join()).not.toContain('zeros');
  });

  it("leaves the decoder's MLP alone: it keeps full precision", async () => {
    const checkpoint = await narrowCheckpoint((config) =>
      withSizes(config, 'text_config', { intermediate_size: INNER }),
    );
    const manifest = await manifestOf(checkpoint, 'q8');
    expect(manifest.variants[0]?.unquantized).toContainEqual({
      parameter: 'model.layers.0.mlp.down_proj.weight',
      reason: 'inner size 100 is not a multiple of the block size 32',
    });
    expect(manifest.changes.filter((change) => change.includes('zeros'))).toHaveLength(1);
  });
});

describe('a matrix that is read in several pieces', () => {
  const [ROWS, COLUMNS, ALL_ROWS, ALL_COLUMNS] = [2600, 1000, 2624, 1024];
  const values = Float32Array.from({ length: ROWS * COLUMNS }, (_, i) => ((i * 7919) % 1009) - 504);
  const padded = new Float32Array(ALL_ROWS * ALL_COLUMNS);
  for (let row = 0; row < ROWS; row++)
    padded.set(values.subarray(row * COLUMNS, (row + 1) * COLUMNS), row * ALL_COLUMNS);

  /** The bytes of each initializer, and in how many pieces they came. */
  async function store(weight: StoredWeight) {
    const path = join(await temporaryFolder(), 'model.safetensors');
    const data = new Uint8Array(values.buffer);
    await writeFile(path, writeSafetensors([{ name: 'm', dtype: 'F32', shape: [ROWS, COLUMNS], data }]));
    const source = await FileSource.open(path);
    const pieces = new Map<string, Uint8Array[]>(initializersOf(weight).map(({ name }) => [name, []]));
    try {
      const entry = (await readHeader(source)).tensors.get('m');
      if (!entry) throw new Error('no tensor');
      await storeWeight(
        weight,
        { key: 'm', source, entry: { ...entry, dtype: 'F32' } },
        {
          append: (name, bytes) => {
            pieces.get(name)?.push(Uint8Array.from(bytes));
            return Promise.resolve();
          },
        },
      );
    } finally {
      await source.close();
    }
    return new Map([...pieces].map(([name, list]) => [name, { count: list.length, bytes: Buffer.concat(list) }]));
  }

  const bytesOf = (array: Float32Array) => Buffer.from(array.buffer);
  const parameterShape = [ROWS, COLUMNS];

  it('has its zeros as blocks', async () => {
    const format = { bits: 8, blockSize: 32, scaleType: 'fp32' } as const;
    const [rows, columns] = [ALL_ROWS, ALL_COLUMNS];
    const names = { parameter: 'm', packed: 'm.q8', scales: 'm.scales' };
    const found = await store({
      store: 'blocks',
      ...names,
      ...format,
      rows,
      columns,
      parameterShape,
      transform: 'none',
    });
    const expected = quantizeRows(padded, ALL_COLUMNS, format);
    expect(found.get('m.q8')?.count).toBeGreaterThan(3);
    expect(found.get('m.q8')?.bytes.equals(expected.packed)).toBe(true);
    expect(found.get('m.scales')?.bytes.equals(bytesOf(expected.scales))).toBe(true);
  });

  it('has its zeros as floats, and as floats transposed', async () => {
    const names = { store: 'float', parameter: 'm', initializer: 'm', type: 'fp32' } as const;
    const straight = await store({ ...names, shape: [ALL_ROWS, ALL_COLUMNS], parameterShape, transform: 'none' });
    expect(straight.get('m')?.count).toBeGreaterThan(3);
    expect(straight.get('m')?.bytes.equals(bytesOf(padded))).toBe(true);
    const turned = await store({
      ...names,
      shape: [ALL_COLUMNS, ALL_ROWS],
      parameterShape: [COLUMNS, ROWS],
      transform: 'transpose',
    });
    const expected = padded.map((_, i) => padded[(i % ALL_ROWS) * ALL_COLUMNS + Math.floor(i / ALL_ROWS)] ?? NaN);
    expect(turned.get('m')?.bytes.equals(bytesOf(expected))).toBe(true);
  });
});
