/** The parts of a download, each alone and two together, with what the store has for them. */
import { bodyReader } from '#core/fetch/body-reader.ts';
import { CONNECTIONS } from '#core/fetch/chunked-download.ts';
import { hashOfChunk } from '../../workers/store/chunk-hashes.ts';
import type { Step } from './download-contract.ts';

const CHUNK = 8 * 2 ** 20;
/** Bytes of a request. */
const RUN = 4 * CHUNK;

type Bytes = Uint8Array<ArrayBuffer>;

/** Does one step with a file of `size` bytes, on as many connections as the store has. */
export async function runStep(step: Step, url: string, size: number): Promise<void> {
  const root = await navigator.storage.getDirectory();
  const handle = step.includes('write')
    ? await (await root.getFileHandle('step', { create: true })).createSyncAccessHandle()
    : undefined;
  const take = async (bytes: Bytes, at: number) => {
    if (step.includes('hash')) await hashOfChunk(bytes);
    if (handle && handle.write(bytes, { at }) !== bytes.length) throw new Error('the disk is full');
  };
  try {
    await (step.includes('fetch') ? fetchAll(url, size, take) : fromMemory(size, take));
    handle?.flush();
  } finally {
    handle?.close();
    if (handle) await root.removeEntry('step');
  }
}

async function fromMemory(size: number, take: (bytes: Bytes, at: number) => Promise<void>): Promise<void> {
  const chunk = new Uint8Array(CHUNK).map((_, index) => index * 31);
  for (let at = 0; at < size; at += 2 * CHUNK)
    await Promise.all(
      [at, at + CHUNK].filter((one) => one < size).map((one) => take(chunk.subarray(0, size - one), one)),
    );
}

async function fetchAll(url: string, size: number, take: (bytes: Bytes, at: number) => Promise<void>): Promise<void> {
  let next = 0;
  const connection = async () => {
    let buffers = [new Uint8Array(CHUNK), new Uint8Array(CHUNK)] as const;
    let taken = Promise.resolve();
    while (next < size) {
      const from = next;
      next = Math.min(size, from + RUN);
      const headers = { Range: `bytes=${from}-${next - 1}` };
      const reader = bodyReader((await fetch(url, { cache: 'no-store', headers })).body);
      let at = from;
      let filled = 0;
      const hand = async () => {
        await taken;
        taken = take(buffers[0].subarray(0, filled), at - filled);
        buffers = [buffers[1], buffers[0]];
        filled = 0;
      };
      for (let piece = await reader?.read(); piece; piece = await reader?.read())
        for (let rest = piece; rest.length > 0;) {
          const part = rest.subarray(0, CHUNK - filled);
          buffers[0].set(part, filled);
          filled += part.length;
          at += part.length;
          rest = rest.subarray(part.length);
          if (filled === CHUNK) await hand();
        }
      if (filled > 0) await hand();
    }
    await taken;
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
}
