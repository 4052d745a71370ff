import { playwright } from '@vitest/browser-playwright';
import { defineConfig, mergeConfig } from 'vitest/config';
import { CHROMIUM_FLAGS, findChromium } from './scripts/chromium.ts';
import { packageServer } from './tests/browser/store/server.ts';
import viteConfig from './vite.config.ts';

// Vitest 5.1 reports failures with Map.groupBy, which Node has from 21 on; with 20 it would break off instead.
if (!('groupBy' in Map)) Object.defineProperty(Map, 'groupBy', { value: groupBy });
function groupBy<K, T>(items: Iterable<T>, keyOf: (item: T, index: number) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const [index, item] of [...items].entries()) {
    const key = keyOf(item, index);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}

/** A configuration installs nothing: `npm test` does (ensureChromium); without one Playwright says what is missing. */
const path = findChromium();
const CHROMIUM = path === undefined ? {} : { executablePath: path };

export default mergeConfig(
  viteConfig,
  defineConfig({
    test: {
      projects: [
        {
          extends: true,
          test: {
            name: 'unit',
            include: ['tests/unit/**/*.test.ts'],
            environment: 'node',
            // For two cores that have more to do.
            testTimeout: 30_000,
          },
        },
        {
          extends: true,
          plugins: [packageServer()],
          // Found before the first test: a dependency that is found later reloads the page under a running one. The
          // page's own are among them: a test that asks for a missing file is answered with index.html, whose scripts
          // Vite transforms ahead.
          optimizeDeps: { entries: ['index.html', 'tests/browser/**/*.ts', 'workers/**/*.ts'] },
          server: { preTransformRequests: false },
          test: {
            name: 'browser',
            include: ['tests/browser/**/*.test.ts'],
            globalSetup: ['tests/browser/packages.setup.ts'],
            testTimeout: 60_000,
            // Each test file has a GPU device of its own; side by side they would only share the processor.
            fileParallelism: false,
            browser: {
              enabled: true,
              headless: true,
              screenshotFailures: false,
              provider: playwright({
                launchOptions: {
                  ...CHROMIUM,
                  args: [...CHROMIUM_FLAGS],
                },
              }),
              instances: [{ browser: 'chromium' }],
            },
          },
        },
      ],
    },
  }),
);
