/**
 * Measures the quality loss of each precision of the vision tower: `npx tsx bench/vision-precision.ts [--images 2]`.
 *
 * Exports a SigLIP tower of MedGemma 4B's shape (random weights, minimal decoder) and the test
 * fixture's own tower, runs each precision on the CPU and compares the image features with fp32, token by token.
 * A run of the large tower takes about a minute per image on two idle cores.
 */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { RawImage } from '@huggingface/transformers';
import { Command } from 'commander';
import * as ort from 'onnxruntime-node';
import { normalize } from '#core/image/normalize.ts';
import { readPreprocessor } from '#core/image/preprocessor.ts';
import { resize } from '#core/image/resize.ts';
import type { Dtype } from '#core/gemma3/dtype.ts';
import type { Manifest } from '#core/protocol/manifest.ts';
import { DTYPE_SUFFIX } from '#core/gemma3/package-graphs.ts';
import { isJsonObject, type Json } from '#core/json.ts';
import { exportPackage } from '../cli/export/export-package.ts';
import { presetConfig } from '../cli/shared/presets.ts';
import { writeRandomCheckpoint } from '../cli/random-checkpoint/random-weights.ts';

const FIXTURES = new URL('../tests/fixtures/', import.meta.url).pathname;
const IMAGES = ['landscape-1500x1000.expected-896.png', 'small-320x427.expected-896.png'];

interface Variant {
  dtype: Dtype;
  blockSize: number;
}

const VARIANTS: readonly Variant[] = [
  { dtype: 'fp32', blockSize: 32 },
  { dtype: 'fp16', blockSize: 32 },
  { dtype: 'q8', blockSize: 32 },
  { dtype: 'q8', blockSize: 16 },
  { dtype: 'q4', blockSize: 32 },
  { dtype: 'q4', blockSize: 16 },
];

interface Features {
  /** One entry per image, each [tokens, hidden]. */
  images: Float32Array[];
  hidden: number;
}

/** MedGemma's vision tower and its projection to width 2560, with the smallest possible decoder. */
function towerConfig(): Json {
  const config = presetConfig('medgemma-4b');
  const small = {
    intermediate_size: 32,
    num_hidden_layers: 1,
    num_attention_heads: 1,
    num_key_value_heads: 1,
    head_dim: 32,
    vocab_size: 32,
    max_position_embeddings: 32,
  };
  return { ...config, image_token_index: 31, text_config: { ...part(config, 'text_config'), ...small } };
}

function part(config: Json, key: string): Json {
  const value = config[key];
  if (!isJsonObject(value)) throw new Error(`the preset has no ${key}`);
  return value;
}

async function pixels(file: string, preprocessorConfig: string): Promise<ort.Tensor> {
  const preprocessor = readPreprocessor(JSON.parse(await readFile(preprocessorConfig, 'utf8')));
  const image = (await RawImage.read(join(FIXTURES, 'images', file))).rgb();
  const rgb = resize(Uint8Array.from(image.data), 3, image, preprocessor);
  return new ort.Tensor('float32', normalize(rgb, preprocessor), [1, 3, preprocessor.height, preprocessor.width]);
}

async function export_(checkpoint: string, out: string, visionDtype: Dtype, blockSize: number): Promise<Manifest> {
  return await exportPackage(
    {
      checkpoint,
      out,
      dtype: 'fp32',
      visionDtype,
      blockSize,
      context: 32,
      name: 'vision precision',
      randomWeights: true,
      notice: '',
    },
    { note() {}, warn() {}, progress: () => ({ add() {}, stop() {} }) },
  );
}

async function run(folder: string, dtype: Dtype, images: readonly string[]): Promise<Features> {
  const session = await ort.InferenceSession.create(join(folder, 'onnx', `vision_encoder${DTYPE_SUFFIX[dtype]}.onnx`), {
    logSeverityLevel: 3,
  });
  const result: Features = { images: [], hidden: 0 };
  for (const image of images) {
    const { image_features } = await session.run({
      pixel_values: await pixels(image, join(folder, 'preprocessor_config.json')),
    });
    if (!(image_features?.data instanceof Float32Array)) throw new Error('image_features is not float32');
    result.images.push(new Float32Array(image_features.data));
    result.hidden = image_features.dims.at(-1) ?? 0;
  }
  await session.release();
  return result;
}

