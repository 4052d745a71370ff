import { LabLink } from '../../lib/lab-link.ts';
import { LiveText } from './live-text.svelte.ts';
import { Tokenizers } from './tokenizers.svelte.ts';

/** Everything the tokenizer lab holds. It works without a model. */
export class TokenizerLab {
  readonly link = new LabLink();
  readonly tokenizers: Tokenizers;
  readonly live = new LiveText(this.link);

  /** @param page address of the page; vocabulary and packs lie beside it */
  constructor(page: string) {
    this.tokenizers = new Tokenizers(this.link, page);
  }

  /** At the first visit. */
  async start(): Promise<void> {
    await this.tokenizers.start();
  }

  /** Files from the picker or dropped on the page. */
  async addFiles(files: readonly File[]): Promise<void> {
    for (const file of files) await this.tokenizers.add({ type: 'file', file, name: file.name }, file.name);
  }
}
