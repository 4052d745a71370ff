/** Trainings in the browser's database, and the visitor's own rows. Each milestone is written when it is there. */
import type { DBSchema, IDBPDatabase } from 'idb';
import {
  readMilestone,
  readRunPlan,
  readRunProgress,
  type KeptMilestone,
  type RunPlan,
  type RunProgress,
} from '#core/lora/training/kept-run.ts';
import { openDatabase } from '../../chat/database.ts';

const NAME = 'train';
/** Key of the one table of own rows. */
const TABLE = 'own';

interface Schema extends DBSchema {
  runs: { key: string; value: unknown };
  progress: { key: string; value: unknown };
  /** By run and step. */
  milestones: { key: [string, number]; value: unknown };
  tables: { key: string; value: unknown };
}

export interface KeptRun {
  plan: RunPlan;
  progress: RunProgress | undefined;
  /** By step. */
  milestones: KeptMilestone[];
}

export class TrainStore {
  readonly #database: IDBPDatabase<Schema>;

  private constructor(database: IDBPDatabase<Schema>) {
    this.#database = database;
  }

  /** @throws DOMException where the browser has no database (some private windows), or does not open it in time */
  static async open(): Promise<TrainStore> {
    const database = await openDatabase<Schema>(NAME, (empty) => {
      for (const store of ['runs', 'progress', 'milestones', 'tables'] as const) empty.createObjectStore(store);
    });
    return new TrainStore(database);
  }

  /** The run made last first. What cannot be read, of a later version of the page for example, is left out and stays where it is. */
  async runs(): Promise<KeptRun[]> {
    const plans = readable(await this.#database.getAll('runs'), readRunPlan);
    const runs = await Promise.all(plans.map((plan) => this.#run(plan)));
    return runs.sort((a, b) => (a.plan.created < b.plan.created ? 1 : -1));
  }

  async run(id: string): Promise<KeptRun | undefined> {
    const plan: unknown = await this.#database.get('runs', id);
    return plan === undefined ? undefined : this.#run(readRunPlan(plan));
  }

  async #run(plan: RunPlan): Promise<KeptRun> {
    const [progress, milestones] = await Promise.all([
      this.#database.get('progress', plan.id),
      this.#database.getAll('milestones', rangeOf(plan.id)),
    ]);
    return {
      plan,
      progress: readable(progress === undefined ? [] : [progress], readRunProgress)[0],
      milestones: readable(milestones, readMilestone),
    };
  }

  async keepPlan(plan: RunPlan): Promise<void> {
    await this.#database.put('runs', plan, plan.id);
  }

  /** Drops milestones behind the last step. Commits without waiting, so that it also works while the page is being closed. */
  async keepProgress(id: string, progress: RunProgress, milestone: KeptMilestone | undefined): Promise<void> {
    const change = this.#database.transaction(['progress', 'milestones'], 'readwrite');
    const last = Math.max(progress.steps.at(-1)?.step ?? 0, milestone?.step ?? 0);
    const work = [
      change.objectStore('progress').put(progress, id),
      change.objectStore('milestones').delete(IDBKeyRange.bound([id, last], [id, []], true)),
      ...(milestone ? [change.objectStore('milestones').put(milestone, [id, milestone.step])] : []),
    ];
    change.commit();
    await Promise.all([...work, change.done]);
  }

  async removeRun(id: string): Promise<void> {
    const change = this.#database.transaction(['runs', 'progress', 'milestones'], 'readwrite');
    await Promise.all([
      change.objectStore('runs').delete(id),
      change.objectStore('progress').delete(id),
      change.objectStore('milestones').delete(rangeOf(id)),
      change.done,
    ]);
  }

  /** As it was kept; undefined if there is none. */
  async table(): Promise<unknown> {
    return this.#database.get('tables', TABLE);
  }

  async keepTable(table: unknown): Promise<void> {
    await this.#database.put('tables', table, TABLE);
  }
}

/** An array is greater than every number: all keys that begin with the id. */
function rangeOf(id: string): IDBKeyRange {
  return IDBKeyRange.bound([id], [id, []]);
}

function readable<Kept>(values: readonly unknown[], read: (value: unknown) => Kept): Kept[] {
  return values.flatMap((value) => {
    try {
      return [read(value)];
    } catch (error) {
      console.warn(error);
      return [];
    }
  });
}