function cosine(a: Float32Array, b: Float32Array): number {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i] ?? NaN;
    const y = b[i] ?? NaN;
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return dot / Math.sqrt(aa * bb);
}

/** Cosine similarity of each token's features to the same token's at fp32. */
function tokenCosines(features: Features, reference: Features): number[] {
  const cosines: number[] = [];
  for (const [i, image] of features.images.entries())
    for (let at = 0; at < image.length; at += features.hidden)
      cosines.push(
        cosine(
          image.subarray(at, at + features.hidden),
          (reference.images[i] ?? new Float32Array()).subarray(at, at + features.hidden),
        ),
      );
  return cosines;
}

/** Prints a line for each variant. fp32, the reference, comes first. */
async function measure(title: string, checkpoint: string, work: string, images: readonly string[]): Promise<void> {
  let reference: Features | undefined;
  console.log(`\n${title}, ${images.length} image(s)`);
  for (const { dtype, blockSize } of VARIANTS) {
    const folder = join(work, `${dtype}-${blockSize}`);
    const manifest = await export_(checkpoint, folder, dtype, blockSize);
    const files = Object.entries(manifest.files).filter(([path]) => path.startsWith('onnx/vision_encoder'));
    const bytes = files.reduce((sum, [, { size }]) => sum + size, 0);
    const kept = manifest.variants[0]?.unquantized.length ?? 0;
    const started = performance.now();
    const features = await run(folder, dtype, images);
    const seconds = (performance.now() - started) / 1000 / images.length;
    if (dtype === 'fp32') reference = features;
    if (!reference) throw new Error('nothing to compare with');
    const cosines = tokenCosines(features, reference);
    const mean = cosines.reduce((sum, value) => sum + value, 0) / cosines.length;
    console.log(
      [
        dtype.padEnd(4),
        `block ${dtype.startsWith('q') ? blockSize : '–'}`.padEnd(9),
        `${(bytes / 1e6).toFixed(bytes > 1e7 ? 1 : 3).padStart(8)} MB`,
        `${kept} matrices kept`.padStart(19),
        `cosine mean ${mean.toFixed(6)}, min ${Math.min(...cosines).toFixed(6)}`,
        `${seconds.toFixed(1)} s an image`,
      ].join('  '),
    );
    await rm(folder, { recursive: true });
  }
}

const flags = new Command('vision-precision')
  .option('--images <count>', 'how many of the two fixture images', Number, IMAGES.length)
  .option('--only-fixture', 'leave out the large tower', false)
  .parse()
  .opts<{ images: number; onlyFixture: boolean }>();
const images = IMAGES.slice(0, flags.images);
const work = await mkdtemp(join(tmpdir(), 'vision-precision-'));
try {
  console.log(`Node ${process.version}, ${availableParallelism()} processors, random weights`);
  await measure('gemma3-tiny (3 layers, width 48)', join(FIXTURES, 'gemma3-tiny/checkpoint'), work, images);
  if (!flags.onlyFixture) {
    const checkpoint = join(work, 'checkpoint');
    await writeRandomCheckpoint({
      config: towerConfig(),
      out: checkpoint,
      seed: 1,
      dtype: 'BF16',
      keys: 'language_model.model',
      shardBytes: undefined,
    });
    const { size } = await stat(join(checkpoint, 'model.safetensors'));
    const title = `MedGemma 4B's shape (27 layers, width 1152, MLP 4304, 896 px; checkpoint ${(size / 1e6).toFixed(0)} MB)`;
    await measure(title, checkpoint, work, images);
  }
} finally {
  await rm(work, { recursive: true, force: true });
}
