import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, type Locator, type Page } from '@playwright/test';
import { DEFAULT_PACKAGE } from '#core/protocol/default-package.ts';
import { openPage, patience } from './page.ts';
import type { PackageName } from './packages.ts';

/** An adapter with the shapes of the random packages. */
export const fixture = 'tests/fixtures/gemma3-tiny/lora';
const models = 'public/models';

export const card = (page: Page, name?: string): Locator =>
  page.locator(name === undefined ? '[data-adapter]' : `[data-adapter="${name}"]`);
export const side = (page: Page, name: 'base' | 'adapted'): Locator => page.locator(`[data-side="${name}"]`);
export const tokens = (page: Page, name: 'base' | 'adapted'): Locator => side(page, name).getByRole('option');
export const live = (page: Page): Locator => page.locator('#lora-live');
export const spans = (page: Page): Locator => page.locator('[data-span]');
export const stepCard = (page: Page): Locator => page.locator('[data-step]');

/** Opens the lab and waits until its model stands. */
export async function openLora(page: Page, model: PackageName | 'built-in' = 'random'): Promise<string[]> {
  const complaints = await openPage(page, '/#/lora', model);
  await expect(page.getByRole('button', { name: '모델 바꾸기' }).first()).toBeAttached(patience);
  return complaints;
}

export async function addFixture(page: Page): Promise<void> {
  await page
    .getByTestId('adapter-files')
    .setInputFiles([`${fixture}/adapter_config.json`, `${fixture}/adapter_model.safetensors`]);
  await expect(card(page).last()).toHaveAttribute('data-state', 'ready', patience);
}

/** Beside the page lie two adapters, as if they had been trained: what is shown of them is known. */
export async function shipFixture(page: Page, parameters: number): Promise<void> {
  const scores = (rate: number) => ({ exact_match: rate });
  const entry = (task: string) => ({
    ...{ task, rank: 4, parameters, without_adapter: scores(0), with_adapter: scores(0.97) },
  });
  const adapters = { 'patient-side-r8': entry('patient-side'), 'report-r8': entry('report') };
  await page.route('**/models/results.json', (route) => route.fulfill({ json: { adapters } }));
  await page.route(/\/models\/adapters\/[\w-]+\/adapter_[\w.]+$/, (route) => {
    const file = new URL(route.request().url()).pathname.split('/').at(-1) ?? '';
    return route.fulfill({ path: `${fixture}/${file}` });
  });
}

export interface ShippedAdapter {
  parameters: number;
  with_adapter: { exact_match: number };
}

/** What is in the repository, by name; undefined where the teaching model or its adapters are not. */
export async function shippedAdapters(): Promise<Record<string, ShippedAdapter> | undefined> {
  const needed = [
    `${DEFAULT_PACKAGE.folder}/manifest.json`,
    'results.json',
    'adapters/patient-side-r8/adapter_config.json',
    'adapters/report-r8/adapter_config.json',
  ];
  if (!needed.every((file) => existsSync(`${models}/${file}`))) return undefined;
  const json: { adapters: Record<string, ShippedAdapter> } = JSON.parse(
    await readFile(`${models}/results.json`, 'utf8'),
  );
  return json.adapters;
}

/** Presses the button of the step that is shown, and waits for its end. */
export async function walkStep(page: Page, step: number, button: string): Promise<void> {
  await page.getByRole('button', { name: new RegExp(`^${step}단계: `) }).click();
  await expect(stepCard(page)).toHaveAttribute('data-step', String(step));
  await stepCard(page).getByRole('button', { name: button }).click(patience);
  await expect(stepCard(page)).toHaveAttribute('data-state', 'done', { timeout: 240_000 });
}

/** The answer as tokens, without what only listeners hear. */
export async function tokenTexts(page: Page, name: 'base' | 'adapted'): Promise<string[]> {
  return tokens(page, name).evaluateAll((all) => all.map((token) => token.firstChild?.textContent ?? ''));
}
