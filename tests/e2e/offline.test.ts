import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, type Page } from '@playwright/test';
import { writeStick } from '../../cli/booth/write-stick.ts';
import { packageFolder } from './packages.ts';
import { answers, modelReady, openPage, patience, prompt, send, stop } from './page.ts';
import { subPathHost, type SubPathHost } from './sub-path-host.ts';

test.use({ serviceWorkers: 'allow' });
// On a crowded machine each of the page's starts takes long.
test.setTimeout(300_000);

const status = (page: Page) => page.locator('[data-offline]').first();
const kept = (page: Page) => expect(status(page)).toHaveAttribute('data-offline', 'ready', patience);

/** Hosts that are asked for anything, by the page, its workers and its service worker. */
function hostsAsked(page: Page): Set<string> {
  const hosts = new Set<string>();
  page.context().on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol.startsWith('http')) hosts.add(host);
  });
  return hosts;
}

async function disconnect(page: Page, host: SubPathHost): Promise<void> {
  await host.close();
  await page.context().setOffline(true);
}

test('after one visit all of it opens with the server gone: the model answers, and labs that were never looked at', async ({
  page,
}) => {
  const host = await subPathHost('dist', '/lab/');
  const hosts = hostsAsked(page);
  await openPage(page, `${host.url}?visit=1`, 'built-in');
  await modelReady(page);
  await kept(page);
  // The model had the line for itself: before it was open nothing was asked for but what it and the chat need.
  const first = host.asked.slice(0, host.asked.indexOf('service-worker.js'));
  expect(first.filter((file) => /open-(?!chat-)|-en-|fp16|adapters/.test(file))).toEqual([]);
  expect(first.filter((file) => /\.wasm$|_data$/.test(file))).toHaveLength(4);
  await expect(status(page)).toContainText(/\d+(\.\d+)?MB/);
  expect(host.missing).toEqual([]);

  await disconnect(page, host);
  await page.reload();
  await modelReady(page);
  await prompt(page).fill('안녕하세요?');
  await send(page).click();
  await expect(answers(page).first().locator('.markdown')).not.toBeEmpty(patience);
  await expect(stop(page)).toBeHidden(patience);
  // Not from the address bar: the place is kept by a reload.
  await page.evaluate(() => (location.hash = '#/quant'));
  await expect(page.getByTestId('inspection')).toBeVisible(patience);
  await page.evaluate(() => (location.hash = '#/tokenizer'));
  await page.reload();
  await expect(page.locator('tr[data-tokenizer="ko-20480"] [data-figure="tokens"]')).toBeVisible(patience);
  expect(new URL(page.url()).search).toBe('?visit=1');
  // A policy of the page holds as before, and the runtime for the CPU may have threads.
  await expect(page.locator('meta[http-equiv="Content-Security-Policy"]')).toHaveCount(1);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  expect(await page.evaluate(ranges)).toEqual([
    [206, 'bytes 5-9/1557', 5],
    [206, 'bytes 1550-1556/1557', 7],
    [416, 'bytes */1557', 0],
    [200, null, 1557],
  ]);
  expect([...hosts]).toEqual([new URL(host.url).host]);
});

/** Status, range and bytes that came, of parts of one kept file. */
async function ranges(): Promise<unknown[]> {
  const ask = async (headers: Record<string, string>) => {
    const response = await fetch('models/teaching-ko-q4/tokenizer_config.json', { headers });
    return [response.status, response.headers.get('Content-Range'), (await response.arrayBuffer()).byteLength];
  };
  return [
    await ask({ Range: 'bytes=5-9' }),
    await ask({ Range: 'bytes=-7' }),
    await ask({ Range: 'bytes=1557-' }),
    await ask({ Range: 'bytes=5-9', 'If-Range': '"another version"' }),
  ];
}

