/** Which numbers may stand in place of a weight, and how they are chosen. */

/** q2 … q8: whole numbers of so many bits; nf4: the 16 quantiles of QLoRA (Dettmers et al. 2023, arXiv 2305.14314); fp16: no blocks. */
export const QUANT_FORMATS = ['q2', 'q3', 'q4', 'nf4', 'q8', 'fp16'] as const;
export type QuantFormat = (typeof QUANT_FORMATS)[number];

/** round: the scale from the block's extremes, weights to the nearest code. search: the scale that leaves the least error. */
export const QUANT_METHODS = ['round', 'search'] as const;
export type QuantMethod = (typeof QUANT_METHODS)[number];

export const BLOCK_SIZES = [16, 32, 64, 128, 256] as const;
export type BlockSize = (typeof BLOCK_SIZES)[number];

export interface QuantSettings {
  format: QuantFormat;
  /** False: each block has a zero point of its own beside the scale. Without effect for nf4 and fp16. */
  symmetric: boolean;
  blockSize: BlockSize;
  method: QuantMethod;
}
