/** Evaluation results on questions about phantoms, with the field names of training/teaching/evaluate.py. */
export interface Scores {
  /** Number of questions. */
  count: number;
  /** Fraction answered exactly right. */
  exact_match: number;
  exact_match_about_images: number;
  by_question: Record<string, number>;
  by_language: Record<string, number>;
  /** `count en` → fraction */
  by_question_and_language: Record<string, number>;
  /** Per-token perplexity of the right answers. */
  perplexity: Record<string, number>;
  /** Tokens per right answer, end token included. */
  tokens_per_answer: Record<string, number>;
  /** Tokens of the question's text. */
  prompt_tokens: Record<string, number>;
}
