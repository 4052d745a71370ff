/** The planner's figures: exact where they follow from the shapes, and what the engine would upload. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bytesPerToken, decodeSpeed, dispatchesPerToken } from '#core/budget/decode-speed.ts';
import { valueOf } from '#core/budget/expression.ts';
import { packageBytes, planInference, totalOf, type InferenceSettings } from '#core/budget/inference-plan.ts';
import { ATTENTION, config27B, config4B, trainingMemory } from '#core/budget/lora.ts';
import { addedParameters, rowsWith, textWeights, visionWeights } from '#core/budget/model-weights.ts';
import { STORAGE_PRESETS, type ModelStorage } from '#core/budget/storage.ts';
import { adapterFormula, planTraining, trainingMethods, type InnerTraining } from '#core/budget/training-plan.ts';
import { stagesOf } from '#core/budget/training-stages.ts';
import { parseConfig, type Gemma3Config } from '#core/gemma3/config.ts';
import { packageSizes } from '#core/gemma3/package-plan.ts';
import { PROJECTIONS } from '#core/gemma3/projections.ts';
import { presetConfig } from '../../../cli/shared/presets.ts';

interface Quoted {
  addedRows30000: Record<Size, { parameters: number; halfMegabytes: number; untiedHalfMegabytes: number }>;
  adapterPerLayerAndRank: { exact: Record<Size, number> };
  exactAdapterOfRank16: Record<Size, number>;
  package4b: { decoderAndHead: number; embeddingFile: number; vision: number };
  kvCache4b: Record<'allRowsAt4096' | 'fp32At4096' | 'fp16At4096' | 'fp16At8192', number>;
  decode4bAtPosition1024: { fp32GigabytesPerToken: number; rtx4090: { gigabytesPerSecond: number; fp32: number } };
  stages4b: Record<string, Partial<Record<InnerTraining, number>> | string>;
}
type Size = '4b' | '27b';

const quoted: Quoted = JSON.parse(readFileSync('tests/fixtures/budget/quoted.json', 'utf8'));
const configs: Record<Size, Gemma3Config> = { '4b': config4B, '27b': config27B };
const sizes: readonly Size[] = ['4b', '27b'];

const settings: InferenceSettings = {
  storage: STORAGE_PRESETS.q4f16,
  addedTokens: 0,
  contextLength: 4096,
  images: 1,
  hasVision: true,
  keepVisionOnGpu: true,
};

const bytesOf = (config: Gemma3Config, changes: Partial<InferenceSettings> = {}) =>
  new Map(planInference(config, { ...settings, ...changes }).map(({ purpose, bytes }) => [purpose, valueOf(bytes)]));

test.each([
  ['medgemma-4b', config4B],
  ['medgemma-27b-text', config27B],
] as const)('the shape of %s is that of the preset that checkpoints are made of', (preset, config) => {
  // No size depends on how positions are scaled.
  const { text, vision } = parseConfig(presetConfig(preset));
  expect(config).toMatchObject({ vision, text: { ...text, ropeFactor: 1 } });
});

test.each(sizes)('%s: 30,000 more rows of the embedding', (size) => {
  const { parameters, halfMegabytes, untiedHalfMegabytes } = quoted.addedRows30000[size];
  const { text } = configs[size];
  expect(valueOf(addedParameters(text, 30_000))).toBe(parameters);
  expect((2 * valueOf(addedParameters(text, 30_000))) / 1e6).toBeCloseTo(halfMegabytes, 1);
  const untied = addedParameters({ ...text, tiedEmbedding: false }, 30_000);
  expect((2 * valueOf(untied)) / 1e6).toBeCloseTo(untiedHalfMegabytes, 1);
});

test('new tokens take the padding of the table first', () => {
  expect([0, 63, 64, 8960].map((added) => rowsWith(262_208, added))).toEqual([262_208, 262_208, 262_209, 271_105]);
  // A text model gets the row of the image token with its first new token.
  expect(rowsWith(262_144, 0)).toBe(262_144);
  expect(rowsWith(262_144, 10)).toBe(262_155);
  expect(rowsWith(512, 10)).toBe(522);
});

test.each(sizes)('%s: an adapter from the real shapes', (size) => {
  const { text } = configs[size];
  const perLayer = quoted.adapterPerLayerAndRank.exact[size];
  expect(valueOf(adapterFormula(text, { rank: 1, targets: ATTENTION }))).toBe(text.layers * perLayer);
  expect(valueOf(adapterFormula(text, { rank: 16, targets: ATTENTION }))).toBe(quoted.exactAdapterOfRank16[size]);
});

describe('bytes of the files', () => {
  /** Of an exported package without its graphs and the tables of positions, which have `positions` rows. */
  function exported(config: Gemma3Config, dtype: 'q4' | 'q4f16' | 'fp16', part: RegExp): number {
    const visionDtype = dtype === 'fp16' ? 'fp16' : 'q8';
    const files = packageSizes(config, { dtype, visionDtype, blockSize: 32, positions: 16 });
    return [...files].filter(([path]) => part.test(path)).reduce((sum, [, size]) => sum + size, 0);
  }
  const decoders = { q4: /(decoder_model_merged|model)_q4\.onnx_data/u, fp16: /decoder_model_merged_fp16\.onnx_data/u };

  test.each([
    ['4B, q4', config4B, 'q4', decoders.q4],
    ['4B, q4f16', config4B, 'q4f16', decoders.q4],
    ['4B, fp16', config4B, 'fp16', decoders.fp16],
    ['27B, q4', config27B, 'q4', decoders.q4],
    ['27B, q4f16', config27B, 'q4f16', decoders.q4],
  ] as const)('%s: those that an export would write, up to the padding between tensors', (_, config, dtype, files) => {
    const { attention, mlp, embedding, norms } = textWeights(config.text, STORAGE_PRESETS[dtype], 'files');
    const planned = [attention, mlp, embedding, norms].reduce((sum, part) => sum + valueOf(part), 0);
    const written = exported(config, dtype, files);
    expect(written).toBeGreaterThanOrEqual(planned);
    // Each tensor begins at a page of 4,096 bytes at the latest; the tables of 16 positions are small.
    expect(written - planned).toBeLessThan(config.text.layers * 20 * 4096 + 200_000);
  });

  test.each([
    ['q4', /vision_encoder_quantized\.onnx_data/u],
    ['q4f16', /vision_encoder_quantized\.onnx_data/u],
    ['fp16', /vision_encoder_fp16\.onnx_data/u],
  ] as const)('vision encoder beside %s', (dtype, files) => {
    const planned = valueOf(visionWeights(config4B, STORAGE_PRESETS[dtype], 'files'));
    const written = exported(config4B, dtype, files);
    expect(written).toBeGreaterThanOrEqual(planned);
    expect(written - planned).toBeLessThan(27 * 30 * 4096);
  });

  test('a package with Korean tokens, as it was exported when scales were float32', () => {
    const { decoderAndHead, embeddingFile, vision } = quoted.package4b;
    const storage = { ...STORAGE_PRESETS.q4, scales: 'fp32' } as const;
    const parts = textWeights(config4B.text, storage, 'files', 8960);
    expect(Math.abs(valueOf(parts.embedding) / embeddingFile - 1)).toBeLessThan(1e-5);
    const all = [parts.attention, parts.mlp, parts.embedding, parts.norms].reduce(
      (sum, part) => sum + valueOf(part),
      0,
    );
    // The file also has position tables.
    expect(all / decoderAndHead).toBeGreaterThan(0.985);
    expect(all).toBeLessThan(decoderAndHead);
    expect(Math.abs(valueOf(visionWeights(config4B, storage, 'files')) / vision - 1)).toBeLessThan(0.003);
  });
});

