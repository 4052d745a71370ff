import type { ChatMessage } from './message.ts';

/** A message as Hugging Face chat templates expect it. */
export interface TemplateMessage {
  role: ChatMessage['role'];
  content: ({ type: 'text'; text: string } | { type: 'image' })[];
}

/**
 * Messages for a chat template; `rewrite` is applied to every text. System text becomes a single part, because templates
 * read only the first one, and a blank system message is left out. @throws Error for an image in a system message
 */
export function templateMessages(
  messages: readonly ChatMessage[],
  rewrite: (text: string) => string,
): TemplateMessage[] {
  return messages.flatMap((message): TemplateMessage[] => {
    if (message.role !== 'system') {
      const content = message.content.map((part) =>
        part.type === 'text' ? { type: part.type, text: rewrite(part.text) } : { type: part.type },
      );
      return [{ role: message.role, content }];
    }
    const texts = message.content.map((part) => {
      if (part.type === 'image') throw new Error('a system message cannot hold an image');
      return part.text;
    });
    const text = texts.join('\n');
    if (text.trim() === '') return [];
    return [{ role: 'system', content: [{ type: 'text', text: rewrite(text) }] }];
  });
}
