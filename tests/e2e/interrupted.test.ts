/** Downloads and pages that are interrupted: what came is kept, and what was written is there. */
import { expect, test, type Page } from '@playwright/test';
import { FaultyPackage } from './faulty-package.ts';
import { keptConversations } from './kept-conversations.ts';
import { answers, modelReady, openPage, patience, prompt, send, stop } from './page.ts';
import { subPathHost } from './sub-path-host.ts';

test.setTimeout(240_000);

test('a download that a reload and two cuts interrupt goes on where it was, and what was typed meanwhile is there', async ({
  page,
}) => {
  const pack = await FaultyPackage.read('random', [
    { after: 700_001, then: 'hold' },
    { after: 300_007, then: 'cut' },
    { after: 5, then: 'cut' },
  ]);
  const folder = 'packages/faulty/';
  const host = await subPathHost('dist', '/lab/', (file, request, response) =>
    file.startsWith(folder) ? pack.answer(file.slice(folder.length), request, response) : false,
  );
  try {
    await openPage(page, `${host.url}?package=./${folder}`, 'built-in');
    await prompt(page).fill('받는 동안 적은 질문');
    await expect.poll(() => storedBytes(page), patience).toBeGreaterThan(600_000);
    await expect
      .poll(() => keptConversations(page), patience)
      .toEqual([expect.stringContaining('받는 동안 적은 질문')]);
    await page.reload();
    await modelReady(page);
    await expect(prompt(page)).toHaveValue('받는 동안 적은 질문');
    const starts = pack.sent.map(({ from }) => from);
    expect(starts[0]).toBe(0);
    // The reload loses a part of one chunk; a cut loses nothing.
    expect(starts[1]).toBeGreaterThan(600_000);
    expect(starts[2]).toBe((starts[1] ?? 0) + 300_007);
    expect(starts[3]).toBe((starts[2] ?? 0) + 5);
    const all = pack.sent.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(all - pack.weightsBytes).toBeLessThan(150_000);
    await prompt(page).press('Enter');
    await expect(answers(page).first().locator('.markdown')).not.toBeEmpty(patience);
    await stop(page).click();
    await expect(send(page)).toBeVisible(patience);
  } finally {
    await host.close();
  }
});

test('without a connection a download says so, and goes on by itself when it is back', async ({ page, context }) => {
  const pack = await FaultyPackage.read('random', [{ after: 700_001, then: 'hold' }]);
  const folder = 'packages/faulty/';
  const host = await subPathHost('dist', '/lab/', (file, request, response) =>
    file.startsWith(folder) ? pack.answer(file.slice(folder.length), request, response) : false,
  );
  try {
    await openPage(page, `${host.url}?package=./${folder}`, 'built-in');
    await expect.poll(() => storedBytes(page), patience).toBeGreaterThan(600_000);
    await context.setOffline(true);
    pack.cutHeld();
    await expect(page.getByRole('alert').filter({ hasText: '인터넷에 연결되어 있지 않습니다' })).toBeVisible(patience);
    await context.setOffline(false);
    await modelReady(page);
    expect(pack.sent.map(({ from }) => from > 600_000)).toEqual([false, true]);
  } finally {
    await host.close();
  }
});

/** What the browser holds for the page, in its own file system. */
async function storedBytes(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    let sum = 0;
    try {
      const store = await root.getDirectoryHandle('model-store');
      for await (const [name, handle] of (await store.getDirectoryHandle('blobs')).entries())
        if (handle instanceof FileSystemFileHandle && !name.endsWith('.hashes')) sum += (await handle.getFile()).size;
    } catch {
      return 0;
    }
    return sum;
  });
}

test('a page that the browser killed comes back with its conversation, and the question is answered', async ({
  page,
  context,
}) => {
  await openPage(page, '/', 'random');
  await modelReady(page);
  await prompt(page).fill('쓰러져도 남을 질문');
  await prompt(page).press('Enter');
  await expect(answers(page).locator('.markdown')).not.toBeEmpty(patience);
  await expect.poll(() => keptConversations(page), patience).toEqual([expect.stringContaining('쓰러져도 남을 질문')]);
  // As of a page without memory: its process ends, with the workers.
  const crashed = page.waitForEvent('crash');
  await page.goto('chrome://crash').catch(() => undefined);
  await crashed;
  await page.close();
  const later = await context.newPage();
  await openPage(later, '/', 'random');
  await expect(later.getByRole('article', { name: '나', exact: true })).toHaveText(['쓰러져도 남을 질문']);
  await modelReady(later);
  await later.getByRole('button', { name: '다시 답하기' }).first().click();
  await expect(stop(later)).toBeVisible(patience);
  await stop(later).click();
  await expect(send(later)).toBeVisible(patience);
});
