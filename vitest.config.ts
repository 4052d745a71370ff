import { playwright } from '@vitest/browser-playwright';
import { defineConfig, mergeConfig } from 'vitest/config';
import { CHROMIUM_FLAGS, findChromium, ON_GPU } from './scripts/chromium.ts';
import { hubServer } from './tests/browser/maker/hub.ts';
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

/** `npm run test:full` sets it. */
const full = process.env['TEST_FULL'] === '1';

/** Tests in Chromium. @param provider where the engine runs in tests that are not about WebGPU itself */
function inBrowser(name: string, include: string[], provider: 'wasm' | 'webgpu') {
  return {
    extends: true as const,
    plugins: [packageServer(), hubServer()],
    // Found before the first test: a dependency that is found later reloads the page under a running one. The
    // page's own are among them: a test that asks for a missing file is answered with index.html, whose scripts
    // Vite transforms ahead.
    optimizeDeps: { entries: ['index.html', 'tests/browser/**/*.ts', 'workers/**/*.ts'] },
    server: { preTransformRequests: false },
    test: {
      name,
      include,
      provide: { provider, full },
      globalSetup: ['tests/browser/packages.setup.ts'],
      testTimeout: 60_000,
      // A crowded machine can delay the page by seconds. `npm test` names each test that passed only when repeated.
      retry: 1,
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
        instances: [{ browser: 'chromium' as const }],
      },
    },
  };
}

/** What runs on the CPU in `browser`, where the only GPU is a software adapter; once more on WebGPU in `npm run test:full`. */
const engineTests = ['answers', 'foreign', 'korean', 'limits', 'lora', 'nearest', 'stop', 'training'].map(
  (name) => `tests/browser/engine/${name}.test.ts`,
);

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
        inBrowser('browser', ['tests/browser/**/*.test.ts'], ON_GPU ? 'webgpu' : 'wasm'),
        inBrowser(
          'webgpu',
          [...engineTests, 'tests/browser/weights/weights.test.ts', 'tests/browser/page/search.test.ts'],
          'webgpu',
        ),
      ],
    },
  }),
);
