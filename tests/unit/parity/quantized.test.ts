/**
 * The fp16, q8, q4 and q2 exports against the fp32 export.
 *
 * Two measures, because one alone is blunt. Logits of a random model are noisy at 4 bits (cosine 0.91), and most wrong
 * scales do not reach them at all: Gemma 3 normalises queries, keys, and what attention and MLP add, so a matrix that
 * is twice too large gives the same logits (only gate_proj stands before a nonlinearity), and a cosine does not see the
 * size of the head. So each matrix product is also compared on its own, by relative error: rounding normal weights
 * in blocks of 32 costs about 0.38 at 2 bits, 0.09 at 4 and 0.005 at 8, a scale that is a tenth off costs 0.13, swapped nibbles 1.4.
 *
 * On the CPU onnxruntime drops the casts to float16 and computes fp16 graphs in float32: fp16 shows here that the
 * weights stand right, not what float16 arithmetic costs.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Dtype } from '#core/gemma3/dtype.ts';
import { DTYPE_SUFFIX } from '#core/gemma3/package-graphs.ts';
import { caseNames, cosine, topOneAgreement, type Golden } from '../../reference/golden.ts';
import { exportFixture, golden, NodeModel, temporaryFolder } from '../../reference/node.ts';
import { damage, scaleHalves, swapBytePairs, swapNibbles } from './damage.ts';
import { matrixProducts, productErrors } from './matrices.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const VOCABULARY = 512;
/**
 * Least logits cosine and top-1 agreement in every case, largest relative error of any matrix product, least cosine of
 * image features.
 */
const FLOORS = {
  fp16: { cosine: 0.99999, topOne: 0.98, product: 0.001, features: 0.999 },
  q8: { cosine: 0.999, topOne: 0.9, product: 0.008, features: 0.999 },
  q4: { cosine: 0.89, topOne: 0.4, product: 0.11, features: 0.99 },
  q2: { cosine: 0.3, topOne: 0.1, product: 0.45, features: 0.85 },
} as const;
const DTYPES = ['fp16', 'q8', 'q4', 'q2'] as const;
type Reduced = (typeof DTYPES)[number];

const folder = temporaryFolder();
const path = (name: string) => `${folder.path}/${name}`;
const decoderFile = (dtype: Dtype) => `decoder_model_merged${DTYPE_SUFFIX[dtype]}.onnx`;
const visionFile = (dtype: Dtype) => `vision_encoder${DTYPE_SUFFIX[dtype]}.onnx`;
let reference: Golden;
let fp32: Outputs;
let fp32Products: Map<string, Float32Array>;

interface Outputs {
  features: Float32Array;
  /** By case. */
  logits: Map<string, Float32Array>;
}

async function outputs(package_: string, dtype: Dtype): Promise<Outputs> {
  const model = await NodeModel.open(package_, dtype, dtype);
  const features = await model.features(reference.tensor('pixel_values'));
  const logits = new Map<string, Float32Array>();
  for (const name of caseNames)
    logits.set(name, (await model.prefill(reference.cases[name]?.input_ids ?? [], { features })).logits);
  return { features, logits };
}

function compare(found: Outputs): { case: string; cosine: number; topOne: number }[] {
  return caseNames.map((name) => {
    const [a, b] = [found.logits.get(name), fp32.logits.get(name)];
    if (!a || !b) throw new Error(`no logits of ${name}`);
    return { case: name, cosine: cosine(a, b), topOne: topOneAgreement(a, b, VOCABULARY) };
  });
}

const leastCosine = (found: Outputs) => Math.min(...compare(found).map((row) => row.cosine));

async function products(package_: string, dtype: Dtype): Promise<Map<string, Float32Array>> {
  const decoder = await matrixProducts(package_, decoderFile(dtype));
  return new Map([...decoder, ...(await matrixProducts(package_, visionFile(dtype)))]);
}

async function embeddings(package_: string, dtype: Dtype): Promise<Map<string, Float32Array>> {
  const model = await NodeModel.open(package_, dtype, dtype);
  return new Map([['embed_tokens', await model.embeddings(Array.from({ length: VOCABULARY }, (_, id) => id))]]);
}

beforeAll(async () => {
  reference = await golden();
  for (const dtype of ['fp32', ...DTYPES] as const) await exportFixture(path(dtype), dtype, { visionDtype: dtype });
  fp32 = await outputs(path('fp32'), 'fp32');
  fp32Products = await products(path('fp32'), 'fp32');
});
afterAll(() => folder.remove());

