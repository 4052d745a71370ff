/** Gemma 3's text-only models have an id for the image token and no row for it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { newRow } from '#core/embedding/new-row.ts';
import { decodeFloats } from '#core/safetensors/dtype.ts';
import { writeRandomCheckpoint } from '../../../cli/random-checkpoint/random-weights.ts';
import { writeStandInTokenizer } from '../../../cli/random-checkpoint/stand-in-tokenizer.ts';
import { presetConfig, textOnly } from '../../../cli/shared/presets.ts';
import { readJson } from '../../reference/json.ts';
import { BASE_SIZE, MERGES, SUBWORDS, writeKoreanPack } from '../../reference/korean.ts';
import { exportTo, readInitializers, temporaryFolder } from './workbench.ts';

/** A checkpoint of 512 rows whose tokenizer has 513 ids; the last one is that of `token`. */
async function checkpointWith(token: string, config = textOnly(presetConfig('tiny', 1))): Promise<string> {
  const out = join(await temporaryFolder(), 'checkpoint');
  await writeRandomCheckpoint({
    config,
    out,
    seed: 1,
    dtype: 'BF16',
    keys: 'language_model.model',
    shardBytes: undefined,
  });
  await writeStandInTokenizer(out);
  const path = join(out, 'tokenizer.json');
  const json = JSON.parse((await readFile(path, 'utf8')).replaceAll('<image_soft_token>', '<spare>'));
  json.model.vocab[token] = BASE_SIZE;
  json.added_tokens.push({ ...json.added_tokens.at(-1), id: BASE_SIZE, content: token });
  await writeFile(path, JSON.stringify(json));
  return out;
}

it('exports as it is without --korean', async () => {
  const folder = await exportTo(await checkpointWith('<image_soft_token>'), 'q4');
  expect(await readJson(folder, 'config.json')).toMatchObject({ vocab_size: BASE_SIZE });
});

it('gets a row of zeros where the tokens of a pack follow it', async () => {
  const checkpoint = await checkpointWith('<image_soft_token>');
  const pack = join(await temporaryFolder(), 'pack.json');
  await writeKoreanPack(join(checkpoint, 'tokenizer.json'), pack, (made) => ({
    ...made,
    base: { ...made.base, size: BASE_SIZE + 1 },
    firstId: BASE_SIZE + 1,
  }));
  const folder = await exportTo(checkpoint, 'fp32', { korean: { pack, init: 'mean', untie: false } });
  expect(await readJson(folder, 'config.json')).toMatchObject({ vocab_size: BASE_SIZE + 1 + MERGES.length });
  const table = (await readInitializers(folder, 'model.onnx')).get('model.embed_tokens.weight');
  const values = decodeFloats(table?.bytes ?? expect.fail(), 'F32');
  const row = (id: number) => values.subarray(id * 160, (id + 1) * 160);
  expect(values).toHaveLength((BASE_SIZE + 1 + MERGES.length) * 160);
  expect([...row(BASE_SIZE)].every((value) => value === 0)).toBe(true);
  const { vocab } = (await readJson(folder, 'tokenizer.json'))['model'] as { vocab: Record<string, number> };
  const subwords = (SUBWORDS[0] ?? []).map((piece) => row(vocab[piece] ?? expect.fail()));
  expect(row(BASE_SIZE + 1)).toEqual(newRow('mean', subwords, 0, 0));
  expect(JSON.stringify((await readJson(folder, 'manifest.json'))['changes'])).toContain('is zeros: its logit is 0');
});

it.each([
  ['another token', '<another>', undefined],
  ['a model that takes images', '<image_soft_token>', presetConfig('tiny', 1)],
])('is not what %s is taken for', async (_, token, config) => {
  await expect(exportTo(await checkpointWith(token, config), 'q4')).rejects.toThrow(/513 ids, .* 512 rows: 1 tokens/);
});
