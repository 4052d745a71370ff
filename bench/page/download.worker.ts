import { expose } from 'comlink';
import { openPackage } from '../../workers/store/package.ts';
import { sha256 } from '../../workers/store/sha256.ts';

const FILE = 'weights.onnx_data';

const api = {
  async plain(url: string): Promise<number> {
    const root = await navigator.storage.getDirectory();
    const begin = performance.now();
    const handle = await (await root.getFileHandle('plain', { create: true })).createSyncAccessHandle();
    const reader = (await fetch(url + FILE, { cache: 'no-store' })).body?.getReader();
    let at = 0;
    for (let next = await reader?.read(); next?.value; next = await reader?.read())
      at += handle.write(next.value, { at });
    handle.flush();
    handle.close();
    const milliseconds = performance.now() - begin;
    await root.removeEntry('plain');
    return milliseconds;
  },

  async stored(url: string): Promise<number> {
    const root = await navigator.storage.getDirectory();
    await root.removeEntry('model-store', { recursive: true }).catch(() => undefined);
    const begin = performance.now();
    const notices: string[] = [];
    const reader = await openPackage({ type: 'url', url }, { notice: ({ type }) => notices.push(type) });
    const blob = await reader.blob(FILE);
    const milliseconds = performance.now() - begin;
    if (notices.length > 0 || !(blob instanceof File)) throw new Error(`not on disk: ${notices.join(' ')}`);
    await root.removeEntry('model-store', { recursive: true });
    return milliseconds;
  },

  async hashes(): Promise<Record<string, number>> {
    const bytes = new Uint8Array(8 * 2 ** 20);
    const rounds = 20;
    const begin = performance.now();
    for (let round = 0; round < rounds; round++) await sha256(bytes);
    return { WebCrypto: (rounds * bytes.length) / 1000 / (performance.now() - begin) };
  },
};

export type DownloadWorker = typeof api;
expose(api);
