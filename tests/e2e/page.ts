import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { expect, type Locator, type Page } from '@playwright/test';
import { servePackage, type PackageName } from './packages.ts';

/** For machines that do other things too. */
export const patience = { timeout: 90_000 };

export type Provider = 'auto' | 'webgpu';

export const photograph = 'tests/fixtures/images/small-320x427.jpg';

/**
 * Opens the page, and gives what the browser complained about. In place of the built-in model it opens one of the packages
 * that packages.setup.ts wrote, unless asked for: random weights write on until they are stopped. It runs on what a visitor
 * would get, which on a software adapter is the CPU: no test depends on how fast that adapter is. Those that look at what only
 * WebGPU has ask for it.
 */
export async function openPage(
  page: Page,
  address = '/',
  model: PackageName | 'built-in' = 'random',
  provider: Provider = 'auto',
): Promise<string[]> {
  // Longer than any test takes to press Stop.
  const given = { provider, ...(model === 'built-in' ? {} : { maxNewTokens: 8192 }) };
  await page.addInitScript((given) => {
    const settings: unknown = JSON.parse(localStorage.getItem('settings') ?? '{}');
    localStorage.setItem('settings', JSON.stringify(Object.assign(given, settings)));
  }, given);
  if (model !== 'built-in') await servePackage(page, model);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.goto(address);
  return complaints;
}

export const prompt = (page: Page): Locator => page.getByRole('textbox', { name: /질문|Question/ });
export const send = (page: Page): Locator => page.getByRole('button', { name: '보내기' });
export const stop = (page: Page): Locator => page.getByRole('button', { name: '멈추기' });
export const answers = (page: Page): Locator => page.getByRole('article', { name: '모델' });

export async function modelReady(page: Page): Promise<void> {
  await expect(page.getByRole('button', { name: '모델 바꾸기' })).toBeVisible(patience);
}

/** Drops a file on the page as the desktop does. */
export async function dropFile(page: Page, path: string, type: string): Promise<void> {
  await dropBytes(page, '#chat', basename(path), type, await readFile(path));
}

export async function dropBytes(page: Page, on: string, name: string, type: string, bytes: Buffer): Promise<void> {
  await drop(page, on, [{ name, type, bytes }]);
}

/** Drops several files at once on the chat, without types. */
export async function dropFiles(page: Page, files: readonly { name: string; bytes: Buffer }[]): Promise<void> {
  await drop(
    page,
    '#chat',
    files.map((file) => ({ ...file, type: '' })),
  );
}

async function drop(page: Page, on: string, files: readonly { name: string; type: string; bytes: Buffer }[]) {
  const transfer = await page.evaluateHandle(
    (files) => {
      const made = new DataTransfer();
      for (const { base64, name, type } of files) {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        made.items.add(new File([bytes], name, { type }));
      }
      return made;
    },
    files.map(({ name, type, bytes }) => ({ name, type, base64: bytes.toString('base64') })),
  );
  await page.dispatchEvent(on, 'dragenter', { dataTransfer: transfer });
  await page.dispatchEvent(on, 'drop', { dataTransfer: transfer });
}

/**
 * Presses "try again" where a script did not come. Some versions of Chromium remember that for as long as the page lives; the page then
 * offers a reload, which is taken.
 * @param there what is seen once the script came
 */
export async function tryAgain(alert: Locator, there: Locator): Promise<'came' | 'reloaded'> {
  const retry = alert.getByRole('button', { name: '다시 시도' });
  await retry.click();
  // It is named otherwise while the script is on its way.
  await there.or(retry).first().waitFor(patience);
  if (await there.isVisible()) return 'came';
  await alert.getByRole('button', { name: '페이지 새로 고침' }).click();
  return 'reloaded';
}
