import { expect, test } from '@playwright/test';
import { modelReady, openPage, patience } from './page.ts';
import { subPathHost } from './sub-path-host.ts';
import { tokens } from './tokenizer-page.ts';

test('it stands in a folder of a static host, as on GitHub Pages: the shipped model opens, labs and fonts load', async ({
  page,
}) => {
  const host = await subPathHost('dist', '/medgemma-ko-lab/');
  try {
    expect((await fetch(new URL('/', host.url))).status).toBe(404);
    host.missing.length = 0;
    const complaints = await openPage(page, host.url, 'built-in', 'auto');
    await modelReady(page);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('그림을 보고 답하는 작은 AI');
    const loaded = () => [...document.fonts].filter(({ status }) => status === 'loaded').map(({ family }) => family);
    expect((await page.evaluate(loaded)).join()).toContain('Pretendard');
    // A lab that loads the vocabulary and the packs from beside the page.
    await page.goto(`${host.url}#/tokenizer`);
    await expect(tokens(page, 'ko-20480')).toBeVisible(patience);
    expect(host.missing).toEqual([]);
    expect(complaints).toEqual([]);
  } finally {
    await host.close();
  }
});