test('the cache is that of the engine', () => {
  const { fp32At4096, fp16At4096, fp16At8192, allRowsAt4096 } = quoted.kvCache4b;
  expect(bytesOf(config4B).get('kv')).toBe(fp16At4096);
  expect(bytesOf(config4B, { contextLength: 8192 }).get('kv')).toBe(fp16At8192);
  expect(bytesOf(config4B, { storage: STORAGE_PRESETS.q4 }).get('kv')).toBe(fp32At4096);
  expect(fp32At4096).toBeLessThan(allRowsAt4096 / 2);
});

test('each choice takes or gives what it should', () => {
  const now = valueOf(totalOf(planInference(config4B, settings)));
  const total = (changes: Partial<InferenceSettings>) =>
    valueOf(totalOf(planInference(config4B, { ...settings, ...changes })));
  for (const less of [{ contextLength: 2048 }, { images: 0 }, { keepVisionOnGpu: false }, { hasVision: false }])
    expect([less, total(less) < now]).toEqual([less, true]);
  for (const more of [{ contextLength: 8192 }, { addedTokens: 8960 }, { storage: STORAGE_PRESETS.q4 }])
    expect([more, total(more) > now]).toEqual([more, true]);
  expect([...bytesOf(config4B, { hasVision: false }).keys()]).not.toContain('vision');
  expect([...bytesOf(config27B).keys()]).not.toContain('images');
  const untied = { ...config4B, text: { ...config4B.text, tiedEmbedding: false } };
  expect(bytesOf(untied).get('head')).toBe(bytesOf(config4B).get('embedding'));
});

test('what is downloaded: the size that is commonly quoted has fp16 scales', () => {
  const gigabytes = (storage: ModelStorage) => valueOf(packageBytes(config4B, { ...settings, storage })) / 1e9;
  expect(gigabytes(STORAGE_PRESETS.q4)).toBeCloseTo(2.65, 1);
  expect(gigabytes(STORAGE_PRESETS.q4f16)).toBeCloseTo(2.65, 1);
  expect(gigabytes(STORAGE_PRESETS.fp16)).toBeCloseTo(8.6, 1);
});

