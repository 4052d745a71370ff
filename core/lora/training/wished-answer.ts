/** What an adapter is trained on, before it is made of tokens. */
import type { BlobLike } from '../../bytes.ts';

/** A phantom is drawn where it is needed; a file is what the page opens as an image. */
export type TrainingImage = { type: 'phantom'; seed: number } | { type: 'file'; name: string; blob: BlobLike };

/** A question with the answer that is wished for. */
export interface WishedAnswer {
  question: string;
  answer: string;
  /** Stands before the question; undefined: none. */
  image: TrainingImage | undefined;
}
