/** Loads packages of tests/packages with the engine's own parts. */
import type * as Ort from 'onnxruntime-web';
import type { OpenOptions, PackageSource } from '#core/protocol/engine.ts';
import type { Manifest } from '#core/protocol/manifest.ts';
import { readGolden, type Golden } from '../../reference/golden.ts';
import type { LoadedModel } from '../../../workers/engine/model/load.ts';
import { loadModel } from '../../../workers/engine/model/load.ts';
import type { Backend } from '../../../workers/engine/model/backend.ts';
import { readPackage } from '../../../workers/engine/model/package.ts';
import { Backends } from '../../../workers/engine/runtime/backends.ts';
import { openPackage } from '../../../workers/store/package.ts';

export const packageUrl = (name: string) => new URL(`/tests/packages/${name}/`, location.href).href;

async function bytesAt(path: string) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  return {
    name: path,
    size: bytes.length,
    read: (offset: number, length: number) => Promise.resolve(bytes.slice(offset, offset + length)),
  };
}

export async function golden(): Promise<Golden> {
  const fixture = '/tests/fixtures/gemma3-tiny/';
  const cases = await (await fetch(`${fixture}cases.json`)).json();
  return readGolden(await bytesAt(`${fixture}expected.safetensors`), cases);
}

const opened = new Backends();
const backends = new Map<string, Promise<Backend>>();

/** One device for all models of a test file, as in the worker. */
export function backendOf(provider: 'webgpu' | 'wasm'): Promise<Backend> {
  const known = backends.get(provider) ?? opened.open({ provider });
  backends.set(provider, known);
  return known;
}

/** A package as if its folder had been dropped on the page: OPFS, where downloads go, is for workers only. */
export async function packageFiles(name: string): Promise<PackageSource> {
  const get = async (path: string) => (await fetch(packageUrl(name) + path)).blob();
  const manifest: Manifest = JSON.parse(await (await get('manifest.json')).text());
  const paths = ['manifest.json', ...Object.keys(manifest.files)];
  return {
    type: 'files',
    name,
    files: await Promise.all(paths.map(async (path) => ({ path, blob: await get(path) }))),
  };
}

export async function load(
  name: string,
  provider: 'webgpu' | 'wasm',
  contextLength = 256,
  options: Pick<OpenOptions, 'variant' | 'graphCapture'> = {},
): Promise<LoadedModel> {
  const pack = await readPackage(await openPackage(await packageFiles(name)));
  return loadModel(
    pack,
    await backendOf(provider),
    { contextLength, ...options },
    new AbortController().signal,
    () => undefined,
  );
}

/** The numbers of a tensor, wherever it is; one over a buffer of ours cannot be read by the runtime. */
export async function floatsOf({ gpu }: Backend, tensor: Ort.Tensor): Promise<Float32Array> {
  if (tensor.location === 'cpu') {
    if (tensor.data instanceof Float32Array) return tensor.data;
    throw new Error('the tensor is not float32');
  }
  if (!gpu) throw new Error('a GPU tensor without a GPU');
  const staging = gpu.device.createBuffer({
    size: tensor.size * 4,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  const encoder = gpu.device.createCommandEncoder();
  // ONNX Runtime names the type of the buffer for its declarations only.
  if (!(tensor.gpuBuffer instanceof GPUBuffer)) throw new Error('not a GPUBuffer');
  encoder.copyBufferToBuffer(tensor.gpuBuffer, 0, staging, 0, staging.size);
  gpu.device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const floats = new Float32Array(staging.getMappedRange().slice(0));
  staging.destroy();
  return floats;
}
