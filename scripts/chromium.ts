/** Finds the Chromium for tests and measurements, and lists its flags. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { chromium } from 'playwright';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'msedge'];

function defaultPaths(): string[] {
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

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Path of a Chromium: `$CHROMIUM`, otherwise one on the PATH, in a default path, or Playwright's. Installs nothing.
 * @throws Error when `$CHROMIUM` is set and cannot be run; no other browser replaces an explicit choice.
 */
export function findChromium(): string | undefined {
  const chosen = process.env['CHROMIUM'];
  if (chosen) {
    if (!isExecutable(chosen)) throw new Error(`CHROMIUM=${chosen} cannot be run. Set it to a Chromium, or unset it.`);
    return chosen;
  }
  const extension = process.platform === 'win32' ? '.exe' : '';
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .flatMap((folder) => NAMES.map((name) => join(folder, name + extension)));
  return [...NAMES.flatMap((name) => onPath.filter((path) => path.endsWith(name + extension))), ...defaultPaths()]
    .concat(chromium.executablePath())
    .find(isExecutable);
}

/**
 * Path of a Chromium. If there is none, installs one: with apt as root on Debian and its derivatives, otherwise Playwright's.
 * @throws Error with instructions when both installations fail
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
    tried.push(`${name}: succeeded, but no Chromium was found`);
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

/** `GPU=1` selects the machine's GPU; otherwise tests use SwiftShader, which is part of Chromium. */
export const ON_GPU = process.env['GPU'] === '1';

/** Flags for WebGPU without a window. Playwright adds `--headless`. */
export function chromiumFlags(onGpu: boolean): readonly string[] {
  return [
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    '--enable-unsafe-webgpu',
    // On Linux, Vulkan has to be enabled; elsewhere the platform's own API is the default.
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
