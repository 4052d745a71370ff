/** A row of exam questions, asked one after the other. */
import { examplesFor } from '#core/exam/examples.ts';
import type { ExamJobRequest, ExamUpdate } from '#core/protocol/exam.ts';
import type { OpenedModel } from '../opened.ts';
import { answerQuestion } from './exam.ts';

/** What a running job has. */
interface Reporting {
  signal: AbortSignal;
  emit: (update: ExamUpdate) => void;
  progress: (update: ExamUpdate) => void;
}

/**
 * Between two questions the cache keeps what they share: the examples.
 * @returns number of answers; fewer than questions only where the signal was aborted
 * @throws FailureError context-full, unsupported-package; ExamplesError
 */
export async function runExam(
  opened: OpenedModel,
  { questions, examples, way, shots, chatTemplate }: ExamJobRequest,
  { signal, emit, progress }: Reporting,
): Promise<number> {
  for (const [at, question] of questions.entries()) {
    if (signal.aborted) return at;
    let newTokens = 0;
    progress({ type: 'progress', at, newTokens });
    const request = { way, chatTemplate, examples: examplesFor(question.exam, examples, shots) };
    const answer = await answerQuestion({ ...opened, signal }, question, request, () => {
      progress({ type: 'progress', at, newTokens: ++newTokens });
    });
    if (!answer) return at;
    emit({ type: 'answered', at, answer });
  }
  return questions.length;
}
