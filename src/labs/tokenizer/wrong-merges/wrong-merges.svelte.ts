import type { LabFailure } from '#core/protocol/tokenizer.ts';
import type { CompareMethodsReply } from '#core/protocol/vocabulary.ts';
import type { VocabularyWorker } from '../../../workers/vocabulary-worker.ts';
import { declaration } from '../claims/declaration.ts';

/** Milliseconds between two comparisons while somebody types. */
const pause = 150;

/** Where the vocabulary and the pack of the lesson lie. */
export interface LessonSources {
  base: string;
  pack: string;
}

type Compared = CompareMethodsReply & { type: 'done' };

/** The reader's text through all methods of merging one list, as it is typed. */
export class WrongMerges {
  result = $state.raw<Compared>();
  /** The Declaration, long enough to show what a short text may be spared. */
  reference = $state.raw<Compared>();
  failure = $state.raw<LabFailure>();
  #text = '';
  #compared: string | undefined;
  #comparing = false;

  constructor(
    private readonly link: VocabularyWorker,
    private readonly sources: LessonSources,
  ) {}

  follow(text: string): void {
    this.#text = text;
    void this.#pump();
  }

  retry(): void {
    this.#compared = undefined;
    this.failure = undefined;
    void this.#pump();
  }

  async #pump(): Promise<void> {
    if (this.#comparing) return;
    this.#comparing = true;
    while (this.#text !== this.#compared) {
      const text = this.#text;
      this.#compared = text;
      if (text.trim() === '') continue;
      const reply = await this.#compare(text);
      if (reply.type === 'done') this.result = reply;
      this.failure = reply.type === 'failed' ? reply.failure : undefined;
      if (reply.type === 'done' && !this.reference) await this.#compareReference();
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    this.#comparing = false;
  }

  async #compareReference(): Promise<void> {
    const reply = await this.#compare(declaration.map(({ ko }) => ko).join('\n'));
    if (reply.type === 'done') this.reference = reply;
  }

  async #compare(text: string): Promise<CompareMethodsReply> {
    try {
      return await this.link.ask<CompareMethodsReply>(async (api) => await api.compare({ ...this.sources, text }));
    } catch {
      return { type: 'failed', failure: { code: 'worker', detail: { reason: 'the worker broke off' } } };
    }
  }
}
