/** What the page showed when a measurement failed. */
import { join } from 'node:path';
import type { Page } from 'playwright';
import { cache } from './package.ts';

/** Writes NAME.png into the cache and says where. A page that cannot be drawn any more hides no other error. */
export async function pictureOfFailure(page: Page, name: string): Promise<void> {
  const path = join(cache, `${name}.png`);
  await page.screenshot({ path, timeout: 10_000 }).then(
    () => console.error(`the page as it was: ${path}`),
    () => undefined,
  );
}
