/**
 * Nothing leaves the device: every request of a whole session, of the page, its workers, its service worker and the browser below them,
 * is recorded by a proxy. It goes to the page's own server, or to the host of the package that the visitor chose.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium, expect, test, type Page } from '@playwright/test';
import { CHROMIUM_FLAGS, findChromium } from '../../scripts/chromium.ts';
import { packageFolder } from './packages.ts';
import { answers, dropFile, modelReady, openPage, patience, photograph, prompt, send, stop } from './page.ts';
import { recordingProxy } from './recording-proxy.ts';
import { subPathHost } from './sub-path-host.ts';

// All labs, two models, and the page kept for use without a network: minutes on a crowded machine.
const full = process.env['TEST_FULL'] === '1';
test.setTimeout(600_000);

/** Updates, sign-in and autofill of Chromium itself. */
const OF_THE_BROWSER = /^https?:\/\/(?:[\w-]+\.)?(?:googleapis|google)\.com(?::\d+)?$/;

const REPOSITORY = '/visitor/chosen/resolve/main/';

(full ? test : test.skip)(
  'a whole session asks the page’s own server and the chosen host, and nobody else',
  async () => {
    const host = await subPathHost('dist', '/lab/');
    const proxy = await recordingProxy((request, response) => {
      const path = request.url ?? '';
      const file = path.startsWith(REPOSITORY) ? join(packageFolder('random'), path.slice(REPOSITORY.length)) : '';
      const allowed = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': 'ETag' };
      readFile(file).then(
        (bytes) => response.writeHead(200, { ...allowed, 'Content-Length': bytes.length }).end(bytes),
        () => response.writeHead(404, allowed).end(),
      );
    });
    const executablePath = findChromium();
    const browser = await chromium.launch({
      ...(executablePath === undefined ? {} : { executablePath }),
      args: [
        ...CHROMIUM_FLAGS,
        `--proxy-server=${proxy.address}`,
        // Chromium asks loopback directly otherwise.
        '--proxy-bypass-list=<-loopback>',
        // Of the server that stands in for the hub.
        '--ignore-certificate-errors',
      ],
    });
    try {
      const context = await browser.newContext({ serviceWorkers: 'allow' });
      const seen = new Set<string>();
      context.on('request', (request) => {
        const { protocol, origin } = new URL(request.url());
        if (protocol !== 'blob:' && protocol !== 'data:') seen.add(origin);
      });
      const page = await context.newPage();
      await openPage(page, host.url, 'built-in');
      await modelReady(page);
      await askAboutImage(page);
      await visitLabs(page);
      await openDialogs(page);
      await expect(page.locator('[data-offline]').first()).toHaveAttribute('data-offline', 'ready', patience);

      await openRepository(page);
      await expect(page.getByRole('banner')).toContainText('gemma3-tiny (random)', patience);
      await ask(page, '받은 모델에 하는 질문');

      await host.close();
      await context.setOffline(true);
      await page.reload();
      await modelReady(page);
      await ask(page, '연결 없이 하는 질문');

      const own = new URL(host.url).origin;
      const hub = 'https://huggingface.co';
      expect([...seen].sort()).toEqual([own, hub].sort());
      // Chromium asks its makers by itself, whatever page is open. That the page does not is what `seen` says.
      const asked = proxy.asked.filter(({ origin }) => !OF_THE_BROWSER.test(origin));
      expect([...new Set(asked.map(({ origin }) => origin))].sort()).toEqual([own, hub].sort());
      // Of the hub, files of the repository alone; and nothing is sent but questions for files.
      const ofHub = asked.filter(({ origin }) => origin === hub);
      expect(ofHub.filter(({ path }) => !path.startsWith(REPOSITORY))).toEqual([]);
      expect([...new Set(asked.map(({ method }) => method))].filter((one) => one !== 'GET' && one !== 'HEAD')).toEqual(
        [],
      );
      // The recording saw the workers' share: weights, WebAssembly and the service worker's own list.
      const paths = asked.map(({ path }) => path);
      for (const part of ['.onnx_data', '.wasm', 'service-worker.js', 'gemma3.vocabulary'])
        expect(paths.filter((path) => path.includes(part)).length).toBeGreaterThan(0);
    } finally {
      await browser.close();
      await host.close();
      await proxy.close();
    }
  },
);

async function ask(page: Page, text: string): Promise<void> {
  const before = await answers(page).count();
  await prompt(page).fill(text);
  await send(page).click(patience);
  await expect(answers(page)).toHaveCount(before + 1);
  await expect(answers(page).last().locator('.markdown')).not.toBeEmpty(patience);
  // It may end by itself under the pointer.
  if (await stop(page).isVisible())
    await stop(page)
      .click({ timeout: 5000 })
      .catch(() => undefined);
  await expect(stop(page)).toBeHidden(patience);
}

async function askAboutImage(page: Page): Promise<void> {
  await dropFile(page, photograph, 'image/jpeg');
  await expect(page.getByRole('list', { name: '첨부한 이미지' }).getByRole('listitem')).toHaveCount(1);
  await ask(page, '무엇이 보입니까?');
}

async function visitLabs(page: Page): Promise<void> {
  for (const lab of ['tokenizer', 'lora', 'train', 'quant', 'exam', 'bench', 'plan']) {
    await page.evaluate((name) => (location.hash = `#/${name}`), lab);
    await expect(page.locator(`#${lab}`)).toBeVisible(patience);
  }
  await page.evaluate(() => (location.hash = '#/tokenizer'));
  await expect(page.locator('tr[data-tokenizer="base"] [data-figure="tokens"]')).not.toBeEmpty(patience);
  await page.evaluate(() => (location.hash = '#/quant'));
  await expect(page.getByTestId('inspection')).toBeVisible(patience);
  await page.evaluate(() => (location.hash = '#/chat'));
}

async function openDialogs(page: Page): Promise<void> {
  for (const name of ['설정', '고지와 약관']) {
    await page.getByRole('banner').getByRole('button', { name, exact: true }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();
  }
  await page.getByRole('radio', { name: 'EN' }).click();
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await page.getByRole('radio', { name: '한국어' }).click();
}

async function openRepository(page: Page): Promise<void> {
  await page.getByRole('button', { name: '모델 바꾸기' }).click();
  await page.locator('#package-url').fill('visitor/chosen');
  await page.locator('#package-url').press('Enter');
}
