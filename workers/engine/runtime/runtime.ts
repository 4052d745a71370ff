/** What the engine uses of ONNX Runtime: the same API in the browser (onnxruntime-web) and in Node (onnxruntime-node). */
import type * as Ort from 'onnxruntime-web';
import type { RuntimeInfo } from '#core/protocol/engine.ts';
import type { OrtWasm } from './ort-wasm.ts';

export interface OrtRuntime<Module extends OrtApi = OrtApi> {
  ort: Module;
  build: RuntimeInfo['build'];
  /**
   * Linear memory of a WebAssembly build in bytes; undefined before the first session, which is when the WebAssembly is loaded,
   * and for a native build. It never shrinks.
   */
  wasmBytes(): number | undefined;
  /** The WebAssembly module of a build for WebGPU, for what its JavaScript does not offer; undefined before the first session. */
  wasm?(): OrtWasm | undefined;
}

export type OrtApi = Pick<typeof Ort, 'InferenceSession' | 'Tensor'>;
