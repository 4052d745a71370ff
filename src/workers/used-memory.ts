import type { MemoryStats } from '#core/protocol/stats.ts';

/** Bytes of all GPU buffers; undefined where the model runs on the CPU. */
export function gpuBytes({ gpu }: MemoryStats): number | undefined {
  return gpu && Object.values(gpu).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** What a model takes where it runs: GPU buffers, or the WebAssembly memory, if the browser reports it. */
export function usedBytes(memory: MemoryStats): number | undefined {
  return gpuBytes(memory) ?? memory.wasmHeap?.bytes;
}
