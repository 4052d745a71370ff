/** Conversations in the browser's database. Their images lie beside them, so that they are written once. */
import type { DBSchema, IDBPDatabase } from 'idb';
import { openDatabase } from './database.ts';
import type { SavedConversation } from './saved-conversation.ts';

const NAME = 'conversations';

interface Schema extends DBSchema {
  conversations: { key: string; value: unknown };
  /** By conversation and image. */
  images: { key: [string, string]; value: unknown };
}

export class ConversationStore {
  readonly #database: IDBPDatabase<Schema>;

  private constructor(database: IDBPDatabase<Schema>) {
    this.#database = database;
  }

  /** @throws DOMException where the browser has no database (some private windows), or does not open it in time */
  static async open(): Promise<ConversationStore> {
    const database = await openDatabase<Schema>(NAME, (empty) => {
      empty.createObjectStore('conversations');
      empty.createObjectStore('images');
    });
    return new ConversationStore(database);
  }

  /** Ids of all conversations, the one saved last first. */
  async ids(): Promise<string[]> {
    const [keys, values] = await Promise.all([
      this.#database.getAllKeys('conversations'),
      this.#database.getAll('conversations'),
    ]);
    const times = values.map(savedAtOf);
    return keys
      .map((id, at) => ({ id, time: times[at] ?? 0 }))
      .sort((a, b) => b.time - a.time)
      .map(({ id }) => id);
  }

  /** Undefined if there is none. What comes back is not checked. */
  async read(id: string): Promise<unknown> {
    return this.#database.get('conversations', id);
  }

  async image(id: string, key: string): Promise<Blob | undefined> {
    const value = await this.#database.get('images', [id, key]);
    return value instanceof Blob ? value : undefined;
  }

  /**
   * Writes a conversation with its new images, and removes those it no longer has. Begins at once and commits without
   * waiting for the requests, so that it also works while the page is being closed.
   */
  async write(
    id: string,
    saved: SavedConversation,
    images: { added: ReadonlyMap<string, Blob>; removed: readonly string[] },
  ): Promise<void> {
    const change = this.#database.transaction(['conversations', 'images'], 'readwrite');
    const stored = change.objectStore('images');
    const requests: Promise<unknown>[] = [change.objectStore('conversations').put(saved, id)];
    for (const [key, blob] of images.added) requests.push(stored.put(blob, [id, key]));
    for (const key of images.removed) requests.push(stored.delete([id, key]));
    change.commit();
    await Promise.all([...requests, change.done]);
  }

  /** Deletes conversations with their images. */
  async remove(ids: readonly string[]): Promise<void> {
    const change = this.#database.transaction(['conversations', 'images'], 'readwrite');
    const requests = ids.flatMap((id) => [
      change.objectStore('conversations').delete(id),
      // An array is greater than every string: all keys that begin with the id.
      change.objectStore('images').delete(IDBKeyRange.bound([id], [id, []])),
    ]);
    change.commit();
    await Promise.all([...requests, change.done]);
  }
}

function savedAtOf(stored: unknown): number {
  if (typeof stored !== 'object' || stored === null || !('savedAt' in stored)) return 0;
  return typeof stored.savedAt === 'number' ? stored.savedAt : 0;
}
