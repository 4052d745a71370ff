/**
 * Opens a package of any size in the built page as a folder from disk, asks one question and prints the page's figures.
 * Intended for full-size packages: `npm run build && npx tsx bench/scale.ts --package DIR [--image FILE]`.
 */
import { cpus, loadavg } from 'node:os';
import { Command } from 'commander';
import { chromium } from 'playwright';
import { preview } from 'vite';
import { CHROMIUM_FLAGS, findChromium } from '../scripts/chromium.ts';

const {
  package: folder,
  image,
  tokens,
  minutes,
} = new Command()
  .requiredOption('--package <folder>', 'model package')
  .option('--image <file>', 'image to ask about')
  .option('--tokens <count>', 'tokens of the answer', Number, 4)
  .option('--minutes <count>', 'patience for each step', Number, 20)
  .parse()
  .opts<{ package: string; image?: string; tokens: number; minutes: number }>();

const patience = { timeout: minutes * 60_000 };
const server = await preview({ preview: { port: 0 }, logLevel: 'silent' });
const executablePath = findChromium();
const browser = await chromium.launch({ args: [...CHROMIUM_FLAGS], ...(executablePath ? { executablePath } : {}) });
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 1400 } });
  page.on('pageerror', (error) => console.error(error.message));
  page.setDefaultTimeout(patience.timeout);
  await page.addInitScript(
    (maxNewTokens) => localStorage.setItem('settings', JSON.stringify({ contextLength: 1024, maxNewTokens })),
    tokens,
  );
  await page.goto(`${server.resolvedUrls?.local[0] ?? ''}?lang=en`);
  await page.getByRole('button', { name: 'Change model' }).click();
  const begin = Date.now();
  await page.getByTestId('folder-input').setInputFiles(folder);
  await page
    .getByText(/^Opening:/)
    .first()
    .waitFor();
  await page.getByRole('button', { name: 'Change model' }).waitFor();
  console.log(`${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}, Chromium ${browser.version()}`);
  console.log(`open: ${((Date.now() - begin) / 1000).toFixed(0)} s`);
  if (image) await page.locator('input[type=file]').first().setInputFiles(image);
  await page.getByRole('textbox', { name: /Question/ }).fill('이 사진에 무엇이 보이나요?');
  await page.keyboard.press('Enter');
  const status = page.getByRole('article').last();
  await page.getByRole('button', { name: 'Stop' }).waitFor();
  await page.getByRole('button', { name: 'Send' }).waitFor();
  console.log(await status.innerText());
  console.log(await page.getByRole('complementary').innerText());
  await page.screenshot({ path: '.cache/scale.png' });
} finally {
  await browser.close();
  await server.close();
}
