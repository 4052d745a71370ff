/**
 * `npm run picture`: docs/images/answer.png, which the READMEs show: the built page, after the shipped model answered a
 * question about a phantom. Always the same phantom, so that a new picture differs only in what changed.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright';
import sharp from 'sharp';
import { build, preview } from 'vite';
import { BASE_VOCABULARY, writeBaseVocabulary } from './base-vocabulary.ts';
import { CHROMIUM_FLAGS, ensureChromium } from './chromium.ts';
import { runNode, tools } from './node-process.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const picture = 'docs/images/answer.png';

const SIZE = { width: 1280, height: 800 };

/** A clone has to stay small. */
const MOST_BYTES = 200_000;

/** Which set of phantoms the page draws from, in place of another at each visit; the first of this one has three lesions. */
const SET = 6;

const QUESTION = '영상에 무엇이 보이나요?';

/** What the page draws its set from: one 32-bit number of the browser's. All other random numbers stay random. */
function fixSet(set: number): void {
  const draw = crypto.getRandomValues.bind(crypto);
  crypto.getRandomValues = (array) => {
    if (array instanceof Uint32Array && array.length === 1) array[0] = set;
    else draw(array);
    return array;
  };
}

/** @throws Error when the answer is wrong: a picture of that would say the wrong thing */
async function ask(page: Page, question: string): Promise<void> {
  const prompt = page.getByRole('textbox', { name: '질문' });
  await prompt.fill(question);
  await prompt.press('Enter');
  const verdict = await page.locator('[data-verdict]').getAttribute('data-verdict', { timeout: 120_000 });
  if (verdict !== 'right') throw new Error(`"${question}" was answered wrongly: choose another SET or QUESTION`);
}

/** A PNG of the page. */
async function photograph(url: string): Promise<Buffer> {
  const browser = await chromium.launch({ executablePath: ensureChromium(), args: [...CHROMIUM_FLAGS] });
  try {
    const page = await browser.newPage({ viewport: SIZE, colorScheme: 'light', reducedMotion: 'reduce', locale: 'ko' });
    await page.addInitScript(fixSet, SET);
    await page.goto(url);
    await page.getByRole('button', { name: '모델 바꾸기' }).waitFor({ timeout: 120_000 });
    await page.getByRole('button', { name: '팬텀 그리기' }).click();
    await ask(page, QUESTION);
    await page.evaluate(() => document.fonts.ready);
    return await page.screenshot();
  } finally {
    await browser.close();
  }
}

await writeBaseVocabulary(join(root, BASE_VOCABULARY));
if (!(await runNode([...tools.tsx, 'cli/teach/packages.ts']))) process.exit(1);
const outDir = await mkdtemp(join(tmpdir(), 'medgemma-ko-lab-picture-'));
try {
  // How long which plugin took is of no interest here.
  const rolldownOptions = { checks: { pluginTimings: false } };
  await build({
    root,
    logLevel: 'warn',
    build: { outDir, emptyOutDir: true, rolldownOptions },
    worker: { rolldownOptions },
  });
  const server = await preview({ root, logLevel: 'warn', build: { outDir }, preview: { port: 0 } });
  try {
    const url = server.resolvedUrls?.local[0];
    if (url === undefined) throw new Error('the server has no address');
    const png = await photograph(url);
    await sharp(png).png({ palette: true, colours: 128, effort: 10, compressionLevel: 9 }).toFile(join(root, picture));
  } finally {
    await server.close();
  }
} finally {
  await rm(outDir, { recursive: true, force: true });
}
const { size } = await stat(join(root, picture));
console.log(`${picture}: ${SIZE.width} × ${SIZE.height}, ${size} bytes`);
if (size > MOST_BYTES) throw new Error(`${picture} takes more than ${MOST_BYTES} bytes: take fewer colours`);
