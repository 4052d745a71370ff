/** Which variant of a package a device runs, and why. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FolderReader } from '../../../cli/shared/folder-reader.ts';
import { checkSizeAhead } from '../../../workers/engine/model/checks.ts';
import { readPackage, type ModelPackage } from '../../../workers/engine/model/package.ts';
import { chooseVariant } from '../../../workers/engine/model/variant.ts';
import { exportFixture, temporaryFolder } from '../../reference/node.ts';

const folders = { q4f16: temporaryFolder(), q4: temporaryFolder() };
const packages = new Map<string, ModelPackage>();
beforeAll(async () => {
  for (const dtype of ['q4f16', 'q4'] as const) {
    await exportFixture(folders[dtype].path, dtype);
    const reader = await FolderReader.open(folders[dtype].path, { wanted: 'package', recursive: true });
    packages.set(dtype, await readPackage(reader));
  }
});
afterAll(() => Object.values(folders).forEach((folder) => folder.remove()));

type Device = Parameters<typeof chooseVariant>[1];
/** What is asked of a device here. */
function device(features: readonly string[]): Device {
  const gpu: unknown = { device: { features: new Set(features) } };
  const isGpu = (value: unknown): value is Device['gpu'] => value === gpu;
  if (!isGpu(gpu)) throw new Error('not the device');
  return { gpu };
}

const cases: [string, string, Device, string | undefined, string, string][] = [
  ['both, on a GPU with shader-f16', 'q4f16', device(['shader-f16']), undefined, 'q4f16', 'float16'],
  ['both, on a GPU without it', 'q4f16', device([]), undefined, 'q4', 'no-float16'],
  ['both, on the CPU', 'q4f16', { gpu: undefined }, undefined, 'q4', 'cpu'],
  ['both, one asked for', 'q4f16', device(['shader-f16']), 'q4', 'q4', 'asked'],
  ['one, on a GPU with shader-f16', 'q4', device(['shader-f16']), undefined, 'q4', 'only-one'],
];

test.each(cases)('%s', (_, name, on, wanted, dtype, reason) => {
  const pack = packages.get(name);
  if (!pack) throw new Error('no package');
  const chosen = chooseVariant(pack, on, wanted);
  expect(chosen.reason).toBe(reason);
  expect(chosen.pack.decoder).toMatchObject({ dtype, path: `onnx/decoder_model_merged_${dtype}.onnx` });
  expect(chosen.pack.embedding?.path).toBe(`onnx/embed_tokens_${dtype}.onnx`);
  expect(chosen.pack.vision?.dtype).toBe('q8');
  expect(chosen.pack.tiedEmbedding).toBe(true);
});

test('a variant that the package does not have is named', () => {
  const pack = packages.get('q4');
  expect(() => pack && chooseVariant(pack, { gpu: undefined }, 'q4f16')).toThrow(
    expect.objectContaining({ code: 'file-missing', detail: { file: 'onnx/decoder_model_merged_q4.onnx (q4f16)' } }),
  );
});

test('what the CPU cannot hold is refused before its weights are downloaded, by what each graph holds', async () => {
  const pack = packages.get('q4');
  if (!pack?.manifest) throw new Error('no package');
  const scaled = (factor: number) => {
    const entries = Object.entries(pack.manifest?.files ?? {});
    const files = Object.fromEntries(entries.map(([path, file]) => [path, { ...file, size: file.size * factor }]));
    return { ...pack, manifest: { files } };
  };
  let started = 0;
  const start = (cpuReason: 'no-webgpu' | 'software-adapter') => () => {
    started++;
    return Promise.resolve({ info: { provider: 'wasm', build: 'wasm', adapter: undefined, cpuReason } as const });
  };
  await checkSizeAhead(scaled(1), start('no-webgpu'));
  expect(started).toBe(0);
  await expect(checkSizeAhead(scaled(20_000), start('no-webgpu'))).rejects.toMatchObject({
    code: 'too-large-for-cpu',
    detail: { limit: 1.2e9 },
  });
  // A software GPU takes it.
  await checkSizeAhead(scaled(20_000), start('software-adapter'));
  expect(started).toBe(2);
});
