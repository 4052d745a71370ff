/** Starts Chromium for measurements, on the machine's GPU if it has one, otherwise on the software adapter. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright';
import { chromiumFlags, ensureChromium } from '../scripts/chromium.ts';

export type GpuChoice = 'auto' | 'yes' | 'no';

export interface Browser {
  context: BrowserContext;
  page: Page;
  version: string;
  adapter: string;
  /** Folder of the temporary profile; it is in the command line of Chromium's process. */
  profile: string;
  close(): Promise<void>;
}

/**
 * Opens `url` in a temporary profile, which `close` deletes. A private window would not store files.
 * @throws Error when `choice` is 'yes' and Chromium finds no GPU
 */
export async function openBrowser(url: string, choice: GpuChoice): Promise<Browser> {
  for (const onGpu of choice === 'auto' ? [true, false] : [choice === 'yes']) {
    const browser = await launch(url, onGpu);
    const isRight = browser.adapter !== '' && !(onGpu && /swiftshader|llvmpipe/i.test(browser.adapter));
    if (isRight) return browser;
    await browser.close();
  }
  throw new Error(
    choice === 'yes' ? 'Chromium finds no GPU' : 'Chromium finds no WebGPU adapter, not even in software',
  );
}

async function launch(url: string, onGpu: boolean): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'medgemma-ko-lab-profile-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: ensureChromium(),
    args: [...chromiumFlags(onGpu)],
  });
  const close = async () => {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  };
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    page.on('console', (message) => {
      if (message.type() === 'error') console.error(`page: ${message.text()}`);
    });
    await page.goto(url);
    const adapter = await page.evaluate(async () => {
      const info = (await navigator.gpu.requestAdapter())?.info;
      return info ? [info.vendor, info.architecture, info.description].filter((word) => word !== '').join(' ') : '';
    });
    return { context, page, version: context.browser()?.version() ?? 'unknown', adapter, profile, close };
  } catch (error) {
    await close();
    throw error;
  }
}
