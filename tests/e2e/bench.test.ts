import { readFile } from 'node:fs/promises';
import { expect, type Locator, type Page } from '@playwright/test';
import { CAPTURE_OFF, CAPTURE_ON, OURS, PEER, readRunCard, type RunCard } from '#core/run-card/run-card.ts';
import { linkTo } from '../../src/labs/bench/card-link.ts';
import { dropBytes, modelReady, openPage, type Provider } from './page.ts';
import { test } from './test.ts';

const full = process.env['TEST_FULL'] === '1';
/** Two engines open the model and answer. */
const run = { timeout: 300_000 };
/** The smallest that can be measured. */
const address = '/#/bench?rounds=1&tokens=4&contexts=64';

const shown = (page: Page): Locator => page.getByTestId('run-card');

/** Compares both engines, and gives the card as its file has it. */
async function compare(page: Page, provider: Provider): Promise<RunCard> {
  const complaints = await openPage(page, '/', 'teaching', provider);
  await modelReady(page);
  await page.goto(address);
  const scripts: string[] = [];
  page.context().on('request', (request) => scripts.push(new URL(request.url()).pathname));
  await page.getByRole('button', { name: '비교 시작' }).click();
  await expect(page.getByTestId('progress')).toBeVisible();
  const save = shown(page).getByRole('button', { name: 'JSON 저장' });
  await expect(save).toBeVisible(run);
  expect(complaints).toEqual([]);
  // transformers.js comes now and not before.
  expect(scripts.filter((path) => /\/peer-.*\.js$/.test(path))).toHaveLength(1);
  const saving = page.waitForEvent('download');
  await save.click();
  return readRunCard(await readFile(await (await saving).path()), 'card.json');
}

/** Clicks a link to `address` in the open page. */
async function followLink(page: Page, address: string): Promise<void> {
  await page.evaluate((href) => {
    const link = Object.assign(document.createElement('a'), { href, textContent: 'card' });
    document.body.append(link);
    link.click();
    link.remove();
  }, address);
}

async function dropLink(page: Page, address: string): Promise<void> {
  await page.locator('#bench').evaluate((target, link) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.setData('text/uri-list', link);
    target.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  }, address);
}

/** @param others rows beside ours and the peer's */
function expectAllRan({ engines, agreement }: RunCard, others: readonly string[] = []): void {
  expect(engines.map(({ engine, failure, rounds }) => [engine, failure, rounds.length])).toEqual(
    [OURS, PEER, ...others].map((engine) => [engine, undefined, 1]),
  );
  expect(agreement.map(({ firstDifference }) => firstDifference)).toEqual(engines.map(() => undefined));
  for (const { rounds } of engines) {
    expect(rounds[0]?.answers[0]).toMatchObject({ contextTokens: 64, promptTokens: 60, newTokens: 4 });
    expect(rounds[0]?.image?.promptTokens).toBeGreaterThan(16);
  }
}

test('both engines run the package in turns, and the card comes back from its file', async ({ page }) => {
  test.setTimeout(400_000);
  const card = await compare(page, 'auto');
  expectAllRan(card);
  // Without a hardware GPU the page runs on the CPU, and the card says so.
  expect(card.device).toMatchObject({ kind: 'cpu', note: 'CPU without GPU: says nothing about GPUs' });
  await expect(shown(page)).toContainText('GPU의 속도에 대해서는 아무것도 말해 주지 않습니다');

  const [ours] = card.engines;
  if (!ours) throw new Error('the card has no engine');
  const other = { ...card, model: { ...card.model, name: 'brought along' }, engines: [ours] };
  await dropBytes(page, '#bench', 'other.json', 'application/json', Buffer.from(JSON.stringify(other)));
  await expect(shown(page)).toContainText('brought along');
  await expect(page.getByText('파일로 받은 카드입니다')).toBeVisible();
  const broken = { ...card, device: { ...card.device, kind: 'quantum' } };
  await dropBytes(page, '#bench', 'broken.json', 'application/json', Buffer.from(JSON.stringify(broken)));
  await expect(page.getByRole('alert').filter({ hasText: 'device.kind' })).toBeVisible();
  await page.getByRole('button', { name: '카드 닫기' }).click();
  await expect(shown(page)).not.toContainText('brought along');

  await followLink(page, await linkTo({ ...other, model: { ...card.model, name: 'clicked' } }, page.url()));
  await expect(shown(page)).toContainText('clicked');
  await expect(page.getByText('링크로 받은 카드입니다')).toBeVisible();
  // A link of the same page elsewhere: the card is in it.
  await dropLink(
    page,
    await linkTo({ ...other, model: { ...card.model, name: 'dropped' } }, 'https://example.org/lab/'),
  );
  await expect(shown(page)).toContainText('dropped');
  await dropLink(page, 'https://example.org/lab/#/chat');
  await expect(page.getByRole('alert').filter({ hasText: 'https://example.org/lab/#/chat' })).toBeVisible();

  // The chat has its model again.
  await page.goto('/#/chat');
  await modelReady(page);
});

test('on WebGPU: memory, bandwidth, and the software adapter by its name', async ({ page }) => {
  test.skip(!full, 'minutes on a software adapter: npm run test:full');
  test.setTimeout(600_000);
  const card = await compare(page, 'webgpu');
  // The page captures where that is faster; the other way stands beside it.
  const other = card.engines[2]?.engine ?? 'no third row';
  expect([CAPTURE_OFF, CAPTURE_ON]).toContain(other);
  expectAllRan(card, [other]);
  for (const { rounds } of card.engines) expect(rounds[0]?.gpuPeakBytes).toBeGreaterThan(1_000_000);
  expect(card.roofline?.points[0]?.bytesPerToken).toBeGreaterThan(100_000);
  expect(['gpu', 'software-gpu']).toContain(card.device.kind);
  if (card.device.kind === 'software-gpu')
    await expect(shown(page)).toContainText('실제 GPU의 속도에 대해서는 아무것도 말해 주지 않습니다');
});
