import { FailureError } from '../failure.ts';

/** What `preprocessor_config.json` asks for, of the Hugging Face `Gemma3ImageProcessor` and its like. */
export interface Preprocessor {
  width: number;
  height: number;
  /** Per channel R, G, B, after rescaling. */
  mean: readonly [number, number, number];
  std: readonly [number, number, number];
  /** u8 → the range of mean and std; 1/255. */
  rescaleFactor: number;
}

/** Pillow's name for bilinear. */
const BILINEAR = 2;

/**
 * Reads the parsed `preprocessor_config.json`. Throws FailureError: 'file-broken' for missing or wrong values,
 * 'unsupported-package' for steps that this engine does not do (another filter, pan and scan, a step left out).
 */
export function readPreprocessor(config: unknown, file = 'preprocessor_config.json'): Preprocessor {
  const broken = (reason: string) => new FailureError('file-broken', { file, reason });
  const unsupported = (reason: string) => new FailureError('unsupported-package', { file, reason });
  if (typeof config !== 'object' || config === null) throw broken('not an object');
  const fields = new Map<string, unknown>(Object.entries(config));

  for (const step of ['do_resize', 'do_rescale', 'do_normalize']) {
    if (fields.get(step) === false) throw unsupported(`${step}: false`);
  }
  if (fields.get('do_pan_and_scan') === true) throw unsupported('do_pan_and_scan: true');
  const resample = fields.get('resample') ?? BILINEAR;
  if (resample !== BILINEAR) throw unsupported(`resample: ${JSON.stringify(resample)}`);

  const size = fields.get('size');
  const edges = typeof size === 'object' && size !== null ? new Map<string, unknown>(Object.entries(size)) : undefined;
  const [width, height] = [edges?.get('width'), edges?.get('height')];
  if (!isPositive(width) || !isPositive(height) || !Number.isInteger(width) || !Number.isInteger(height)) {
    throw broken('size.width and size.height must be positive integers');
  }
  const rescaleFactor = fields.get('rescale_factor') ?? 1 / 255;
  if (!isPositive(rescaleFactor)) throw broken('rescale_factor must be positive');
  const mean = threeNumbers(fields.get('image_mean'));
  const std = threeNumbers(fields.get('image_std'));
  if (!mean) throw broken('image_mean must be three numbers');
  if (!std?.every(isPositive)) throw broken('image_std must be three positive numbers');
  return { width, height, mean, std, rescaleFactor };
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

function threeNumbers(value: unknown): readonly [number, number, number] | undefined {
  if (!Array.isArray(value) || value.length !== 3) return undefined;
  const values: unknown[] = value;
  const [a, b, c] = values;
  if (typeof a !== 'number' || typeof b !== 'number' || typeof c !== 'number') return undefined;
  return [a, b, c];
}
