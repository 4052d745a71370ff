/**
 * onnxruntime-web imports this file in place of its own .mjs (`wasmPaths.mjs`), so that the engine gets the WebAssembly module
 * that the runtime works with. catch-module.ts tells it what to import and whom to call. The build copies this file as it is.
 */
const build = new URL(import.meta.url).searchParams.get('build');
const { original, created } = globalThis[Symbol.for('medgemma-ko-lab.ort-wasm')].get(build);
const { default: create } = await import(/* @vite-ignore */ original);

export default async function createModule(settings) {
  const module = await create(settings);
  created(module);
  return module;
}
