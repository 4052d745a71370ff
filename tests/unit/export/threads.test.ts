/** Threads change the time of an export and nothing else. */
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { storeWeight } from '#core/gemma3/store-weight.ts';
import type { StoredBlocks } from '#core/gemma3/stored.ts';
import { MemorySource } from '#core/memory-source.ts';
import { quantizeRows, type QuantizedRows } from '#core/quant/blocks.ts';
import { exportPackage } from '../../../cli/export/export-package.ts';
import { QuantizePool } from '../../../cli/export/quantize-pool.ts';
import { StoppedError } from '../../../cli/shared/errors.ts';
import { readJson } from '../../reference/json.ts';
import {
  collectingReport,
  copyOfFixture,
  exportTo,
  FIXTURE,
  options,
  rewriteTensors,
  temporaryFolder,
} from './workbench.ts';

async function filesOf(folder: string): Promise<unknown> {
  return (await readJson(folder, 'manifest.json'))['files'];
}

it('gives the same files with one thread and with two', async () => {
  const method = 'search';
  const [one, two] = [
    await exportTo(FIXTURE, 'q4', { method, threads: 1 }),
    await exportTo(FIXTURE, 'q4', { method, threads: 2 }),
  ];
  expect(await filesOf(two)).toEqual(await filesOf(one));
});

it('ends with the message about a damaged weight and leaves nothing, with threads at work', async () => {
  const folder = await copyOfFixture();
  await rewriteTensors(join(folder, 'model.safetensors'), (tensors) =>
    tensors.map((tensor) => {
      if (!tensor.name.endsWith('layers.3.mlp.up_proj.weight')) return tensor;
      // A bfloat16 that is NaN, in the middle of the matrix.
      const data = tensor.data.slice();
      data.set([0xc0, 0x7f], Math.floor(data.length / 4) * 2);
      return { ...tensor, data };
    }),
  );
  const out = join(await temporaryFolder(), 'deep', 'package');
  await expect(exportPackage(options(folder, out, 'q4', { threads: 2 }), collectingReport())).rejects.toThrow(
    /layers\.3\.mlp\.up_proj\.weight.*NaN/,
  );
  expect(await readdir(dirname(dirname(out)))).toEqual([]);
});

it('stops with the reason of the signal and leaves nothing, with threads at work', async () => {
  const stop = new AbortController();
  const report = collectingReport(stop.signal);
  const out = join(await temporaryFolder(), 'deep', 'package');
  report.progress = () => ({ add: () => stop.abort(new StoppedError('SIGINT')), stop: () => undefined });
  await expect(exportPackage(options(FIXTURE, out, 'q4', { threads: 2 }), report)).rejects.toThrow('stopped by SIGINT');
  expect(await readdir(dirname(dirname(out)))).toEqual([]);
});

it('passes on what a thread throws, and refuses work after it is closed', async () => {
  const pool = new QuantizePool(1);
  const format = { bits: 4, blockSize: 32, scaleType: 'fp32', hasZeroPoints: true } as const;
  try {
    const values = Float32Array.from({ length: 256 }, (_, i) => Math.sin(i));
    const expected = quantizeRows(values, 64, format, 'search');
    // A view of a larger buffer is copied: what is beside it stays where it is.
    const larger = new Float32Array(300);
    larger.set(values, 20);
    expect(await pool.quantize(larger.subarray(20, 276), 64, format, 'search')).toEqual(expected);
    expect(larger).toHaveLength(300);
    await expect(pool.quantize(new Float32Array(100), 50, format, 'round')).rejects.toThrow(
      '50 columns are not a multiple of block 32',
    );
    const unfinished = pool.quantize(values, 64, format, 'search');
    const refused = expect(unfinished).rejects.toThrow('the pool is closed');
    await pool.close();
    await refused;
  } finally {
    await pool.close();
  }
  await expect(pool.quantize(new Float32Array(64), 64, format, 'round')).rejects.toThrow('the pool is closed');
});

it('writes pieces in their order though they end in another, and holds no more than it may', async () => {
  const [rows, columns] = [64, 32768];
  const values = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i));
  const source = new MemorySource('m.safetensors', new Uint8Array(values.buffer));
  const weight: StoredBlocks = {
    ...{
      store: 'blocks',
      parameter: 'm',
      packed: 'm.q4',
      scales: 'm.scales',
      bits: 4,
      blockSize: 32,
      scaleType: 'fp32',
    },
    ...{ rows, columns, parameterShape: [rows, columns], transform: 'none' },
  };
  const entry = { name: 'm', dtype: 'F32' as const, shape: [rows, columns], begin: 0, end: values.byteLength };
  let inMemory = 0;
  let most = 0;
  const written: Uint8Array[] = [];
  const quantize = async (...args: Parameters<typeof quantizeRows>): Promise<QuantizedRows> => {
    most = Math.max(most, ++inMemory);
    const quantized = quantizeRows(...args);
    // Later pieces end first.
    await new Promise((resolve) => setTimeout(resolve, 20 - 4 * inMemory));
    return quantized;
  };
  await storeWeight(
    weight,
    { key: 'm', source, entry },
    {
      append: (name, bytes) => {
        if (name === 'm.q4') inMemory--;
        if (name === 'm.q4') written.push(bytes);
        return Promise.resolve();
      },
    },
    { quantize, pieces: 3 },
  );
  expect(written.length).toBeGreaterThan(4);
  expect(most).toBe(3);
  const { packed } = quantizeRows(values, columns, weight, 'round');
  expect(Buffer.concat(written).equals(packed)).toBe(true);
});
