import { Attachments, type Attachment } from './attachments.svelte.ts';
import type { Exchange } from './conversation.svelte.ts';

let copied = 0;

/** A question that was sent and is being edited. Its images are copies, so that it can be given up without a trace. */
export class QuestionEdit {
  text = $state('');
  readonly attachments = new Attachments();
  readonly isEmpty = $derived(this.text.trim() === '' && this.attachments.items.length === 0);

  constructor(readonly exchange: Exchange) {
    this.text = exchange.text;
    this.attachments.items = exchange.images.map(copyOf);
  }

  release(): void {
    this.attachments.clear();
  }
}

/** The same bytes under an address of their own. */
export function copyOf(image: Attachment): Attachment {
  return { ...image, id: `copy-${++copied}`, url: URL.createObjectURL(image.blob) };
}
