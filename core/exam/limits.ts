/** What is read of questions, and what a page reads back of those that it kept: nothing is kept that could not be read again. */

/** Longer than all of the data set. */
export const MAX_QUESTIONS = 100_000;
/** Characters of a question, a choice or an answer. */
export const MAX_QUESTION_TEXT = 100_000;
