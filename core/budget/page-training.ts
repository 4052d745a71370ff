/** Memory that training an adapter in a tab takes, from shapes: all of it is in WebAssembly's linear memory. */
import type { Gemma3Config, TextConfig } from '../gemma3/config.ts';

const FLOAT = 4;

export interface PageTraining {
  config: Gemma3Config;
  /** Bytes of the initializers of each graph, which its session holds: what two sessions read counts twice. */
  weights: { training: number; measuring: number; embedding: number; vision: number };
  /** Tokens of one run at most, padding included. */
  tokens: number;
  /** Tokens of the longest row. */
  longest: number;
  /** Answers' tokens of one run at most. */
  answers: number;
}

/** Bytes at the same time at least. The images are encoded before the sessions that train are made. */
export function pageTrainingBytes({ config, weights, tokens, longest, answers }: PageTraining): number {
  const run = keptBytes(config.text, tokens, longest) + lossBytes(config.text, answers) + widestBytes(config.text);
  const training = weights.embedding + weights.training + weights.measuring + run;
  return Math.max(training, weights.embedding + weights.vision + imageBytes(config));
}

/** Forward values that backward nodes read, of all layers (`core/onnx/gradients`). */
function keptBytes(text: TextConfig, tokens: number, longest: number): number {
  const { layers, hiddenSize, intermediateSize, heads, keyValueHeads, headDim } = text;
  const [queries, keys] = [heads * headDim, keyValueHeads * headDim];
  // Two residuals, what o_proj and down_proj give, and a normed input; q before its norm and turned, and what attention gives; k before
  // its norm and turned, and v; gate, its GELU, and up; the probabilities.
  const perToken = 5 * hiddenSize + 3 * queries + 3 * keys + 3 * intermediateSize + heads * longest;
  return layers * tokens * perToken * FLOAT;
}

/** Logits, their softmax, the one-hot answers and the difference. */
function lossBytes({ vocabularySize }: TextConfig, answers: number): number {
  return 4 * answers * vocabularySize * FLOAT;
}

/** The largest W in float32, as the backward product reads it: the output head. */
function widestBytes({ vocabularySize, hiddenSize, intermediateSize }: TextConfig): number {
  return Math.max(vocabularySize, intermediateSize) * hiddenSize * FLOAT;
}

/** Scores of one layer of the vision encoder, before and behind the softmax. */
function imageBytes({ vision }: Gemma3Config): number {
  if (!vision) return 0;
  const patches = Math.floor(vision.imageSize / vision.patchSize) ** 2;
  return 2 * vision.heads * patches ** 2 * FLOAT;
}