describe.each(DTYPES)('%s', (dtype) => {
  test('logits and image features', async () => {
    const found = await outputs(path(dtype), dtype);
    const rows = compare(found);
    console.log(`${dtype} against fp32: image feature cosine ${cosine(found.features, fp32.features).toFixed(6)}`);
    for (const row of rows)
      console.log(`  ${row.case.padEnd(18)} logits cosine ${row.cosine.toFixed(6)}  top-1 ${row.topOne.toFixed(3)}`);
    for (const row of rows) {
      expect(row.cosine).toBeGreaterThan(FLOORS[dtype].cosine);
      expect(row.topOne).toBeGreaterThanOrEqual(FLOORS[dtype].topOne);
    }
    expect(cosine(found.features, fp32.features)).toBeGreaterThan(FLOORS[dtype].features);
  });

  test('every matrix product and every embedding', async () => {
    const errors = productErrors(await products(path(dtype), dtype), fp32Products);
    // 8 layers of 7 matrices in each of two bodies, the head; 3 vision layers of 6, the projection.
    expect(errors.size).toBe(2 * 8 * 7 + 1 + 3 * 6 + 1);
    const table = productErrors(await embeddings(path(dtype), dtype), await embeddings(path('fp32'), 'fp32'));
    const all = [...errors.values(), ...table.values()];
    console.log(`${dtype}: relative error of a product at most ${Math.max(...all).toFixed(5)}`);
    for (const error of all) expect(error).toBeLessThan(FLOORS[dtype].product);
  });
});

describe('the floors catch', () => {
  /** Paths whose product is over the floor, and the least logits cosine, with one initializer damaged. */
  async function damaged(dtype: Reduced, initializer: string, edit: (bytes: Uint8Array) => void) {
    const copy = temporaryFolder();
    try {
      damage(path(dtype), copy.path, decoderFile(dtype), initializer, edit);
      const errors = productErrors(await products(copy.path, dtype), fp32Products);
      const over = [...errors].filter(([, error]) => error > FLOORS[dtype].product).map(([name]) => name);
      return { over, cosine: leastCosine(await outputs(copy.path, dtype)) };
    } finally {
      copy.remove();
    }
  }
  const bothBodies = (module: string) => [`/image/model/${module}`, `/model/${module}`];

  test.each(['layers.0.self_attn.q_proj', 'layers.7.self_attn.q_proj', 'layers.3.mlp.down_proj'])(
    'swapped nibbles of %s',
    async (module) => {
      const { over, cosine: least } = await damaged('q4', `model.${module}.weight.q4`, swapNibbles);
      const node = module.replace(/\.(\w+)$/, '/$1').replace(/(layers\.\d+)\./, '$1/');
      expect(over.sort()).toEqual(bothBodies(node).sort());
      // Logits alone would miss it in the last layer.
      if (!module.startsWith('layers.7')) expect(least).toBeLessThan(FLOORS.q4.cosine);
    },
  );

  test('swapped nibbles of the head', async () => {
    const { over, cosine: least } = await damaged('q4', 'model.embed_tokens.weight.q4', swapNibbles);
    expect(over).toEqual(['/lm_head']);
    expect(least).toBeLessThan(0.1);
  });

  test('neighbours swapped at 8 bits, in the matrix that logits see least', async () => {
    const { over, cosine: least } = await damaged('q8', 'model.layers.7.self_attn.q_proj.weight.q8', swapBytePairs);
    expect(over).toHaveLength(2);
    expect(least).toBeLessThan(FLOORS.q8.cosine);
  });

  test.each([2, 1.1])('the scales of one matrix times %d, which logits cannot see', async (factor) => {
    const before = leastCosine(await outputs(path('q4'), 'q4'));
    const scales = 'model.layers.3.mlp.up_proj.weight.scales';
    const { over, cosine: least } = await damaged('q4', scales, scaleHalves(factor));
    expect(over.sort()).toEqual(bothBodies('layers.3/mlp/up_proj').sort());
    expect(least).toBeCloseTo(before, 4);
  });

  test('the scales of gate_proj doubled, in logits too at 8 bits', async () => {
    const { over, cosine: least } = await damaged('q8', 'model.layers.0.mlp.gate_proj.weight.scales', scaleHalves(2));
    expect(over).toHaveLength(2);
    expect(least).toBeLessThan(FLOORS.q8.cosine);
  });
});
