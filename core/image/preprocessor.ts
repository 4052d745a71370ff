import * as v from 'valibot';
import { FailureError } from '../failure.ts';
import { LIMITS } from '../gemma3/limits.ts';
import { check, flag, object, positive, shown, whole } from '../schema/schema.ts';

/** Settings of `preprocessor_config.json` for Hugging Face's `Gemma3ImageProcessor` and similar ones. */
export interface Preprocessor {
  width: number;
  height: number;
  /** Per channel R, G, B, after rescaling. */
  mean: readonly [number, number, number];
  std: readonly [number, number, number];
  /** Scales u8 to the range of mean and std, usually 1/255. */
  rescaleFactor: number;
}

/** Pillow's name for bilinear. */
const BILINEAR = 2;

const finite = v.pipe(v.number('a number'), v.finite('a number'));
const three = 'a list of three numbers';
const step = v.nullish(flag());

const schema = object({
  do_resize: step,
  do_rescale: step,
  do_normalize: step,
  do_pan_and_scan: step,
  resample: v.nullish(v.unknown(), BILINEAR),
  size: object({ width: whole(1, LIMITS.imageSize), height: whole(1, LIMITS.imageSize) }),
  rescale_factor: v.nullish(positive(), 1 / 255),
  image_mean: v.strictTuple([finite, finite, finite], three),
  image_std: v.strictTuple([positive(), positive(), positive()], three),
});

/**
 * Reads the parsed `preprocessor_config.json`. @throws FailureError 'file-broken' for missing or invalid values,
 * 'unsupported-package' for unsupported settings (another filter, pan and scan, a skipped step)
 */
export function readPreprocessor(config: unknown, file = 'preprocessor_config.json'): Preprocessor {
  const unsupported = (reason: string) => new FailureError('unsupported-package', { file, reason });
  const fields = check(schema, config, (reason) => new FailureError('file-broken', { file, reason }));
  for (const name of ['do_resize', 'do_rescale', 'do_normalize'] as const) {
    if (fields[name] === false) throw unsupported(`${name}: false`);
  }
  if (fields.do_pan_and_scan === true) throw unsupported('do_pan_and_scan: true');
  if (fields.resample !== BILINEAR) throw unsupported(`resample: ${shown(fields.resample)}`);
  return {
    width: fields.size.width,
    height: fields.size.height,
    mean: fields.image_mean,
    std: fields.image_std,
    rescaleFactor: fields.rescale_factor,
  };
}
