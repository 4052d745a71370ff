/** Gets hold of the WebAssembly module that onnxruntime-web instantiates. */
import hook from './ort-wasm-hook.mjs?url';
import { OrtWasm, type OrtWasmModule } from './ort-wasm.ts';

interface Hook {
  /** Address of onnxruntime-web's .mjs. */
  original: string;
  created(module: OrtWasmModule): void;
}

const hooks = new Map<string, Hook>();

/**
 * Catches the module of a build when onnxruntime-web instantiates it, at the first session.
 * @param original address of the build's own .mjs
 * @returns `mjs`: the address for `wasmPaths.mjs`
 */
export function catchModule(build: string, original: string): { mjs: string; wasm(): OrtWasm | undefined } {
  let caught: OrtWasm | undefined;
  hooks.set(build, { original, created: (module) => (caught = new OrtWasm(module)) });
  Reflect.set(globalThis, Symbol.for('medgemma-ko-lab.ort-wasm'), hooks);
  const mjs = new URL(hook, import.meta.url);
  mjs.searchParams.set('build', build);
  return { mjs: mjs.href, wasm: () => caught };
}
