/** What people give in place of a checkpoint or an adapter is named, with the next command. */
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { addAdapter } from '../../../cli/export/adapter.ts';
import { openCheckpoint } from '../../../cli/export/checkpoint.ts';
import type { AdapterBeside } from '#core/export/checkpoint.ts';
import { openModel } from '../../../cli/evaluate/model.ts';
import { FIXTURE, rewriteTensors, temporaryFolder } from '../export/workbench.ts';

/** A folder with these files; a value is the text of a file, or the target of a link after "→". */
async function folderWith(files: Record<string, string>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    if (text.startsWith('→')) symlinkSync(text.slice(1), join(folder, path));
    else writeFileSync(join(folder, path), text);
  }
  return folder;
}

const messageOf = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

const SNAPSHOT = 'models--google--medgemma-4b-it/snapshots/290cda5eeccbee130f987c4ad74a59ae6f196408';

it.each<[string, Record<string, string>, RegExp]>([
  [
    'GGUF',
    { 'medgemma-4b-it-Q4_K_M.gguf': 'GGUF' },
    /this is GGUF \(llama\.cpp\) \(medgemma.*hf download google\/medgemma-4b-it --local-dir/,
  ],
  ['GGUF beside config.json', { 'config.json': '{}', 'x.gguf': '' }, /neither model\.safetensors nor .* this is GGUF/],
  [
    'PyTorch',
    { 'config.json': '{}', 'pytorch_model-00001-of-00002.bin': '' },
    /this is a PyTorch pickle .*save_pretrained/,
  ],
  [
    'original weights',
    { 'consolidated.00.pth': '', 'params.json': '{}' },
    /consolidated weights of the original code base/,
  ],
  ['TensorFlow', { 'config.json': '{}', 'tf_model.h5': '' }, /TensorFlow or Flax weights \(tf_model\.h5\)/],
  ['Flax', { 'config.json': '{}', 'flax_model.msgpack': '' }, /TensorFlow or Flax weights \(flax_model\.msgpack\)/],
  ['MLX weights', { 'config.json': '{}', 'weights.00.safetensors': '' }, /this is MLX weights/],
  ['MediaPipe', { 'gemma3-1b-it-int4.task': '' }, /a model for LiteRT or MediaPipe/],
  [
    'an adapter alone',
    { 'adapter_config.json': '{}', 'adapter_model.safetensors': '' },
    /a LoRA adapter \(PEFT\) .*--checkpoint BASE --adapter ADAPTER/,
  ],
  [
    'an ONNX package',
    { 'config.json': '{}', 'onnx/model_q4.onnx': '' },
    /a model package \(ONNX\) \(onnx\/model_q4\.onnx\).*open it in the page/,
  ],
  [
    'the cache of the hub',
    { [`${SNAPSHOT}/config.json`]: '{}', 'models--google--medgemma-4b-it/refs/main': 'x' },
    new RegExp(`cache of Hugging Face's hub .*name the snapshot in it: ${SNAPSHOT}$`),
  ],
  [
    'a model of the cache',
    { 'snapshots/abc/config.json': '{}', 'blobs/1': '', 'refs/main': '' },
    /name the snapshot in it: snapshots\/abc$/,
  ],
  [
    'a folder around',
    { 'medgemma/config.json': '{}', 'medgemma/model.safetensors': '' },
    /name the folder in it: medgemma$/,
  ],
  ['an archive', { 'medgemma.tar.gz': '' }, /an archive .*unpack it/],
  [
    'links to nothing',
    { 'config.json': '→../../blobs/1', 'model.safetensors': '→../../blobs/2' },
    /config\.json is a link to \.\.\/\.\.\/blobs\/1, which does not exist \(2 such links\).*cp -rL/,
  ],
  ['nothing', {}, /the folder is empty; --checkpoint names a folder/],
  [
    'shards without an index',
    { 'config.json': '{}', 'model-00001-of-00002.safetensors': '' },
    /neither model\.safetensors nor model\.safetensors\.index\.json/,
  ],
])('a checkpoint: %s', async (_, files, message) => {
  const folder = await folderWith(files);
  expect(await messageOf(openCheckpoint(folder))).toMatch(message);
});

it('a checkpoint: a file, an id of the hub, an address', async () => {
  const folder = await folderWith({ 'm.gguf': 'GGUF', 'model.safetensors': '', 'a.txt': '' });
  expect(await messageOf(openCheckpoint(join(folder, 'm.gguf')))).toMatch(/is a file, not a folder; this is GGUF/);
  expect(await messageOf(openCheckpoint(join(folder, 'model.safetensors')))).toMatch(/name the folder it is in/);
  const download = 'hf download google/medgemma-4b-it --local-dir medgemma-4b-it';
  expect(await messageOf(openCheckpoint('google/medgemma-4b-it'))).toContain(download);
  expect(await messageOf(openCheckpoint('https://huggingface.co/google/medgemma-4b-it/tree/main'))).toContain(download);
  expect(await messageOf(openCheckpoint('s3://bucket/model'))).toMatch(/s3:\/\/bucket\/model is an address/);
  expect(await messageOf(openCheckpoint('./no/such'))).toBe(
    './no/such does not exist; --checkpoint names a folder with config.json and safetensors',
  );
  expect(await messageOf(openModel('google/medgemma-4b-it', 1))).toContain(download);
});

it('a package: a checkpoint, an adapter and nothing', async () => {
  expect(await messageOf(openModel(FIXTURE, 1))).toMatch(
    /a checkpoint in safetensors .*npm run export -- --checkpoint/,
  );
  const adapter = await folderWith({ 'adapter_config.json': '{}', 'adapter_model.safetensors': '' });
  expect(await messageOf(openModel(adapter, 1))).toMatch(/a LoRA adapter \(PEFT\)/);
  expect(await messageOf(openModel(await folderWith({}), 1))).toMatch(/it has no config\.json; write the package anew/);
});

it.each<[string, Record<string, string>, RegExp]>([
  [
    'MLX',
    {
      'adapter_config.json': '{"fine_tune_type":"lora","lora_parameters":{}}',
      'adapters.safetensors': '',
      '0000100_adapters.safetensors': '',
    },
    /an MLX adapter \(mlx-lm\).*mlx_lm\.fuse/,
  ],
  ['a pickle', { 'adapter_config.json': '{}', 'adapter_model.bin': '' }, /saved as a PyTorch pickle .*save_file/],
  ['GGUF', { 'medgemma-lora-f16.gguf': '' }, /a LoRA adapter in GGUF/],
  [
    'a whole model',
    { 'config.json': '{}', 'model.safetensors': '' },
    /a checkpoint in safetensors .*a whole model is no adapter/,
  ],
  ['another name', { 'pytorch_lora_weights.safetensors': '' }, /safetensors under other names/],
  ['a trainer folder', { 'checkpoint-100/adapter_config.json': '{}' }, /name the folder in it: checkpoint-100/],
])('an adapter: %s', async (_, files, message) => {
  const checkpoint = await openCheckpoint(FIXTURE);
  const adding = addAdapter(checkpoint, { folder: await folderWith(files), strength: 1 });
  expect(await messageOf(adding)).toMatch(message);
  await checkpoint.close();
});

it('a folder that holds a model and an adapter is asked about', async () => {
  const folder = join(await temporaryFolder(), 'both');
  cpSync(FIXTURE, folder, { recursive: true });
  writeFileSync(join(folder, 'adapter_config.json'), '{}');
  const open = async (beside: AdapterBeside) => (await openCheckpoint(folder, beside)).close();
  expect(await messageOf(open('ask'))).toMatch(
    /holds a model and an adapter .*--adapter .*both adds .*--no-adapter exports/,
  );
  expect(await messageOf(open('said'))).toBe('no error');
});

it('shards in a subfolder are read', async () => {
  const folder = join(await temporaryFolder(), 'nested');
  cpSync(FIXTURE, folder, { recursive: true });
  const map: Record<string, string> = {};
  await rewriteTensors(
    join(folder, 'model.safetensors'),
    (tensors) => {
      for (const { name } of tensors) map[name] = 'shards/part.safetensors';
      return tensors;
    },
    join(folder, 'shards/part.safetensors'),
  );
  await rm(join(folder, 'model.safetensors'));
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
  const checkpoint = await openCheckpoint(folder);
  expect(checkpoint.sources.map(({ name }) => name)).toEqual(['shards/part.safetensors']);
  await checkpoint.close();
});
