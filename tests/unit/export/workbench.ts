/** Folders, checkpoints and reports for tests of the exporter. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromBinary } from '@bufbuild/protobuf';
import { onTestFinished } from 'vitest';
import { ModelProtoSchema, type TensorProto } from '#core/onnx/onnx_pb.ts';
import { readHeader } from '#core/safetensors/header.ts';
import { MemorySource } from '#core/memory-source.ts';
import { writeSafetensors, type TensorPlan } from '#core/safetensors/write.ts';
import { VISION_DTYPE } from '#core/gemma3/package-graphs.ts';
import { exportPackage, type ExportOptions, type ExportReport } from '../../../cli/export/export-package.ts';
import { presetConfig, type PresetName } from '../../../cli/shared/presets.ts';
import { writeRandomCheckpoint } from '../../../cli/random-checkpoint/random-weights.ts';

export const FIXTURE = fileURLToPath(new URL('../../fixtures/gemma3-tiny/checkpoint', import.meta.url));

/** An empty folder that goes away with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'export-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A copy of the fixture that the test may damage. */
export async function copyOfFixture(): Promise<string> {
  const folder = join(await temporaryFolder(), 'checkpoint');
  await cp(FIXTURE, folder, { recursive: true });
  return folder;
}

/** A checkpoint with random weights in the shape of a preset, `text` changed in its text_config. */
export async function randomCheckpoint(preset: PresetName, text: Record<string, unknown> = {}): Promise<string> {
  const config = presetConfig(preset);
  Object.assign(config['text_config'] ?? {}, text);
  // A smaller vocabulary still has the image token.
  const { vocab_size: rows } = text;
  if (typeof rows === 'number' && 'image_token_index' in config) config['image_token_index'] = rows - 1;
  const out = join(await temporaryFolder(), 'checkpoint');
  await writeRandomCheckpoint({
    config,
    out,
    seed: 1,
    dtype: 'BF16',
    keys: 'language_model.model',
    shardBytes: undefined,
  });
  return out;
}

export interface EditableTensor extends TensorPlan {
  data: Uint8Array;
}

/** Reads a safetensors file, lets `edit` change the list of tensors, and writes it to `to`. */
export async function rewriteTensors(
  from: string,
  edit: (tensors: EditableTensor[]) => EditableTensor[],
  to: string = from,
): Promise<void> {
  const bytes = await readFile(from);
  const { tensors } = await readHeader(new MemorySource(from, bytes));
  const list = [...tensors.values()].map(({ name, dtype, shape, begin, end }) => ({
    name,
    dtype,
    shape,
    data: Uint8Array.from(bytes.subarray(begin, end)),
  }));
  await mkdir(dirname(to), { recursive: true });
  await writeFile(to, writeSafetensors(edit(list)));
}

export interface CollectedReport extends ExportReport {
  notes: string[];
  warnings: string[];
  bytes: { total: number; done: number };
}

export function collectingReport(signal?: AbortSignal): CollectedReport {
  const report: CollectedReport = {
    notes: [],
    warnings: [],
    bytes: { total: 0, done: 0 },
    note: (text) => report.notes.push(text),
    warn: (text) => report.warnings.push(text),
    progress: (total) => {
      report.bytes.total = total;
      return { add: (bytes) => (report.bytes.done += bytes), stop: () => undefined };
    },
    ...(signal ? { signal } : {}),
  };
  return report;
}

export function options(
  checkpoint: string,
  out: string,
  dtype: ExportOptions['dtype'],
  more: Partial<ExportOptions> = {},
): ExportOptions {
  return {
    checkpoint,
    out,
    dtype,
    visionDtype: VISION_DTYPE[dtype],
    blockSize: 32,
    context: 128,
    name: undefined,
    randomWeights: true,
    notice: 'a test',
    ...more,
  };
}

export async function exportTo(
  checkpoint: string,
  dtype: ExportOptions['dtype'],
  more: Partial<ExportOptions> = {},
): Promise<string> {
  const out = join(await temporaryFolder(), 'package');
  await exportPackage(options(checkpoint, out, dtype, more), collectingReport());
  return out;
}

/** Paths of all files under a folder, sorted, with "/". */
export async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    )
    .sort();
}

export interface ReadInitializer {
  proto: TensorProto;
  /** Undefined for tensors inside the model. */
  location: string | undefined;
  offset: number;
  bytes: Uint8Array<ArrayBuffer>;
}

/** Initializers of an ONNX file by name, with the bytes that external data points to. */
export async function readInitializers(package_: string, modelFile: string): Promise<Map<string, ReadInitializer>> {
  const model = fromBinary(ModelProtoSchema, await readFile(join(package_, 'onnx', modelFile)));
  const initializers = new Map<string, ReadInitializer>();
  for (const proto of model.graph?.initializer ?? []) {
    const external = new Map(proto.externalData.map(({ key, value }) => [key, value]));
    const location = external.get('location');
    const offset = Number(external.get('offset') ?? 0);
    const source = location === undefined ? proto.rawData : await readFile(join(package_, 'onnx', location));
    const length = Number(external.get('length') ?? source.byteLength);
    initializers.set(proto.name, {
      proto,
      location,
      offset,
      bytes: Uint8Array.from(source.subarray(offset, offset + length)),
    });
  }
  return initializers;
}
