/**
 * The q4f16 variant against the q4 one over the same bytes. On the CPU onnxruntime computes most float16 nodes in float32 (casts
 * between them are dropped): this shows that the graph is wired right and where the cache is rounded to float16, not what
 * float16 products cost.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Manifest } from '#core/protocol/manifest.ts';
import { caseNames, cosine, maxDifference, topOneAgreement, type Golden } from '../../reference/golden.ts';
import { exportFixture, golden, NodeModel, temporaryFolder } from '../../reference/node.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const VOCABULARY = 512;
const folder = temporaryFolder();
let reference: Golden;

beforeAll(async () => {
  reference = await golden();
  await exportFixture(folder.path + '/package', 'q4f16');
});
afterAll(() => folder.remove());

describe('one package holds q4 and q4f16', () => {
  const manifest = (): Manifest => JSON.parse(readFileSync(join(folder.path, 'package/manifest.json'), 'utf8'));
  const inode = (file: string) => statSync(join(folder.path, 'package/onnx', file)).ino;

  test('the bytes of both are stored once, and the table of embedding and head too', () => {
    const { files, variants } = manifest();
    expect(variants.map(({ decoder, tiedEmbedding }) => [decoder, tiedEmbedding])).toEqual([
      ['q4', true],
      ['q4f16', true],
    ]);
    const same = [
      ['decoder_model_merged_q4.onnx_data', 'decoder_model_merged_q4f16.onnx_data'],
      [
        'embed_tokens_q4.onnx_data',
        'embed_tokens_q4f16.onnx_data',
        'decoder_model_merged_q4.onnx_data_1',
        'decoder_model_merged_q4f16.onnx_data_1',
      ],
    ];
    for (const names of same) {
      expect(new Set(names.map((name) => files[`onnx/${name}`]?.sha256)).size).toBe(1);
      expect(new Set(names.map(inode)).size).toBe(1);
    }
    expect(inode('decoder_model_merged_q4.onnx_data')).not.toBe(inode('embed_tokens_q4.onnx_data'));
  });

  test('logits and cache of q4f16 are near to those of q4', async () => {
    const path = join(folder.path, 'package');
    const [q4, half] = [await NodeModel.open(path, 'q4'), await NodeModel.open(path, 'q4f16', 'q8')];
    const features = await q4.features(reference.tensor('pixel_values'));
    let largest = 0;
    for (const name of caseNames) {
      const ids = reference.cases[name]?.input_ids ?? [];
      const [a, b] = [await q4.prefill(ids, { features, chunk: 7 }), await half.prefill(ids, { features, chunk: 7 })];
      expect(b.cache['present.0.key']?.type).toBe('float16');
      expect(a.cache['present.0.key']?.type).toBe('float32');
      largest = Math.max(largest, maxDifference(a.logits, b.logits));
      expect(cosine(a.logits, b.logits)).toBeGreaterThan(0.9999);
      expect(topOneAgreement(a.logits, b.logits, VOCABULARY)).toBeGreaterThan(0.95);
    }
    console.log(`q4f16 against q4: largest difference of a logit ${largest.toFixed(4)}`);
  });
});
