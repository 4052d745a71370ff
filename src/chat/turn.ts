import type { Attachment } from './attachments.svelte.ts';
import type { Verdict } from './score.ts';

export interface Turn {
  text: string;
  images: readonly Attachment[];
  /** Undefined for the question that waits for its answer. */
  reply: string | undefined;
}

/** For a teaching model: which turns are sent to it, and which of its answers can be judged. */
export interface Lesson {
  /** The turns to send, the last one among them. */
  turns(turns: readonly Turn[]): Turn[];
  /** The verdict on an answer to the last turn; undefined where the right answer is not known. */
  judge(turns: readonly Turn[], answer: string): Verdict | undefined;
}
