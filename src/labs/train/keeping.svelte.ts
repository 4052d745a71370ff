import type { KeptMilestone, RunPlan, RunProgress } from '#core/lora/training/kept-run.ts';
import { TrainStore, type KeptRun } from './train-store.ts';

/** Keeps trainings on the device, as far as the browser lets it: without its database all works until the page is closed. */
export class Keeping {
  /** Why nothing is kept. */
  problem = $state<string>();
  #store: Promise<TrainStore | undefined> | undefined;

  runs(): Promise<KeptRun[]> {
    return this.#with((store) => store.runs(), []);
  }

  /** Undefined if it is not kept. */
  run(id: string): Promise<KeptRun | undefined> {
    return this.#with((store) => store.run(id), undefined);
  }

  keepPlan(plan: RunPlan): Promise<void> {
    return this.#with((store) => store.keepPlan(plan), undefined);
  }

  keepProgress(id: string, progress: RunProgress, milestone?: KeptMilestone): Promise<void> {
    return this.#with((store) => store.keepProgress(id, progress, milestone), undefined);
  }

  removeRun(id: string): Promise<void> {
    return this.#with((store) => store.removeRun(id), undefined);
  }

  table(): Promise<unknown> {
    return this.#with((store) => store.table(), undefined);
  }

  keepTable(table: unknown): Promise<void> {
    return this.#with((store) => store.keepTable(table), undefined);
  }

  async #with<Value>(work: (store: TrainStore) => Promise<Value>, otherwise: Value): Promise<Value> {
    this.#store ??= TrainStore.open().catch((error: unknown) => this.#failed(error));
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
