/** How tokens are chosen. `temperature: 0` is greedy, and then only `repetitionPenalty` counts. */
export interface Sampling {
  temperature: number;
  /** Keep the k likeliest tokens; 0 keeps all. */
  topK: number;
  /** Keep the likeliest tokens that together reach this probability; 1 keeps all. */
  topP: number;
  /** Keskar et al. 2019 (CTRL): logits of tokens already present are divided (multiplied when negative) by it; 1 is off. */
  repetitionPenalty: number;
  /** Same seed, same prompt, same package, same device: same answer. */
  seed: number;
}
