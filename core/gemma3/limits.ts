/**
 * What a config.json may ask for. Sizes decide how much is allocated before a single weight is read, so a file of anybody's
 * must not name them freely. Each is far above the largest published model, and far below what would hang a page.
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
  /** Gemma 3 has 262,208; ids are places in arrays. */
  vocabularySize: 4_194_304,
  /** Gemma 3 has 131,072. RoPE tables have a row for each. */
  positions: 16_777_216,
  /** Pixels a side; MedGemma has 896. */
  imageSize: 8_192,
  /** A side; MedGemma has 64. The attention mask of the vision encoder is their fourth power. */
  patches: 256,
  /** MedGemma has 256. */
  tokensPerImage: 65_536,
  /** RGB has 3. */
  channels: 16,
} as const;
