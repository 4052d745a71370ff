/** A laptop that slept, and a GPU process that died: nothing on the page is told, and both go on. */
import { expect, test, type Browser } from '@playwright/test';
import { FaultyPackage } from './faulty-package.ts';
import { answers, modelReady, openPage, patience, prompt, send, stop } from './page.ts';
import { subPathHost } from './sub-path-host.ts';

// Sleeps longer than a silent line is waited for; a software adapter compiles shaders for a minute at each opening.
const full = process.env['TEST_FULL'] === '1';
test.setTimeout(600_000);
// One after the other: a software adapter takes every core.
test.describe.configure({ mode: 'default' });
/** For an opening on a software adapter of a crowded machine. */
const opening = { timeout: 240_000 };

/** All processes of pages stand still, and with them timers and workers; the network and the server go on. */
async function sleep(browser: Browser, milliseconds: number): Promise<void> {
  const devtools = await browser.newBrowserCDPSession();
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
  const renderers = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
  expect(renderers.length).toBeGreaterThan(0);
  for (const id of renderers) process.kill(id, 'SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  for (const id of renderers) process.kill(id, 'SIGCONT');
}

const canStop = process.platform !== 'win32';
(full && canStop ? test : test.skip)('asleep in a download and in an answer: both go on', async ({ page, browser }) => {
  const pack = await FaultyPackage.read('random', [{ after: 700_001, then: 'hold' }]);
  const folder = 'packages/faulty/';
  const host = await subPathHost('dist', '/lab/', (file, request, response) =>
    file.startsWith(folder) ? pack.answer(file.slice(folder.length), request, response) : false,
  );
  try {
    await openPage(page, `${host.url}?package=./${folder}`, 'built-in');
    await expect.poll(() => pack.sent.length, patience).toBe(1);
    await sleep(browser, 20_000);
    await modelReady(page);
    // Not from the beginning: what came before the sleep was kept.
    expect(pack.sent.map(({ from }) => from)).toEqual([0, 700_001]);
    await prompt(page).fill('자는 동안 쓰던 답');
    await prompt(page).press('Enter');
    const text = answers(page).first().locator('.markdown');
    await expect(text).not.toBeEmpty(patience);
    await sleep(browser, 20_000);
    const before = (await text.innerText()).length;
    await expect.poll(async () => (await text.innerText()).length, patience).toBeGreaterThan(before);
    await stop(page).click();
    await expect(send(page)).toBeVisible(patience);
    await expect(page.getByRole('alert')).toHaveCount(0);
  } finally {
    await host.close();
  }
});

(full ? test : test.skip)(
  'the GPU process dies in an answer: told in plain words, and what the notice offers works',
  async ({ page, browser }) => {
    await openPage(page, '/', 'random', 'webgpu');
    await expect(page.getByRole('button', { name: '모델 바꾸기' })).toBeVisible(opening);
    const devtools = await browser.newBrowserCDPSession();
    const lost = page.getByRole('alert').filter({ hasText: 'GPU 연결이 끊겼습니다' });
    const text = answers(page).last().locator('.markdown');
    await prompt(page).fill('GPU가 사라져도 남을 질문');
    await prompt(page).press('Enter');
    await expect(text).not.toBeEmpty(patience);
    await devtools.send('Browser.crashGpuProcess');
    await expect(lost).toContainText('대화는 그대로 있습니다', patience);
    await lost.getByRole('button', { name: '다시 답하기' }).click();
    // The model is opened on the GPU's new process, and the same question is answered.
    await expect(lost).toBeHidden(opening);
    await expect(text).not.toBeEmpty(patience);
    await expect(page.getByText('WebGPU', { exact: false }).first()).toBeVisible();
    await devtools.send('Browser.crashGpuProcess');
    await lost.getByRole('button', { name: 'CPU로 열기' }).click(patience);
    await expect(lost).toBeHidden(opening);
    await expect(text).not.toBeEmpty(patience);
    await expect(page.getByText('CPU', { exact: true })).toBeVisible();
    await expect(page.getByRole('article', { name: '나', exact: true })).toHaveText(['GPU가 사라져도 남을 질문']);
    await stop(page).click();
    await expect(send(page)).toBeVisible(patience);
  },
);
