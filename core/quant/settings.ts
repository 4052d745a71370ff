/** Quantization formats and methods. */

/**
 * q2 … q8: integers of 2 … 8 bits; nf4: the 16 quantiles of QLoRA (Dettmers et al. 2023, arXiv 2305.14314); fp16: half
 * precision without blocks.
 */
export const QUANT_FORMATS = ['q2', 'q3', 'q4', 'nf4', 'q8', 'fp16'] as const;
export type QuantFormat = (typeof QUANT_FORMATS)[number];

/** round: scale from the block's extremes. search: scale with the smallest squared error. */
export const QUANT_METHODS = ['round', 'search'] as const;
export type QuantMethod = (typeof QUANT_METHODS)[number];

export const BLOCK_SIZES = [16, 32, 64, 128, 256] as const;
export type BlockSize = (typeof BLOCK_SIZES)[number];

export interface QuantSettings {
  format: QuantFormat;
  /** False: each block has a zero point in addition to the scale. No effect for nf4 and fp16. */
  symmetric: boolean;
  blockSize: BlockSize;
  method: QuantMethod;
}
