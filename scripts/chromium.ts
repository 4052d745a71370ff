/** Which Chromium the tests, the end-to-end tests and the bench run in, and with which flags. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { chromium } from 'playwright';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'msedge'];

function usualPlaces(): string[] {
  const { PROGRAMFILES, LOCALAPPDATA } = process.env;
  switch (process.platform) {
    case 'darwin':
      return ['Google Chrome', 'Chromium', 'Microsoft Edge'].map(
        (app) => `/Applications/${app}.app/Contents/MacOS/${app}`,
      );
    case 'win32':
      return [PROGRAMFILES, process.env['PROGRAMFILES(X86)'], LOCALAPPDATA]
        .filter((folder) => folder !== undefined)
        .flatMap((folder) => [
          join(folder, 'Google/Chrome/Application/chrome.exe'),
          join(folder, 'Microsoft/Edge/Application/msedge.exe'),
        ]);
    default:
      return ['/usr/bin/chromium', '/snap/bin/chromium', '/opt/google/chrome/chrome'];
  }
}

function runnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Path of a Chromium: `$CHROMIUM`, one on the PATH or in its usual place, then Playwright's. Installs nothing.
 * @throws when `$CHROMIUM` is set and cannot be run: a choice that was made is not replaced by another.
 */
export function findChromium(): string | undefined {
  const chosen = process.env['CHROMIUM'];
  if (chosen) {
    if (!runnable(chosen)) throw new Error(`CHROMIUM=${chosen} cannot be run. Set it to a Chromium, or unset it.`);
    return chosen;
  }
  const extension = process.platform === 'win32' ? '.exe' : '';
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .flatMap((folder) => NAMES.map((name) => join(folder, name + extension)));
  return [...NAMES.flatMap((name) => onPath.filter((path) => path.endsWith(name + extension))), ...usualPlaces()]
    .concat(chromium.executablePath())
    .find(runnable);
}

/**
 * Path of a Chromium; where there is none, installs one: the distribution's as root on Debian and its kin, otherwise Playwright's.
 * @throws Error that says what to do by hand, when neither way works.
 */
export function ensureChromium(): string {
  const found = findChromium();
  if (found) return found;
  const tried: string[] = [];
  for (const { name, run } of installers()) {
    console.log(`No Chromium found. Installing one: ${name}`);
    try {
      run();
    } catch (error) {
      tried.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      continue;
    }
    const installed = findChromium();
    if (installed) return installed;
    tried.push(`${name}: ended well, and there is still no Chromium`);
  }
  throw new Error(
    [
      'There is no Chromium and none could be installed:',
      ...tried.map((line) => `  - ${line}`),
      'Do one of these, then start again:',
      '  - Debian, Ubuntu:  sudo apt-get install chromium',
      '  - elsewhere:       npx playwright install --with-deps chromium',
      '  - or install Chrome, Chromium or Edge, and set CHROMIUM=/path/to/its/executable',
    ].join('\n'),
  );
}

function installers(): { name: string; run: () => void }[] {
  const all = [];
  if (process.platform === 'linux' && existsSync('/usr/bin/apt-get') && process.getuid?.() === 0) {
    all.push({
      name: 'apt-get install chromium',
      run: () => {
        const options = { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const;
        execFileSync('apt-get', ['update'], options);
        execFileSync('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], options);
      },
    });
  }
  all.push({
    name: 'playwright install chromium',
    run: () => {
      const cli = join(dirname(createRequire(import.meta.url).resolve('playwright/package.json')), 'cli.js');
      execFileSync(process.execPath, [cli, 'install', 'chromium'], { stdio: 'inherit' });
    },
  });
  return all;
}

/** With `GPU=1` the machine's GPU, otherwise SwiftShader, which every machine has. */
export const ON_GPU = process.env['GPU'] === '1';

/** Command-line flags that give WebGPU without a window. Playwright adds its own `--headless`. */
export function chromiumFlags(onGpu: boolean): readonly string[] {
  return [
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    '--enable-unsafe-webgpu',
    // Vulkan has to be asked for on Linux; elsewhere the platform's own API is the default.
    ...(!onGpu
      ? ['--use-webgpu-adapter=swiftshader']
      : process.platform === 'linux'
        ? ['--enable-features=Vulkan', '--use-angle=vulkan', '--ignore-gpu-blocklist']
        : ['--ignore-gpu-blocklist']),
    '--enable-precise-memory-info',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
}

export const CHROMIUM_FLAGS = chromiumFlags(ON_GPU);
