/** The planner's bytes on the GPU against what the engine would upload: its own patches on the graphs of the full shape, without weights. */
import { describe, expect, test } from 'vitest';
import { valueOf } from '#core/budget/expression.ts';
import { planInference, type InferencePurpose, type InferenceSettings } from '#core/budget/inference-plan.ts';
import { config27B, config4B } from '#core/budget/lora.ts';
import { STORAGE_PRESETS } from '#core/budget/storage.ts';
import type { Gemma3Config } from '#core/gemma3/config.ts';
import { packageGraphs } from '#core/gemma3/package-graphs.ts';
import { planGraph } from '#core/gemma3/write-graph.ts';
import { readModel } from '#core/onnx/model.ts';
import { shareableInitializers, shareInitializers, type SharedInput } from '#core/onnx/patch/share-initializers.ts';
import { widenScales } from '#core/onnx/patch/widen-scales.ts';
import { readDecoder } from '../../../workers/engine/model/decoder-graph.ts';

const contextLength = 4096;

/** Bytes of the buffers that the engine would make; what several graphs read is one buffer. */
async function uploaded(config: Gemma3Config, dtype: 'q4' | 'q4f16', text: 'q4' | 'q4f16') {
  const graphs = packageGraphs(config, { dtype, visionDtype: 'q8', blockSize: 32, positions: 8192 });
  const source = (stem: RegExp, variant: string) => {
    const graph = graphs.find((each) => stem.test(each.name) && each.dtype === variant);
    if (!graph) return undefined;
    const { proto, modelFile } = planGraph(graph);
    const read = () => {
      const model = readModel(proto);
      widenScales(model);
      return Promise.resolve(model);
    };
    return { path: `onnx/${modelFile}`, dtype: variant, read, readAhead: () => Promise.resolve() };
  };
  const [decoder, embedding, vision] = [
    source(/decoder|model/u, text),
    source(/embed/u, text),
    source(/vision/u, 'q8'),
  ];
  if (!decoder) throw new Error('there is no decoder');
  const sizes = { contextLength, longestChunk: 256 };
  const graph = await readDecoder(packOf({ config, decoder, embedding, vision }), device(), sizes, []);
  const seen = new Map<string, number>();
  const add = (inputs: readonly SharedInput[]) => {
    for (const { input, bytes } of inputs) {
      const key = bytes instanceof Uint8Array ? input : `${bytes.location} ${bytes.offset} ${bytes.length}`;
      seen.set(key, bytes.length);
    }
  };
  add(graph.text.shared);
  if (graph.image) add(graph.image.shared);
  const decoderBytes = [...seen.values()].reduce((sum, bytes) => sum + bytes, 0);
  const encoder = await vision?.read();
  const visionShared = encoder ? shareInitializers(encoder, shareableInitializers(encoder)) : [];
  return { decoderBytes, visionBytes: visionShared.reduce((sum, { bytes }) => sum + bytes.length, 0) };
}

type Pack = Parameters<typeof readDecoder>[0];
type Backend = Parameters<typeof readDecoder>[1];

/** What is asked of a package here. */
function packOf(parts: Pick<Pack, 'config' | 'decoder' | 'embedding' | 'vision'>): Pack {
  const pack: unknown = { ...parts, tiedEmbedding: true };
  const isPack = (value: unknown): value is Pack => value === pack;
  if (!isPack(pack)) throw new Error('not the package');
  return pack;
}

/** What is asked of a device here. */
function device(): Backend {
  const backend: unknown = { gpu: { device: { limits: { maxStorageBuffersPerShaderStage: 10 } } } };
  const isBackend = (value: unknown): value is Backend => value === backend;
  if (!isBackend(backend)) throw new Error('not the device');
  return backend;
}

const WEIGHTS: readonly InferencePurpose[] = ['attention', 'mlp', 'embedding', 'head', 'norms'];

describe('the planned weights are those that the engine uploads', () => {
  test.each([
    ['4B, q4', config4B, 'q4', 'q4', STORAGE_PRESETS.q4],
    ['4B, q4f16 on a device with float16', config4B, 'q4f16', 'q4f16', STORAGE_PRESETS.q4f16],
    ['4B, q4f16 on one without', config4B, 'q4f16', 'q4', { ...STORAGE_PRESETS.q4f16, compute: 'fp32' }],
    ['27B, q4', config27B, 'q4', 'q4', STORAGE_PRESETS.q4],
    ['27B, q4f16', config27B, 'q4f16', 'q4f16', STORAGE_PRESETS.q4f16],
  ] as const)('%s', async (_, config, dtype, variant, storage) => {
    const settings: InferenceSettings = {
      ...{ storage, addedTokens: 0, contextLength, images: 1 },
      ...{ hasVision: true, keepVisionOnGpu: true },
    };
    const planned = planInference(config, settings);
    const bytesOf = (purposes: readonly InferencePurpose[]) =>
      planned.filter(({ purpose }) => purposes.includes(purpose)).reduce((sum, { bytes }) => sum + valueOf(bytes), 0);
    const { decoderBytes, visionBytes } = await uploaded(config, dtype, variant);
    const weights = bytesOf(WEIGHTS);
    // In float16 what stands behind a Cast stays with the session: tables of positions, norms of queries and keys.
    expect(Math.abs(weights - decoderBytes)).toBeLessThan(storage.compute === 'fp16' ? 6e6 : 1);
    const vision = bytesOf(['vision']);
    // Convolution, positions, biases and norms stay with the session: below 6 % of the encoder.
    expect(visionBytes).toBeLessThanOrEqual(vision);
    expect(visionBytes).toBeGreaterThanOrEqual(0.94 * vision);
  });
});
