/** `npm run export -- --adapter`: the package gives the logits that PEFT gives, for every kind of adapter that is added. */
import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isJsonObject } from '#core/json.ts';
import { readHeader } from '#core/safetensors/header.ts';
import { writeSafetensors } from '#core/safetensors/write.ts';
import { maxDifference, readTensors, type GoldenTensor } from '../../reference/golden.ts';
import { exportFixture, fileSource, fixture, golden, NodeModel, temporaryFolder } from '../../reference/node.ts';

interface PeftCase {
  config: Record<string, unknown>;
  /** Shapes by name. */
  tensors: Record<string, number[]>;
}

const folder = temporaryFolder();
afterAll(() => folder.remove());
const HERE = new URL('../../fixtures/adapters/peft/', import.meta.url).pathname;
const made: { text: number[]; image: number[]; cases: Record<string, PeftCase> } = JSON.parse(
  readFileSync(join(HERE, 'cases.json'), 'utf8'),
);
const expected = await readTensors(fileSource(join(HERE, 'expected.safetensors')));
const reference = await golden();
const TOLERANCE = 1e-3;

/** As values() of make.py. */
function values(shape: readonly number[], seed: number): Float32Array {
  const length = shape.reduce((product, size) => product * size, 1);
  return Float32Array.from({ length }, (_, index) => {
    let h = (Math.imul(index + 1, 2654435761) + Math.imul(seed, 40503)) >>> 0;
    h = Math.imul((h ^ (h >>> 15)) >>> 0, 2246822519) >>> 0;
    h = (h ^ (h >>> 13)) >>> 0;
    return ((h >>> 8) / 2 ** 24 - 0.5) * 0.25;
  });
}

async function checkpointTensor(ending: string): Promise<GoldenTensor> {
  const tensors = await readTensors(fileSource(join(fixture, 'checkpoint/model.safetensors')));
  for (const [name, tensor] of tensors) if (name.endsWith(ending)) return tensor;
  throw new Error(`no tensor ${ending}`);
}

/** Writes the folder that PEFT's save_pretrained wrote. */
async function writeAdapter(name: string, rename = (key: string) => key): Promise<string> {
  const { config, tensors } = made.cases[name] ?? { config: {}, tensors: {} };
  const list = [];
  for (const [at, [key, shape]] of Object.entries(tensors).entries()) {
    const isTied = name === 'embedding-saved-tied' && /(?:lm_head|embed_tokens)\.weight$/u.test(key);
    const floats = key.includes('.base_layer.weight')
      ? (await checkpointTensor('embed_tokens.weight')).data
      : values(shape, isTied ? 1 : at + 1);
    list.push({
      ...{ name: rename(key), dtype: 'F32' as const, shape },
      data: new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength),
    });
  }
  const out = join(folder.path, `${name}-${Math.random().toString(36).slice(2)}`);
  await mkdir(out, { recursive: true });
  await writeFile(join(out, 'adapter_config.json'), JSON.stringify(config));
  await writeFile(join(out, 'adapter_model.safetensors'), writeSafetensors(list));
  return out;
}

/** Differences of the package's last three logits from PEFT's, and PEFT's from those of the first case's base. */
async function differences(name: string, adapter: string): Promise<{ text: number; image: number; manifest: string }> {
  const out = join(adapter, 'package');
  await exportFixture(out, 'fp32', { adapter: { folder: adapter, strength: 1 } });
  const model = await NodeModel.open(out, 'fp32');
  const pixels = reference.tensor('pixel_values');
  const one = pixels.data.subarray(0, pixels.data.length / (pixels.shape[0] ?? 1));
  const features = await model.features({ shape: [1, ...pixels.shape.slice(1)], data: one });
  const of = async (kind: 'text' | 'image') => {
    const wanted = expected.get(`${name}.${kind}`)?.data ?? new Float32Array();
    const { logits } = await model.prefill(made[kind], { features });
    return maxDifference(logits.subarray(-wanted.length), wanted);
  };
  return {
    ...{ text: await of('text'), image: await of('image') },
    manifest: await readFile(join(out, 'manifest.json'), 'utf8'),
  };
}

describe('logits as PEFT gives them', () => {
  it.each(Object.keys(made.cases).filter((name) => name !== 'resized-vocabulary'))('%s', async (name) => {
    const { text, image } = await differences(name, await writeAdapter(name));
    expect(text).toBeLessThan(TOLERANCE);
    expect(image).toBeLessThan(TOLERANCE);
  });

  it('medgemma-recipe with the names of transformers before 4.52, and with those inside of PEFT', async () => {
    for (const rename of [
      (key: string) =>
        key
          .replace('model.model.language_model.', 'model.language_model.model.')
          .replace('model.lm_head.', 'model.language_model.lm_head.')
          .replace('model.model.vision_tower.', 'model.vision_tower.vision_model.'),
      (key: string) => key.replace(/(lm_head|embed_tokens)\.weight$/u, '$1.modules_to_save.default.weight'),
    ]) {
      const { text, image, manifest } = await differences(
        'medgemma-recipe',
        await writeAdapter('medgemma-recipe', rename),
      );
      expect(text).toBeLessThan(TOLERANCE);
      expect(image).toBeLessThan(TOLERANCE);
      expect(manifest).toContain(
        'It replaces lm_head.weight, model.embed_tokens.weight, which were trained as a whole',
      );
    }
  });

  it('resized-vocabulary takes the size of the adapter and the tokenizer beside it', async () => {
    const adapter = await writeAdapter('resized-vocabulary');
    await expect(differences('resized-vocabulary', adapter)).rejects.toThrow(
      /resizes the vocabulary from 512 to 520 rows, but has no tokenizer\.json/,
    );
    const vocab = Object.fromEntries(Array.from({ length: 520 }, (_, id) => [`t${id}`, id]));
    await writeFile(join(adapter, 'tokenizer.json'), JSON.stringify({ model: { type: 'BPE', vocab, merges: [] } }));
    const { text, image } = await differences('resized-vocabulary', adapter);
    expect(text).toBeLessThan(TOLERANCE);
    expect(image).toBeLessThan(TOLERANCE);
    const config: unknown = JSON.parse(await readFile(join(adapter, 'package/config.json'), 'utf8'));
    expect(isJsonObject(config) && config['text_config']).toMatchObject({
      vocab_size: 520,
      tie_word_embeddings: false,
    });
  });
});

it('the cases differ from one another: an adapter that was left out would be seen', () => {
  const texts = Object.keys(made.cases).map((name) => expected.get(`${name}.image`)?.data ?? []);
  for (const [at, data] of texts.entries())
    for (const other of texts.slice(0, at))
      if (other.length === data.length) expect(maxDifference(data, other)).toBeGreaterThan(10 * TOLERANCE);
});

it('a tied copy stays one matrix, copies of one side are two', async () => {
  const sizeOf = async (name: string) => {
    const adapter = await writeAdapter(name);
    await exportFixture(join(adapter, 'package'), 'fp32', { adapter: { folder: adapter, strength: 1 } });
    const config: unknown = JSON.parse(await readFile(join(adapter, 'package/config.json'), 'utf8'));
    return isJsonObject(config) ? config['tie_word_embeddings'] : undefined;
  };
  expect(await sizeOf('embedding-saved-tied')).toBeUndefined();
  expect(await sizeOf('embedding-saved')).toBe(false);
  const header = await readHeader(fileSource(join(HERE, 'expected.safetensors')));
  expect(header.tensors.size).toBe(2 * Object.keys(made.cases).length);
});
