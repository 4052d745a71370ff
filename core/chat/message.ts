import type { BlobLike } from '../bytes.ts';

/** One turn of a conversation. */
export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: readonly ContentPart[];
}

export type ContentPart = { type: 'text'; text: string } | { type: 'image'; name: string; image: BlobLike };
