/**
 * Limits for the sizes in a config.json. The file is untrusted, and its sizes determine allocations before any weight is read.
 * Each limit is far above the largest published model and far below a size that would hang the page.
 */
export const LIMITS = {
  /** Gemma 3 27B has 62. */
  layers: 1_000,
  /** Gemma 3 27B has 5,376. */
  hiddenSize: 65_536,
  /** Gemma 3 27B has 21,504. */
  intermediateSize: 1_048_576,
  /** Gemma 3 27B has 32. */
  heads: 1_024,
  /** Gemma 3 has 256. */
  headDim: 4_096,
  /** Gemma 3 has 262,208; ids are array indices. */
  vocabularySize: 4_194_304,
  /** Gemma 3 has 131,072. RoPE tables have a row for each: 2 GB with a headDim of 256. */
  positions: 1_048_576,
  /** Pixels per side; MedGemma has 896. */
  imageSize: 8_192,
  /** Patches per side; MedGemma has 64. The size of the vision encoder's attention matrix is their fourth power. */
  patches: 256,
  /** MedGemma has 256. */
  tokensPerImage: 65_536,
  /** RGB has 3. */
  channels: 16,
} as const;
