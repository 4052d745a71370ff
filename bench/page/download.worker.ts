import { expose } from 'comlink';
import { openPackage } from '../../workers/store/package.ts';
import type { Step } from './download-contract.ts';
import { runStep } from './download-steps.ts';

const FILE = 'weights.onnx_data';

const api = {
  step: (step: Step, url: string, size: number): Promise<void> => runStep(step, url + FILE, size),

  async store(url: string): Promise<void> {
    const root = await navigator.storage.getDirectory();
    await root.removeEntry('model-store', { recursive: true }).catch(() => undefined);
    const notices: string[] = [];
    const reader = await openPackage({ type: 'url', url }, { notice: ({ type }) => notices.push(type) });
    const blob = await reader.blob(FILE);
    if (notices.length > 0 || !(blob instanceof File)) throw new Error(`not on disk: ${notices.join(' ')}`);
    await root.removeEntry('model-store', { recursive: true });
  },
};

export type DownloadWorker = typeof api;
expose(api);
