import { defineConfig } from '@playwright/test';
import { CHROMIUM_FLAGS, findChromium } from './scripts/chromium.ts';

/** Not Vite's own ports: a dev server that runs beside the tests is left alone. E2E_PORT lets two runs stand beside each other. */
const PORT = Number(process.env['E2E_PORT'] ?? 47_173);
const URL = `http://localhost:${PORT}/`;

/** A configuration installs nothing: `npm test` does (ensureChromium); without one Playwright says what is missing. */
const path = findChromium();
const CHROMIUM = path === undefined ? {} : { executablePath: path };

/** Runs against what `npm run build` left in dist/. */
export default defineConfig({
  testDir: 'tests/e2e',
  globalSetup: './tests/e2e/packages.setup.ts',
  timeout: 120_000,
  // The page computes on one thread: on the CPU where the only GPU is a software adapter.
  workers: 2,
  fullyParallel: true,
  forbidOnly: !!process.env['CI'],
  // A crowded machine can delay the page by seconds. `npm test` names each test that passed only when repeated.
  retries: 1,
  reporter: 'list',
  use: {
    baseURL: URL,
    // Requests that a service worker answers are not seen by page.route. offline.test.ts, which is about it, allows it.
    serviceWorkers: 'block',
    launchOptions: { ...CHROMIUM, args: [...CHROMIUM_FLAGS] },
  },
  projects: [{ name: 'chromium', use: { browserName: 'chromium' } }],
  webServer: {
    command: `npx tsx tests/e2e/site.ts ${PORT}`,
    url: URL,
    reuseExistingServer: false,
  },
});
