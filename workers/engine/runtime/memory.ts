/** Memory figures of the engine worker. */
import type { Bytes, MemoryStats } from '#core/protocol/stats.ts';
import type { Backend } from '../model/backend.ts';
import type { KvCache } from '../model/kv-cache.ts';

/** Chromium's non-standard performance.memory; undefined in browsers without it. */
export function jsHeap(): Bytes | undefined {
  const memory: unknown = Reflect.get(performance, 'memory');
  if (typeof memory !== 'object' || memory === null) return undefined;
  const used: unknown = Reflect.get(memory, 'usedJSHeapSize');
  return typeof used === 'number' ? { bytes: used, how: 'measured' } : undefined;
}

/** What is asked of an open model. */
export interface HeldModel {
  /** Bytes of weights that its sessions read. */
  weightBytes: number;
  decoder: { cache: Pick<KvCache, 'filledBytes'> };
}

/** @param model undefined where none is open */
export function memoryStats(
  { runtime, gpu }: Pick<Backend, 'runtime' | 'gpu'>,
  model: HeldModel | undefined,
): MemoryStats {
  const wasm = runtime.wasmBytes();
  const kvFilled: Bytes | undefined = model && { bytes: model.decoder.cache.filledBytes, how: 'measured' };
  return {
    gpu: gpu?.ledger.gpu(),
    gpuPeak: gpu?.ledger.peak,
    // The cache of the CPU has no rows but the filled ones.
    cpu:
      gpu || !model || !kvFilled ? undefined : { weights: { bytes: model.weightBytes, how: 'computed' }, kv: kvFilled },
    kvFilled,
    jsHeap: jsHeap(),
    wasmHeap: wasm === undefined ? undefined : { bytes: wasm, how: 'measured' },
  };
}
