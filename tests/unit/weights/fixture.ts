/** The fixture's checkpoint and packages of it, as the worker gets them. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { canonicalName } from '#core/gemma3/parameters.ts';
import type { PackageFile, PackageSource } from '#core/protocol/engine.ts';
import type { ModelPart } from '#core/gemma3/parts.ts';
import type { RequantizeRequest } from '#core/protocol/weights.ts';
import { quantize, dequantize } from '#core/quant/matrix.ts';
import type { QuantSettings } from '#core/quant/settings.ts';
import { standInTokenizer } from '../../../cli/random-checkpoint/stand-in-tokenizer.ts';
import { maxDifference, readTensors } from '../../reference/golden.ts';
import { fileSource, fixture } from '../../reference/node.ts';

export const checkpointFile = join(fixture, 'checkpoint', 'model.safetensors');

export function filesOf(folder: string): PackageFile[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path: path.slice(folder.length + 1), blob: new Blob([readFileSync(path)]) }));
}

export function packageIn(folder: string): PackageSource {
  return { type: 'files', name: 'package', files: filesOf(folder) };
}

/** The checkpoint with a tokenizer beside it, but for the files that are named. */
export function checkpoint(...without: string[]): PackageSource {
  const { tokenizer, config, specialTokensMap } = standInTokenizer();
  const json = (path: string, content: unknown) => ({ path, blob: new Blob([JSON.stringify(content)]) });
  const beside = [
    json('tokenizer.json', tokenizer),
    json('tokenizer_config.json', config),
    json('special_tokens_map.json', specialTokensMap),
  ];
  const files = [...filesOf(join(fixture, 'checkpoint')), ...beside];
  return { type: 'files', name: 'fixture', files: files.filter(({ path }) => !without.includes(path)) };
}

export function settings(format: QuantSettings['format'], more: Partial<QuantSettings> = {}): QuantSettings {
  return { format, symmetric: true, blockSize: 32, method: 'round', ...more };
}

export function request(all: QuantSettings, parts: Partial<Record<ModelPart, QuantSettings>> = {}): RequantizeRequest {
  return {
    checkpoint: checkpoint(),
    parts: { attention: all, mlp: all, head: all, vision: all, ...parts },
    name: 'made in a test',
  };
}

export async function write(folder: string, files: readonly PackageFile[]): Promise<void> {
  for (const { path, blob } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), new Uint8Array(await blob.arrayBuffer()));
  }
}

export interface Original {
  rows: number;
  columns: number;
  values: Float32Array;
}

/** The matrices that the graphs multiply by, as M in y = x · Mᵀ, by canonical name. */
export async function originals(): Promise<Map<string, Original>> {
  const found = new Map<string, Original>();
  for (const [key, { shape, data }] of await readTensors(fileSource(checkpointFile))) {
    const name = canonicalName(key);
    const [rows = 0, columns = 0] = shape;
    if (shape.length !== 2 || name.includes('position_embedding')) continue;
    if (name === 'multi_modal_projector.mm_input_projection_weight') {
      const values = Float32Array.from(data, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)] ?? NaN);
      found.set(name, { rows: columns, columns: rows, values });
    } else found.set(name, { rows, columns, values: data });
  }
  return found;
}

export function rounded({ values, columns }: Original, by: QuantSettings): Float32Array {
  return dequantize(quantize(values, columns, by));
}

/** Largest difference; NaN where they are not of one length. A zero may have another sign: 0 · −s. */
export function differenceOf(found: Float32Array | undefined, wanted: Float32Array): number {
  return found?.length === wanted.length ? maxDifference(found, wanted) : NaN;
}
