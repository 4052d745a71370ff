import type { KeptData } from '#core/exam/kept.ts';
import { OWN_EXAM, OWN_EXAMPLES, OWN_QUESTIONS } from '#core/exam/own-questions.ts';
import { FailureError, type Failure } from '#core/failure.ts';
import { uniqueName } from '#core/text/unique-name.ts';
import { t } from '../../platform/locale.svelte.ts';
import { fetchFromHub, readChosen, type BroughtData, type HubChoice, type ReadAs } from './exam-files.ts';
import type { Keeping } from './keeping.svelte.ts';

/** The questions that are there to be asked: ten of our own, and what the visitor brought. */
export class QuestionSets {
  brought = $state.raw<readonly KeptData[]>([]);
  chosenId = $state(OWN_EXAM);
  failure = $state.raw<Failure>();
  /** Of the files that were opened last: those whose encoding was guessed. */
  readAs = $state.raw<readonly ReadAs[]>([]);
  /** Files that were fetched and those that will be; undefined while nothing is fetched. */
  fetching = $state.raw<{ done: number; total: number }>();
  readonly all: readonly KeptData[] = $derived([this.own, ...this.brought]);
  readonly chosen: KeptData = $derived(this.all.find(({ id }) => id === this.chosenId) ?? this.own);
  #fetch: AbortController | undefined;

  constructor(private readonly keeping: Keeping) {}

  get own(): KeptData {
    const [questions, examples] = [[...OWN_QUESTIONS], [...OWN_EXAMPLES]];
    return { id: OWN_EXAM, name: t('exam.data.own'), savedAt: 0, questions, examples };
  }

  async restore(): Promise<void> {
    this.brought = [...(await this.keeping.data()), ...this.brought];
  }

  /** Examples alone go to the questions that are chosen. */
  async addFiles(files: readonly File[]): Promise<void> {
    await this.#take(async () => {
      const { sets, readAs } = await readChosen(files);
      this.readAs = readAs;
      for (const set of sets) {
        if (set.questions.length > 0) await this.#add(set);
        else await this.#addExamples(set);
      }
    });
  }

  async fetch(choice: HubChoice): Promise<void> {
    const fetching = new AbortController();
    this.#fetch = fetching;
    this.fetching = { done: 0, total: 0 };
    await this.#take(async () => {
      await this.#add(await fetchFromHub(choice, fetching.signal, (done, total) => (this.fetching = { done, total })));
    }, fetching.signal);
    this.fetching = undefined;
  }

  cancelFetch(): void {
    this.#fetch?.abort();
  }

  async remove(set: KeptData): Promise<void> {
    this.readAs = [];
    this.brought = this.brought.filter((other) => other !== set);
    await this.keeping.removeData(set.id);
  }

  async #take(work: () => Promise<void>, signal?: AbortSignal): Promise<void> {
    this.failure = undefined;
    this.readAs = [];
    try {
      await work();
    } catch (error) {
      if (signal?.aborted) return;
      if (!(error instanceof FailureError)) throw error;
      this.failure = error.failure;
    }
  }

  async #add({ name, questions, examples }: BroughtData): Promise<void> {
    const taken = new Set(this.all.map((set) => set.name));
    const set = { id: crypto.randomUUID(), name: uniqueName(name, taken), savedAt: Date.now(), questions, examples };
    this.brought = [...this.brought, set];
    this.chosenId = set.id;
    await this.keeping.keepData(set);
  }

  async #addExamples({ examples, name }: BroughtData): Promise<void> {
    const { chosen } = this;
    // Without other questions the examples are what is asked.
    if (chosen.id === OWN_EXAM) return this.#add({ name, questions: examples, examples: [] });
    const exams = new Set(examples.map(({ exam }) => exam));
    const kept = chosen.examples.filter(({ exam }) => !exams.has(exam));
    const set = { ...chosen, examples: [...kept, ...examples] };
    this.brought = this.brought.map((other) => (other === chosen ? set : other));
    await this.keeping.keepData(set);
  }
}
