/** The files of the built page, which the service worker keeps so that the page opens without a network. */

export interface PageFile {
  /** Relative to the folder of index.html, with "/". */
  path: string;
  bytes: number;
  /** Hexadecimal. */
  sha256: string;
  /** Without it nothing appears: kept when the service worker is installed, before it answers its first request. */
  shell: boolean;
}

/** The builds of onnxruntime-web for WebGPU. A browser loads one of them. */
export type GpuBuild = 'jspi' | 'asyncify';

/** Tens of megabytes each. */
const GPU_WASM = /\/ort-wasm-simd-threaded\.(jspi|asyncify)-[\w-]+\.wasm$/;

/**
 * What is kept in a browser that loads `gpuBuild`: all but the WebAssembly of the other build. The build for the CPU is
 * always among it, since a model can be opened there in every browser.
 * @param gpuBuild undefined where the browser has no WebGPU
 */
export function filesToKeep(files: readonly PageFile[], gpuBuild: GpuBuild | undefined): PageFile[] {
  return files.filter(({ path }) => {
    const build = GPU_WASM.exec(path)?.[1];
    return build === undefined || build === gpuBuild;
  });
}

export function totalBytes(files: readonly PageFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
