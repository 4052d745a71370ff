/** How somebody's package is stored, told from its files; and what a probed memory says about a plan. */
import { describe, expect, test } from 'vitest';
import { fitHere } from '#core/budget/fit.ts';
import { config4B } from '#core/budget/lora.ts';
import { storageOf, variantFor, type VariantSize } from '#core/budget/package-fit.ts';
import { STORAGE_PRESETS } from '#core/budget/storage.ts';
import { packageSizes } from '#core/gemma3/package-plan.ts';

function variant(decoder: string, decoderBytes?: number, vision = 'q8'): VariantSize {
  return { decoder, vision, decoderBytes, downloadBytes: undefined, weightBytes: undefined };
}

/** Of the data files of an export's decoder. */
function decoderBytes(scales: 'fp16' | 'fp32'): number {
  const sizes = packageSizes(config4B, { dtype: 'q4', scales, visionDtype: 'q8', blockSize: 32, positions: 8192 });
  const data = [...sizes].filter(([path]) => path.includes('decoder_model_merged_q4.onnx_data'));
  return data.reduce((sum, [, size]) => sum + size, 0);
}

describe('the storage of a package', () => {
  test('the width of scales is told by the size of the files', () => {
    for (const scales of ['fp16', 'fp32'] as const)
      expect(storageOf(config4B, variant('q4', decoderBytes(scales)))).toEqual({ ...STORAGE_PRESETS.q4, scales });
  });

  test('without a manifest the dtype decides, and the vision encoder has its own', () => {
    expect(storageOf(config4B, variant('fp16', undefined, 'fp16'))).toEqual(STORAGE_PRESETS.fp16);
    expect(storageOf(config4B, variant('q4', undefined, 'fp32'))?.formats.vision).toBe('fp32');
  });

  test('a dtype that is not known here is not guessed', () => {
    expect(storageOf(config4B, variant('bnb4'))).toBeUndefined();
  });

  test('the variant is that of the device', () => {
    const both = [variant('q4'), variant('q4f16')];
    expect(variantFor(both, true)?.decoder).toBe('q4f16');
    expect(variantFor(both, false)?.decoder).toBe('q4');
    expect(variantFor([variant('q8')], true)?.decoder).toBe('q8');
    expect(variantFor([variant('fp16')], false)?.decoder).toBe('fp16');
    expect(variantFor([], true)).toBeUndefined();
  });
});

test.each([
  ['refused', 5e9, 'fits'],
  ['refused', 4.2e9, 'tight'],
  ['refused', 3.9e9, 'too-large'],
  ['slow', 3.9e9, 'too-large'],
  ['limit', 4.2e9, 'fits'],
  ['limit', 3.9e9, 'unknown'],
  ['stopped', 3.9e9, 'unknown'],
  ['stopped', 6e9, 'fits'],
] as const)('a probe that ended with %s at %d bytes: 4 GB is %s', (end, bytes, fit) => {
  expect(fitHere(4e9, { bytes, end })).toBe(fit);
});
