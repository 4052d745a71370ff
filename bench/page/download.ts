import { wrap, type Remote } from 'comlink';
import type { DownloadPage } from './download-contract.ts';
import type { DownloadWorker } from './download.worker.ts';

let worker: Remote<DownloadWorker> | undefined;

function running(): Remote<DownloadWorker> {
  if (!worker) throw new Error('not started');
  return worker;
}

const url = new URL('package/', document.baseURI).href;
const downloads: DownloadPage = {
  start: () => {
    worker = wrap<DownloadWorker>(new Worker(new URL('./download.worker.ts', import.meta.url), { type: 'module' }));
  },
  step: (step, size) => running().step(step, url, size),
  store: () => running().store(url),
};
Object.assign(window, { downloads });
