import type { KeptAnswer, KeptData, RunPlan } from '#core/exam/kept.ts';
import { ExamStore, type KeptRun } from './exam-store.ts';

/** Keeps questions and answers on the device, as far as the browser lets it: without its database all works until the page is closed. */
export class Keeping {
  /** Why nothing is kept. */
  problem = $state<string>();
  #store: Promise<ExamStore | undefined> | undefined;

  data(): Promise<KeptData[]> {
    return this.#with((store) => store.data(), []);
  }

  runs(): Promise<KeptRun[]> {
    return this.#with((store) => store.runs(), []);
  }

  answers(runId: string): Promise<KeptAnswer[]> {
    return this.#with((store) => store.answers(runId), []);
  }

  keepData(data: KeptData): Promise<void> {
    return this.#with((store) => store.keepData(data), undefined);
  }

  keepRun(plan: RunPlan): Promise<void> {
    return this.#with((store) => store.keepRun(plan), undefined);
  }

  keepAnswer(id: string, at: number, answer: KeptAnswer): Promise<void> {
    return this.#with((store) => store.keepAnswer(id, at, answer), undefined);
  }

  removeData(id: string): Promise<void> {
    return this.#with((store) => store.removeData(id), undefined);
  }

  removeRun(id: string): Promise<void> {
    return this.#with((store) => store.removeRun(id), undefined);
  }

  async #with<Value>(work: (store: ExamStore) => Promise<Value>, otherwise: Value): Promise<Value> {
    this.#store ??= ExamStore.open().catch((error: unknown) => this.#failed(error));
    const store = await this.#store;
    if (!store) return otherwise;
    try {
      return await work(store);
    } catch (error) {
      this.#failed(error);
      return otherwise;
    }
  }

  /** No storage, or a full one. */
  #failed(error: unknown): undefined {
    console.warn(error);
    this.problem = error instanceof Error ? error.message : String(error);
    return undefined;
  }
}
