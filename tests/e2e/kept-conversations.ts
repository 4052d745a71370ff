import type { Page } from '@playwright/test';

/** Each conversation in the page's database, as JSON; none while there is no database. The page writes half a second after the last change. */
export function keptConversations(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    // To open a database that is not there would make an empty one, without the page's stores.
    if (!(await indexedDB.databases()).some(({ name }) => name === 'conversations')) return [];
    return new Promise<string[]>((resolve, reject) => {
      const opening = indexedDB.open('conversations');
      opening.onerror = () => reject(new Error(opening.error?.message));
      opening.onsuccess = () => {
        const stores = opening.result.objectStoreNames;
        if (!stores.contains('conversations')) return resolve([]);
        const reading = opening.result.transaction('conversations').objectStore('conversations').getAll();
        reading.onsuccess = () => {
          opening.result.close();
          resolve(reading.result.map((conversation) => JSON.stringify(conversation)));
        };
      };
    });
  });
}
