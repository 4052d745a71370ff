import type { Failure } from '#core/failure.ts';
import type { JobEnd } from '#core/protocol/jobs.ts';
import type { MergeComparison, VocabularyJobs } from '#core/protocol/vocabulary.ts';
import type { VocabularyWorker } from '../../../workers/vocabulary-worker.ts';
import { declaration } from '../claims/declaration.ts';

/** Milliseconds between two comparisons during typing. */
const pause = 150;

/** Addresses of the vocabulary and the pack of the lesson. */
export interface LessonSources {
  base: string;
  pack: string;
}

/** Compares all methods of adding one list of merges, on the reader's text as it is typed. */
export class WrongMerges {
  result = $state.raw<MergeComparison>();
  /** The comparison on the Declaration, which is long enough to show effects that a short text may not have. */
  reference = $state.raw<MergeComparison>();
  failure = $state.raw<Failure>();
  #text = '';
  #compared: string | undefined;
  #comparing = false;

  constructor(
    private readonly worker: VocabularyWorker,
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
      const end = await this.#compare(text);
      if (end.type === 'done') this.result = end;
      this.failure = end.type === 'failed' ? end.failure : undefined;
      if (end.type === 'done' && !this.reference) await this.#compareReference();
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    this.#comparing = false;
  }

  async #compareReference(): Promise<void> {
    const end = await this.#compare(declaration.map(({ ko }) => ko).join('\n'));
    if (end.type === 'done') this.reference = end;
  }

  #compare(text: string): Promise<JobEnd<VocabularyJobs['compare']>> {
    return this.worker.start('compare', { ...this.sources, text }).ended;
  }
}
