/** Sampling settings. `temperature: 0` is greedy; then only `repetitionPenalty` has an effect. */
export interface Sampling {
  temperature: number;
  /** Keep the k most probable tokens; 0 keeps all. */
  topK: number;
  /** Keep the most probable tokens whose sum reaches this probability; 1 keeps all. */
  topP: number;
  /** Keskar et al. 2019 (CTRL): logits of tokens already present are divided (multiplied when negative) by it; 1 is off. */
  repetitionPenalty: number;
  /** With the same seed, prompt, package and device, the answer is the same. */
  seed: number;
}
