/** A package of the teaching model's form with random weights: small, and it knows nothing. */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { Dtype } from '#core/gemma3/dtype.ts';
import { isJsonObject, type Json } from '#core/json.ts';
import { exportFixture } from '../../reference/node.ts';
import { presetConfig } from '../../../cli/shared/presets.ts';
import { writeRandomCheckpoint } from '../../../cli/random-checkpoint/random-weights.ts';
import { writeStandInTokenizer } from '../../../cli/random-checkpoint/stand-in-tokenizer.ts';

/** A folder that goes away with the file's tests. */
export async function folderOfFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'evaluation-test-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** `tiny`, narrower, of a local and a global layer, for images of 64 × 64, with the end of turn of the stand-in tokenizer. */
function config(): Json {
  const json = presetConfig('tiny');
  const { text_config: text, vision_config: vision } = json;
  if (!isJsonObject(text) || !isJsonObject(vision)) throw new Error('a preset has both parts');
  Object.assign(text, { hidden_size: 64, intermediate_size: 64, num_hidden_layers: 2, sliding_window_pattern: 2 });
  Object.assign(text, { max_position_embeddings: 1024 });
  Object.assign(vision, { image_size: 64, patch_size: 8, num_hidden_layers: 1 });
  return { ...json, eos_token_id: [1, 3] };
}

export async function writeRandomTeachingCheckpoint(out: string): Promise<void> {
  const keys = 'model.language_model';
  await writeRandomCheckpoint({ config: config(), out, seed: 3, dtype: 'F32', keys, shardBytes: undefined });
  await writeStandInTokenizer(out);
}

export async function exportRandomTeachingModel(
  folder: string,
  dtype: Dtype,
  options: { context?: number } = {},
): Promise<string> {
  const checkpoint = join(folder, 'checkpoint');
  await writeRandomTeachingCheckpoint(checkpoint);
  const out = join(folder, `random-${dtype}-${options.context ?? 1024}`);
  await exportFixture(out, dtype, { checkpoint, context: options.context ?? 1024 });
  return out;
}

/** A copy of a package with one file changed (or removed: undefined). */
export async function changed(package_: string, out: string, file: string, content?: string): Promise<string> {
  await cp(package_, out, { recursive: true });
  if (content === undefined) await rm(join(out, file));
  else await writeFile(join(out, file), content);
  return out;
}
