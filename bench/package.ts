/** Default packages for measurements: random weights, exported once and cached in `.cache/bench`. */
import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VISION_DTYPE } from '#core/gemma3/package-graphs.ts';
import { isJsonObject, type Json } from '#core/json.ts';
import { exportPackage } from '../cli/export/export-package.ts';
import { presetConfig } from '../cli/shared/presets.ts';
import { writeRandomCheckpoint } from '../cli/random-checkpoint/random-weights.ts';
import { writeStandInTokenizer } from '../cli/random-checkpoint/stand-in-tokenizer.ts';

export const cache = new URL('../.cache/bench/', import.meta.url).pathname;

const HEAD: Json = {
  vocab_size: 262_208,
  num_hidden_layers: 8,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  sliding_window: 1024,
};

/**
 * `tiny` is the test fixture with a sliding window wide enough for the prompts; its answers vary, so a comparison of answers
 * means something. The others have Gemma 3's vocabulary of 262,208 rows and a narrow decoder of 8 layers (75 M and 0.21 G
 * parameters). Use them on a GPU or with `--host-only`: on the software adapter a token takes half a minute. Their answers
 * repeat one id.
 */
export const SHAPES = {
  tiny: { sliding_window: 1024 },
  head: { ...HEAD, hidden_size: 256, intermediate_size: 1024, head_dim: 64, query_pre_attn_scalar: 64 },
  'head-640': { ...HEAD, hidden_size: 640, intermediate_size: 2560, head_dim: 128, query_pre_attn_scalar: 128 },
} satisfies Record<string, Json>;
export type ShapeName = keyof typeof SHAPES;

const fixture = new URL('../tests/fixtures/gemma3-tiny/checkpoint/', import.meta.url).pathname;
const CONTEXT = 4096;

async function writeCheckpoint(shape: ShapeName, out: string): Promise<void> {
  if (shape === 'tiny') {
    await cp(fixture, out, { recursive: true });
    const config: unknown = JSON.parse(await readFile(join(fixture, 'config.json'), 'utf8'));
    if (!isJsonObject(config)) throw new Error(`${fixture}/config.json is not an object`);
    await writeFile(join(out, 'config.json'), JSON.stringify(adaptConfig(config, shape)));
    return;
  }
  await writeRandomCheckpoint({
    config: adaptConfig(presetConfig('tiny'), shape),
    out,
    seed: 1,
    dtype: 'BF16',
    keys: 'language_model.model',
    shardBytes: undefined,
  });
}

function adaptConfig(config: Json, shape: ShapeName): Json {
  const text = config['text_config'];
  if (!isJsonObject(text)) throw new Error('the config has no text_config');
  const textConfig: Json = { ...text, ...SHAPES[shape], max_position_embeddings: CONTEXT };
  // The last row: with random weights, an id that is sampled often would end answers early.
  const eos = Number(textConfig['vocab_size']) - 1;
  return { ...config, eos_token_id: eos, text_config: textConfig };
}

/** Folder of the q4 package of a shape, exported at the first call. */
export async function randomPackage(shape: ShapeName): Promise<string> {
  const out = join(cache, `${shape}-q4`);
  if (await stat(join(out, 'manifest.json')).catch(() => undefined)) return out;
  const checkpoint = await mkdtemp(join(tmpdir(), 'medgemma-ko-lab-bench-'));
  try {
    await writeCheckpoint(shape, checkpoint);
    await writeStandInTokenizer(checkpoint);
    await exportPackage(
      {
        checkpoint,
        out,
        dtype: 'q4',
        visionDtype: VISION_DTYPE.q4,
        blockSize: 32,
        context: CONTEXT,
        name: `bench-${shape}-q4`,
        randomWeights: true,
        notice: 'Random weights for measurements.',
      },
      { note() {}, warn: console.warn, progress: () => ({ add() {}, stop() {} }) },
    );
  } finally {
    await rm(checkpoint, { recursive: true, force: true });
  }
  return out;
}
