/**
 * `test` for pages with the default settings of playwright.config.ts. The pages of a Playwright worker share a profile on disk, emptied before each
 * test, so that the runtime's WebAssembly is compiled once a worker and not once a test (docs/decisions/0010-test-suite.md has figures). A
 * test that needs a profile of its own, or other settings, takes `test` of @playwright/test.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, type BrowserContext } from '@playwright/test';

/** All that a page can keep. The compiled code is not among it. */
const KEPT = 'cookies,local_storage,indexeddb,cache_storage,file_systems,service_workers,storage_buckets';

export const test = base.extend<object, { sharedContext: BrowserContext }>({
  sharedContext: [
    async ({ playwright, launchOptions }, use) => {
      const profile = await mkdtemp(join(tmpdir(), 'medgemma-ko-lab-e2e-'));
      const context = await playwright.chromium.launchPersistentContext(profile, {
        ...launchOptions,
        serviceWorkers: 'block',
      });
      await use(context);
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
    { scope: 'worker' },
  ],
  context: async ({ sharedContext, baseURL }, use) => {
    for (const page of sharedContext.pages()) if (page.url() !== 'about:blank') await page.close();
    await sharedContext.clearCookies();
    await sharedContext.clearPermissions();
    const [blank = await sharedContext.newPage()] = sharedContext.pages();
    const devtools = await sharedContext.newCDPSession(blank);
    await devtools.send('Storage.clearDataForOrigin', { origin: new URL(baseURL ?? '').origin, storageTypes: KEPT });
    await devtools.detach();
    await use(sharedContext);
    for (const page of sharedContext.pages()) if (page !== blank) await page.close();
    await sharedContext.unrouteAll();
  },
});
