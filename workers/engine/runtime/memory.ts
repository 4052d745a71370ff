/** Memory figures of the engine worker. */
import type { Bytes, MemoryStats } from '#core/protocol/engine.ts';
import type { GpuLedger } from './ledger.ts';
import type { OrtRuntime } from './runtime.ts';

/** Chromium's non-standard performance.memory; undefined in browsers without it. */
export function jsHeap(): Bytes | undefined {
  const memory: unknown = Reflect.get(performance, 'memory');
  if (typeof memory !== 'object' || memory === null) return undefined;
  const used: unknown = Reflect.get(memory, 'usedJSHeapSize');
  return typeof used === 'number' ? { bytes: used, how: 'measured' } : undefined;
}

/** @param ledger undefined without a GPU: every purpose is then 0 */
export function memoryStats(runtime: OrtRuntime, ledger: GpuLedger | undefined): MemoryStats {
  const none: Bytes = { bytes: 0, how: 'measured' };
  const wasm = runtime.wasmBytes();
  return {
    gpu: ledger?.gpu() ?? { weights: none, kv: none, vision: none, scratch: none },
    jsHeap: jsHeap(),
    wasmHeap: wasm === undefined ? undefined : { bytes: wasm, how: 'measured' },
  };
}
