import type { GpuBuild } from '#core/offline/page-files.ts';

/**
 * The build of onnxruntime-web for WebGPU in this browser. JSPI (WebAssembly.Suspending) lets the runtime wait without
 * asyncify's larger, slower code, and read Blobs piece by piece.
 */
export function gpuBuild(): GpuBuild {
  return 'Suspending' in WebAssembly ? 'jspi' : 'asyncify';
}
