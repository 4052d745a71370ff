import { openDB, type DBSchema, type IDBPDatabase } from 'idb';

/** How long the browser may take to open its database: milliseconds mostly, seconds on a busy machine, or for ever. */
const OPEN_MILLISECONDS = 15_000;

/**
 * Opens a database of the browser in its first version.
 * @param create makes its stores
 * @throws DOMException where the browser has no database (some private windows), or does not open it in time
 */
export async function openDatabase<Schema extends DBSchema>(
  name: string,
  create: (database: IDBPDatabase<Schema>) => void,
): Promise<IDBPDatabase<Schema>> {
  const opening = openDB<Schema>(name, 1, {
    upgrade: create,
    // A newer page in another tab wants to change the database.
    blocking: (_, __, event) => {
      if (event.target instanceof IDBDatabase) event.target.close();
    },
  });
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new DOMException('the database did not open', 'TimeoutError')), OPEN_MILLISECONDS);
  });
  return Promise.race([opening, late]);
}
