/**
 * The service worker: after one visit the page opens without a network (docs/decisions/0020-offline.md). It answers for the files of the built
 * page and for nothing else: models of others, and what lies beside the page, go past it.
 */
import { filesToKeep, totalBytes, type GpuBuild, type PageFile } from '#core/offline/page-files.ts';
import type { OfflineFailure, OfflineRequest, OfflineState } from '#core/protocol/offline.ts';
import { gpuBuild } from './engine/runtime/gpu-build.ts';
import { answer, answerKept } from './offline/answer.ts';
import { KeepError, PageCache } from './offline/page-cache.ts';

/** The build puts the list here (scripts/offline-plugin.ts). */
declare const PAGE_FILES: readonly PageFile[];
declare const self: ServiceWorkerGlobalScope;

/** Named once: the list stands wherever PAGE_FILES does. */
const FILES = PAGE_FILES;

const START = 'index.html';
/** How much is kept between two looks of the page at whether it has better things to do. */
const BATCH_BYTES = 1_000_000;
const BATCH_FILES = 8;

const { scope } = self.registration;
const byPath = new Map(FILES.map((file) => [file.path, file]));
const cache = new PageCache(scope, FILES);

self.addEventListener('install', (event) => event.waitUntil(install()));
// The first visit ends with a page that needs no network. Later versions take over when the page asks, or when no page is open.
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

/**
 * The first version keeps what is needed to show something, so that it is soon there; the page asks for the rest. A later one
 * keeps all of it first, if the one before had, so that an update never takes away what worked without a network.
 */
async function install(): Promise<void> {
  const before = await cache.whole();
  if (before) return keepAll(await cache.missing(before.gpuBuild));
  await keepAll((await cache.missing(undefined)).filter(({ shell }) => shell));
}

async function keepAll(files: readonly PageFile[]): Promise<void> {
  for (let start = 0; start < files.length; start += BATCH_FILES)
    await Promise.all(files.slice(start, start + BATCH_FILES).map((file) => cache.keep(file)));
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (!request.url.startsWith(scope) || (request.method !== 'GET' && request.method !== 'HEAD')) return;
  const { pathname } = new URL(request.url);
  const path = decodeURIComponent(pathname.slice(new URL(scope).pathname.length)) || START;
  const file = byPath.get(path);
  // A page of the version before, still open, asks for its own scripts: their names have hashes.
  if (!file) return path.startsWith('assets/') ? event.respondWith(answerOld(request, path)) : undefined;
  const answered = answer(request, file, cache);
  event.respondWith(answered.then(({ response }) => response));
  event.waitUntil(answered.then(({ kept }) => kept).catch(() => undefined));
});

async function answerOld(request: Request, path: string): Promise<Response> {
  const kept = await cache.matchPath(path);
  return kept ? answerKept(request, kept) : fetch(request);
}

self.addEventListener('message', (event: ExtendableMessageEvent) => {
  const request = event.data as OfflineRequest;
  if (request.type === 'take-over') return event.waitUntil(self.skipWaiting());
  const port = event.ports[0];
  const build = request.hasWebGpu ? gpuBuild() : undefined;
  event.waitUntil(keepSome(build, request.type === 'keep').then((state) => port?.postMessage(state)));
});

async function keepSome(build: GpuBuild | undefined, more: boolean): Promise<OfflineState> {
  const failure = more ? await keepBatch(await cache.missing(build)) : undefined;
  const missing = await cache.missing(build);
  if (missing.length === 0) {
    await cache.setWhole(build);
    // Another page may be of the version before, and still need its files.
    if ((await self.clients.matchAll({ type: 'window' })).length <= 1) await cache.prune();
  }
  const bytes = totalBytes(filesToKeep(FILES, build));
  return { keptBytes: bytes - totalBytes(missing), totalBytes: bytes, failure };
}

/** @returns why a file was not kept */
async function keepBatch(missing: readonly PageFile[]): Promise<OfflineFailure | undefined> {
  const batch: PageFile[] = [];
  for (const file of missing) {
    if (batch.length === BATCH_FILES || (batch.length > 0 && totalBytes([...batch, file]) > BATCH_BYTES)) break;
    batch.push(file);
  }
  const results = await Promise.allSettled(batch.map((file) => cache.keep(file)));
  const failed = results.find((result) => result.status === 'rejected');
  if (!failed) return undefined;
  console.warn(failed.reason);
  return failed.reason instanceof KeepError ? failed.reason.failure : 'network';
}
