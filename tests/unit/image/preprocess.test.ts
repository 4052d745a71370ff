import { describe, expect, it } from 'vitest';
import { FailureError } from '#core/failure.ts';
import { normalize } from '#core/image/normalize.ts';
import { readPreprocessor } from '#core/image/preprocessor.ts';

const gemma3 = {
  do_convert_rgb: null,
  do_normalize: true,
  do_pan_and_scan: null,
  do_rescale: true,
  do_resize: true,
  image_mean: [0.5, 0.5, 0.5],
  image_processor_type: 'Gemma3ImageProcessor',
  image_std: [0.5, 0.5, 0.5],
  resample: 2,
  rescale_factor: 0.00392156862745098,
  size: { height: 896, width: 896 },
};

describe('readPreprocessor', () => {
  it("reads Gemma 3's", () => {
    expect(readPreprocessor(gemma3)).toEqual({
      width: 896,
      height: 896,
      mean: [0.5, 0.5, 0.5],
      std: [0.5, 0.5, 0.5],
      rescaleFactor: 1 / 255,
    });
  });

  it.each([
    [null, 'file-broken'],
    [{ ...gemma3, size: { shortest_edge: 224 } }, 'file-broken'],
    [{ ...gemma3, image_mean: [0.5] }, 'file-broken'],
    [{ ...gemma3, image_std: [0.5, 0, 0.5] }, 'file-broken'],
    [{ ...gemma3, resample: 3 }, 'unsupported-package'],
    [{ ...gemma3, do_pan_and_scan: true }, 'unsupported-package'],
    [{ ...gemma3, do_rescale: false }, 'unsupported-package'],
  ])('refuses %j', (config, code) => {
    let thrown: unknown;
    try {
      readPreprocessor(config);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(FailureError);
    expect(thrown).toMatchObject({ code, detail: { file: 'preprocessor_config.json' } });
  });
});

describe('normalize', () => {
  it('puts channels first and maps 0…255 to mean and std', () => {
    const preprocessor = { ...readPreprocessor(gemma3), width: 2, height: 1, std: [0.5, 0.25, 1] as const };
    // pixel 0: (0, 255, 51), pixel 1: (255, 0, 102)
    const values = normalize(Uint8Array.of(0, 255, 51, 255, 0, 102), preprocessor);
    const expected = [-1, 1, 2, -2, 0.2 - 0.5, 0.4 - 0.5];
    expect(values.length).toBe(6);
    for (const [i, value] of values.entries()) expect(value).toBeCloseTo(expected[i] ?? NaN, 6);
  });

  it('refuses another size', () => {
    expect(() => normalize(new Uint8Array(3), readPreprocessor(gemma3))).toThrow(RangeError);
  });
});
