/** Which variant of a package runs on a device. */
import type { VariantReason } from '#core/protocol/engine.ts';
import { FailureError } from '#core/failure.ts';
import type { Backend } from './backend.ts';
import type { ModelPackage, PackageVariant } from './package.ts';

/**
 * A variant that computes in float16 where the device does, else the first that computes in float32. A package with one variant
 * runs that one.
 * @param wanted dtype of the decoder that must run
 * @returns the package with the chosen variant's graphs
 * @throws FailureError `file-missing` if the package has no such variant
 */
export function chooseVariant(
  pack: ModelPackage,
  backend: Pick<Backend, 'gpu'>,
  wanted: string | undefined,
): { pack: ModelPackage; reason: VariantReason } {
  const { variants } = pack;
  const chosen = (variant: PackageVariant | undefined, reason: VariantReason) => ({
    pack: { ...pack, ...variant },
    reason,
  });
  if (wanted !== undefined) {
    const asked = variants.find(({ decoder }) => decoder.dtype === wanted);
    if (!asked) throw new FailureError('file-missing', { file: `${pack.decoder.path} (${wanted})` });
    return chosen(asked, 'asked');
  }
  if (variants.length < 2) return chosen(variants[0], 'only-one');
  const half = variants.find((variant) => isHalf(variant));
  const full = variants.find((variant) => !isHalf(variant));
  if (!backend.gpu) return chosen(full, 'cpu');
  return backend.gpu.device.features.has('shader-f16') ? chosen(half, 'float16') : chosen(full, 'no-float16');
}

function isHalf({ decoder }: PackageVariant): boolean {
  return decoder.dtype === 'q4f16' || decoder.dtype === 'fp16';
}
