/**
 * Loads one of the builds of onnxruntime-web, with its WebAssembly from our own address. No other module distinguishes
 * the builds.
 */
import type * as Ort from 'onnxruntime-web';
import asyncifyMjs from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url';
import asyncifyWasm from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import jspiMjs from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.mjs?url';
import jspiWasm from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm?url';
import plainMjs from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import plainWasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import type { RuntimeInfo } from '#core/protocol/engine.ts';
import { connectionFailure } from '#core/fetch/network.ts';
import { network } from '../../store/network.ts';
import { catchModule } from './catch-module.ts';
import { gpuBuild } from './gpu-build.ts';
import type { OrtRuntime } from './runtime.ts';
import { recordNextMemory } from './wasm-memory.ts';

type OrtModule = typeof Ort;
export type OrtBuild = Exclude<RuntimeInfo['build'], 'native'>;
type WebRuntime = OrtRuntime<OrtModule>;

export function chooseBuild(provider: 'webgpu' | 'wasm'): OrtBuild {
  return provider === 'wasm' ? 'wasm' : gpuBuild();
}

const BUILDS = {
  jspi: { load: () => import('onnxruntime-web/jspi'), mjs: jspiMjs, wasm: jspiWasm },
  asyncify: { load: () => import('onnxruntime-web/webgpu'), mjs: asyncifyMjs, wasm: asyncifyWasm },
  wasm: { load: () => import('onnxruntime-web/wasm'), mjs: plainMjs, wasm: plainWasm },
};

const loaded = new Map<OrtBuild, Promise<WebRuntime>>();

/**
 * The runtime of this worker for `build`, loaded at the first call.
 * @throws FailureError `offline`, `network` when its script cannot be fetched; a later call tries again.
 */
export function loadOrt(build: OrtBuild): Promise<WebRuntime> {
  const known = loaded.get(build);
  if (known) return known;
  const fresh = load(build);
  loaded.set(build, fresh);
  fresh.catch(() => loaded.delete(build));
  return fresh;
}

async function load(build: OrtBuild): Promise<WebRuntime> {
  const { load: importBuild, mjs, wasm } = BUILDS[build];
  // The URL constructor, because in a build with a relative base the addresses are relative to this module.
  const original = new URL(mjs, import.meta.url).href;
  // The build for the CPU makes threads, which start from its own .mjs.
  const caught = build === 'wasm' ? { mjs: original, wasm: () => undefined } : catchModule(build, original);
  const wasmPaths = { mjs: caught.mjs, wasm: new URL(wasm, import.meta.url).href };
  let ort: OrtModule;
  try {
    // The runtime imports its .mjs at the first session; here both come at once.
    [ort] = await Promise.all([importBuild(), import(/* @vite-ignore */ wasmPaths.mjs)]);
  } catch (cause) {
    throw connectionFailure(network, wasmPaths.mjs, cause);
  }
  ort.env.wasm.wasmPaths = wasmPaths;
  // With a GPU one thread is enough.
  ort.env.wasm.numThreads = build === 'wasm' ? cpuThreads() : 1;
  ort.env.logLevel = 'error';
  const memory = recordNextMemory();
  return { ort, build, wasmBytes: () => memory()?.buffer.byteLength, wasm: () => caught.wasm() };
}

/** Threads of the CPU provider. They need shared memory, which needs cross-origin isolation. */
export function cpuThreads(): number {
  if (!self.crossOriginIsolated) return 1;
  return Math.max(1, Math.min(8, Math.floor(navigator.hardwareConcurrency / 2)));
}

/** Options of all our sessions. Without `device` the session runs on the CPU. */
export function sessionOptions(device: GPUDevice | undefined): Ort.InferenceSession.SessionOptions {
  return {
    // The object form: with the name alone the runtime creates its own device.
    executionProviders: [device ? { name: 'webgpu', device } : 'wasm'],
    logSeverityLevel: 3,
  };
}