describe('tokens a second', () => {
  test('the bytes of a token and the ceiling of a card', () => {
    const { fp32GigabytesPerToken, rtx4090 } = quoted.decode4bAtPosition1024;
    const at = { storage: STORAGE_PRESETS.q4, addedTokens: 0, contextTokens: 1024 };
    const bytes = valueOf(bytesPerToken(config4B, at));
    expect(bytes / 1e9).toBeCloseTo(fp32GigabytesPerToken, 1);
    expect((rtx4090.gigabytesPerSecond * 1e9) / bytes / rtx4090.fp32).toBeCloseTo(1, 2);
  });

  test('dispatches are those that were counted', () => {
    expect(valueOf(dispatchesPerToken(config4B, STORAGE_PRESETS.q4))).toBe(515);
    expect(valueOf(dispatchesPerToken(config4B, STORAGE_PRESETS.q4f16))).toBe(651);
  });

  test('a large card waits for dispatches, a small one for its memory', () => {
    const at = { storage: STORAGE_PRESETS.q4, addedTokens: 0, contextTokens: 1024 };
    const [large, small] = [1008e9, 100e9].map((bandwidth) => decodeSpeed(config4B, at, bandwidth));
    expect(valueOf(large?.high ?? expect.fail())).toBeCloseTo(1e6 / (515 * 24), 3);
    expect(valueOf(small?.high ?? expect.fail())).toBeCloseTo(100e9 / valueOf(bytesPerToken(config4B, at)), 3);
    for (const speed of [large, small])
      expect(valueOf(speed?.low ?? expect.fail())).toBeLessThan(valueOf(speed?.high ?? expect.fail()));
  });
});

describe('training', () => {
  const plan = {
    addedTokens: 0,
    rank: 8,
    targets: ATTENTION,
    optimizer: 'adam',
    contextLength: 1024,
    batch: 1,
  } as const;
  const total = (...of: Parameters<typeof planTraining>) => valueOf(totalOf(planTraining(...of).figures));

  test.each(['lora', 'qlora'] as const)('%s is what the LoRA lab says', (method) => {
    const there = trainingMemory(config4B, { rank: 8, targets: ATTENTION, tokens: 1024, method });
    expect(total(config4B, trainingMethods(0)[method], plan)).toBeCloseTo(there.total, -1);
  });

  test('the stages are those of the training kit, to a tenth of a gigabyte', () => {
    const kit = { ...plan, addedTokens: 8960, rank: 64, targets: PROJECTIONS, contextLength: 2048 };
    const stages = stagesOf(true);
    expect(stages.map(({ name }) => name)).toEqual(['1-3', '4-5', '6', '7']);
    for (const stage of stages) {
      const figures = quoted.stages4b[stage.name];
      if (typeof figures !== 'object') expect.fail(`no figures of stage ${stage.name}`);
      for (const inner of ['full', 'lora', 'qlora'] as const) {
        const gigabytes = figures[inner];
        if (gigabytes === undefined) continue;
        const ours = total(config4B, { stage, inner, isStage: true }, kit) / 1e9;
        expect([stage.name, inner, Math.abs(ours - gigabytes) <= 0.12]).toEqual([stage.name, inner, true]);
      }
    }
  });

  test('untied, there are seven, and ends train apart', () => {
    const stages = stagesOf(false);
    expect(stages.map(({ name }) => name)).toEqual(['1', '2', '3', '4', '5', '6', '7']);
    const untied = { ...config4B, text: { ...config4B.text, tiedEmbedding: false } };
    const trained = stages.map((stage) =>
      valueOf(planTraining(untied, { stage, inner: 'full', isStage: true }, { ...plan, addedTokens: 100 }).trained),
    );
    expect(trained.slice(0, 3)).toEqual([100 * 2560, 100 * 2560, 2 * 100 * 2560]);
  });

  test('8-bit moments are a quarter, and a batch multiplies what depends on the text', () => {
    const bytes = (changes: Partial<Parameters<typeof planTraining>[2]>) =>
      new Map(
        planTraining(config4B, trainingMethods(0).full, { ...plan, ...changes }).figures.map((figure) => [
          figure.purpose,
          valueOf(figure.bytes),
        ]),
      );
    const [adam, few, batch] = [bytes({}), bytes({ optimizer: 'adam-8bit' }), bytes({ batch: 4 })];
    expect((few.get('moments') ?? 0) / (adam.get('moments') ?? 0)).toBeCloseTo(0.254, 3);
    expect(few.get('weights')).toBe(adam.get('weights'));
    for (const purpose of ['checkpoints', 'layer', 'logits'] as const)
      expect(batch.get(purpose)).toBe(4 * (adam.get(purpose) ?? NaN));
    expect(batch.get('gradients')).toBe(adam.get('gradients'));
  });
});
