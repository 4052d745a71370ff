/** How a model did on questions about phantoms, with the names of training/teaching/evaluate.py. */
export interface Scores {
  /** Questions. */
  count: number;
  /** Fraction of them answered right, word for word. */
  exact_match: number;
  exact_match_about_images: number;
  by_question: Record<string, number>;
  by_language: Record<string, number>;
  /** `count en` → fraction */
  by_question_and_language: Record<string, number>;
  /** Of the right answers, a token. */
  perplexity: Record<string, number>;
  /** Of the right answers, their end included. */
  tokens_per_answer: Record<string, number>;
  /** Of the question's text alone. */
  prompt_tokens: Record<string, number>;
}