test('an update is kept whole, announced, not applied during an answer, and what it replaced is removed', async ({
  page,
}) => {
  const host = await subPathHost('dist', '/lab/');
  for (const [path, bytes] of await packageFiles()) host.instead.set(`packages/random/${path}`, bytes);
  try {
    // Longer than the test takes to press Stop.
    await page.addInitScript(() => localStorage.setItem('settings', '{"maxNewTokens":8192}'));
    await openPage(page, `${host.url}?package=./packages/random/`, 'built-in');
    await modelReady(page);
    await kept(page);
    const before = await keptAddresses(page);
    // The package is not of the page: the store keeps it.
    expect(before.filter((address) => address.includes('packages/'))).toEqual([]);

    await publish(host);
    await page.reload();
    await modelReady(page);
    await expect(page.locator('meta[name="version"]')).toHaveCount(0);
    await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.update());
    const notice = page.getByRole('alert').filter({ hasText: '새 버전이 준비됐습니다' });
    await expect(notice).toBeVisible(patience);
    const apply = notice.getByRole('button', { name: '새로 고쳐 적용' });
    await expect(apply).toBeEnabled();
    await prompt(page).fill('길게 써 주세요.');
    await send(page).click();
    await expect(stop(page)).toBeVisible(patience);
    await expect(apply).toBeDisabled();
    await stop(page).click();
    await apply.click();
    await expect(page.locator('meta[name="version"]')).toHaveAttribute('content', 'next', patience);
    await modelReady(page);
    await kept(page);
    await expect(answers(page).first()).toContainText('멈췄습니다.');
    const after = await keptAddresses(page);
    // All but the start page is the same in both versions, and was not fetched twice.
    expect(after.filter((address) => !before.includes(address))).toEqual([expect.stringContaining('/index.html?')]);
    expect(after).toHaveLength(before.length);
    expect(host.asked.filter((file) => file.endsWith('-fp16/model.safetensors'))).toHaveLength(2);
  } finally {
    await host.close();
  }
});

test('a stick is served from wherever it is, and opens its package, with nothing asked of any other host', async ({
  page,
}) => {
  const parent = await mkdtemp(join(tmpdir(), 'stick-'));
  const written = join(parent, 'written');
  const options = { packages: [packageFolder('random')], out: written, page: 'dist', kiosk: true };
  const io = { stdout: process.stdout, stderr: process.stderr, signal: new AbortController().signal };
  await writeStick(options, io);
  const elsewhere = join(parent, 'USB 스틱');
  await rename(written, elsewhere);
  const server = spawn(process.execPath, [join(elsewhere, 'serve.mjs'), '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const line = await new Promise<string>((resolve) => server.stdout.once('data', (text) => resolve(String(text))));
    const hosts = hostsAsked(page);
    const complaints = await openPage(page, /http:\S+/.exec(line)?.[0], 'built-in');
    // A kiosk shows no button that leads to other models.
    await expect(page.getByRole('banner')).toContainText('gemma3-tiny (random) 실행 중 · 무작위 가중치', patience);
    // Without a service worker too: the server sends the headers itself.
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    expect(new URL(page.url()).searchParams.get('kiosk')).toBe('');
    expect([...hosts]).toEqual([new URL(page.url()).host]);
    expect(complaints).toEqual([]);
  } finally {
    server.kill();
    await rm(parent, { recursive: true, force: true });
  }
});

const keptAddresses = (page: Page) =>
  page.evaluate(async () => {
    const [name = '', ...others] = await caches.keys();
    if (others.length > 0) throw new Error(`more than one cache: ${others.join()}`);
    return (await (await caches.open(name)).keys()).map(({ url }) => url);
  });

async function packageFiles(): Promise<[string, Buffer][]> {
  const folder = packageFolder('random');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    paths.map(async (path): Promise<[string, Buffer]> => [
      path.slice(folder.length + 1).replaceAll('\\', '/'),
      await readFile(path),
    ]),
  );
}

/** The next version: another start page, and the service worker that knows it. */
async function publish(host: SubPathHost): Promise<void> {
  const old = await readFile('dist/index.html');
  const next = Buffer.from(old.toString().replace('<title>', '<meta name="version" content="next"><title>'));
  const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  const worker = await readFile('dist/service-worker.js', 'utf8');
  const [entry = ''] = new RegExp(`bytes:\\d+,sha256:.${hash(old)}`).exec(worker) ?? [];
  expect(entry).toContain(`bytes:${old.length},`);
  const updated = entry.replace(String(old.length), String(next.length)).replace(hash(old), hash(next));
  host.instead.set('index.html', next);
  host.instead.set('service-worker.js', Buffer.from(worker.replace(entry, updated)));
}
