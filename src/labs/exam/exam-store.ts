/** Questions that the visitor brought, and runs with their answers, in the browser's database. Each answer is written when it is there. */
import type { DBSchema, IDBPDatabase } from 'idb';
import { openDatabase } from '../../chat/database.ts';
import {
  readKeptAnswer,
  readKeptData,
  readRunPlan,
  type KeptAnswer,
  type KeptData,
  type RunPlan,
} from '#core/exam/kept.ts';

const NAME = 'exam';

interface Schema extends DBSchema {
  data: { key: string; value: unknown };
  runs: { key: string; value: unknown };
  /** By run and place of the question in it. */
  answers: { key: [string, number]; value: unknown };
}

export interface KeptRun {
  plan: RunPlan;
  /** Of the plan's first questions: a run asks them in order. */
  answers: KeptAnswer[];
}

export class ExamStore {
  readonly #database: IDBPDatabase<Schema>;

  private constructor(database: IDBPDatabase<Schema>) {
    this.#database = database;
  }

  /** @throws DOMException where the browser has no database (some private windows), or does not open it in time */
  static async open(): Promise<ExamStore> {
    const database = await openDatabase<Schema>(NAME, (empty) => {
      for (const store of ['data', 'runs', 'answers'] as const) empty.createObjectStore(store);
    });
    return new ExamStore(database);
  }

  /** What cannot be read, of a later version of the page for example, is left out and stays where it is. */
  async data(): Promise<KeptData[]> {
    const kept = await this.#database.getAll('data');
    return readable(kept, readKeptData).sort((a, b) => a.savedAt - b.savedAt);
  }

  /** The run made last first. */
  async runs(): Promise<KeptRun[]> {
    const plans = readable(await this.#database.getAll('runs'), readRunPlan);
    const runs = await Promise.all(plans.map(async (plan) => ({ plan, answers: await this.answers(plan.id) })));
    return runs.sort((a, b) => (a.plan.created < b.plan.created ? 1 : -1));
  }

  /** Of a run's first questions. */
  async answers(id: string): Promise<KeptAnswer[]> {
    const range = rangeOf(id);
    const [keys, values] = await Promise.all([
      this.#database.getAllKeys('answers', range),
      this.#database.getAll('answers', range),
    ]);
    // In the order of their keys. What follows a gap, or cannot be read, is asked again.
    const answers: KeptAnswer[] = [];
    for (const [place, value] of values.entries()) {
      const [answer] = keys[place]?.[1] === place ? readable([value], readKeptAnswer) : [];
      if (!answer) break;
      answers.push(answer);
    }
    return answers;
  }

  async keepData(data: KeptData): Promise<void> {
    await this.#database.put('data', data, data.id);
  }

  async keepRun(plan: RunPlan): Promise<void> {
    await this.#database.put('runs', plan, plan.id);
  }

  /** Commits without waiting for the request, so that it also works while the page is being closed. */
  async keepAnswer(id: string, at: number, answer: KeptAnswer): Promise<void> {
    const change = this.#database.transaction('answers', 'readwrite');
    const put = change.store.put(answer, [id, at]);
    change.commit();
    await Promise.all([put, change.done]);
  }

  async removeData(id: string): Promise<void> {
    await this.#database.delete('data', id);
  }

  async removeRun(id: string): Promise<void> {
    const change = this.#database.transaction(['runs', 'answers'], 'readwrite');
    await Promise.all([
      change.objectStore('runs').delete(id),
      change.objectStore('answers').delete(rangeOf(id)),
      change.done,
    ]);
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
