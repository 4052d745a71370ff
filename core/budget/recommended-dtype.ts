/** The precision that a package for a device is made in unless somebody chooses another. */
import type { Dtype } from '../gemma3/dtype.ts';

/**
 * float16: the GPU computes in it · no-float16: it does not, so the second decoder of q4f16 would be made for nothing · no-gpu: the CPU
 * computes in float32
 */
export type DtypeReason = 'float16' | 'no-float16' | 'no-gpu';

export interface RecommendedDtype {
  dtype: Extract<Dtype, 'q4f16' | 'q4'>;
  reason: DtypeReason;
}

/**
 * Four bits: a decoded token reads every weight once, so that twice the bytes are half the speed, and MedGemma 4B in eight bits needs a GPU
 * with more than 6 GB.
 * @param gpu undefined where the browser has none
 */
export function recommendedDtype(gpu: { shaderF16: boolean } | undefined): RecommendedDtype {
  if (!gpu) return { dtype: 'q4', reason: 'no-gpu' };
  return gpu.shaderF16 ? { dtype: 'q4f16', reason: 'float16' } : { dtype: 'q4', reason: 'no-float16' };
}
