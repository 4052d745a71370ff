/**
 * Measures the cost of appending one token to a Markdown answer: `tsx bench/markdown.ts`. An answer of 7,560 characters grows
 * token by token in Chromium. Each text is rendered by `renderBlocks` (everything) and by `GrowingMarkdown` (only the part
 * that may still change), alternating, and the results are compared.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { build, preview, type InlineConfig } from 'vite';
import { chromiumFlags, ensureChromium } from '../scripts/chromium.ts';
import { machine } from './machine.ts';
import type { Cost } from './markdown/main.ts';

/** Only the last tokens are measured, where the answer is longest. */
const TOKENS = 60;

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN;
}

const spread = (values: readonly number[]) =>
  `${quantile(values, 0.5).toFixed(2)} (${quantile(values, 0).toFixed(2)}–${quantile(values, 1).toFixed(2)})`;

const outDir = await mkdtemp(join(tmpdir(), 'medgemma-ko-lab-markdown-'));
const config: InlineConfig = {
  configFile: false,
  root: new URL('markdown', import.meta.url).pathname,
  logLevel: 'error',
  build: { target: 'es2023', outDir, emptyOutDir: true },
  preview: { host: '127.0.0.1', port: 0 },
};
await build(config);
const server = await preview(config);
const browser = await chromium.launch({ executablePath: ensureChromium(), args: [...chromiumFlags(false)] });
try {
  const page = await browser.newPage();
  await page.goto(server.resolvedUrls?.local[0] ?? '');
  await page.waitForFunction(() => 'measure' in window);
  const costs: Cost[] = await page.evaluate((tokens) => window.measure(tokens), TOKENS);
  console.log([...(await machine()), `Chromium ${browser.version()}`].join('\n'));
  console.log(`\n${costs.length} tokens, answers of ${costs[0]?.length} to ${costs.at(-1)?.length} characters`);
  console.log('\n| ms a token | median (least–most) |\n| --- | --: |');
  console.log(`| the whole answer | ${spread(costs.map(({ whole }) => whole))} |`);
  console.log(`| what may still change | ${spread(costs.map(({ growing }) => growing))} |`);
  console.log(`| the whole ÷ what may still change | ${spread(costs.map(({ whole, growing }) => whole / growing))} |`);
} finally {
  await browser.close();
  await server.close();
  await rm(outDir, { recursive: true, force: true });
}
