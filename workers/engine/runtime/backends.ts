/** Backends in the browser: onnxruntime-web with our GPU device and its ledger, or without a GPU on the CPU. */
import type * as Ort from 'onnxruntime-web';
import { producer } from '#core/gemma3/stored.ts';
import { GraphBuilder, makeModel } from '#core/onnx/builder.ts';
import { writeModel } from '#core/onnx/model.ts';
import type { OpenOptions, RuntimeInfo } from '#core/protocol/engine.ts';
import { FailureError } from '#core/failure.ts';
import type { Backend } from '../model/backend.ts';
import { isGpuSoftware, requestGpu, type Gpu, type NoGpu } from './device.ts';
import { externalBlobs } from './external-blobs.ts';
import { GpuLedger } from './ledger.ts';
import { chooseBuild, loadOrt, sessionOptions } from './ort.ts';
import type { OrtRuntime } from './runtime.ts';

const newsMilliseconds = 100;

/** `subgroups` counts for the first GPU backend of a worker: later ones have its device. */
export type BackendOptions = Pick<OpenOptions, 'provider' | 'subgroups'>;

/** The backends of one worker. */
export class Backends {
  /** Opened once: the runtime keeps its first GPU device and does not use a second one. */
  #gpu: Backend | undefined;
  #last: Promise<unknown> = Promise.resolve();
  /** What `look` asks, for the next `open`. */
  #isSoftware: Promise<boolean> | undefined;

  /** Asks for the adapter before `open`, which would otherwise wait while the browser starts its GPU process. */
  look(provider: OpenOptions['provider']): void {
    if (provider === 'auto') this.#isSoftware ??= isGpuSoftware();
    this.#isSoftware?.catch(() => undefined);
  }

  /**
   * `auto` prefers the CPU to an adapter that imitates a GPU on it: the same cores, without shaders to compile first.
   * @throws FailureError `gpu-feature-missing` if WebGPU is requested and not available
   */
  open(options: BackendOptions): Promise<Backend> {
    // Backends open one after another, even if the caller of an earlier open has gone: each creates a session.
    const opening = this.#last.then(() => this.#open(options));
    this.#last = opening.catch(() => undefined);
    return opening;
  }

  async #open({ provider, subgroups = true }: BackendOptions): Promise<Backend> {
    if (provider === 'wasm') return openCpu('asked');
    const looked = this.#isSoftware;
    this.#isSoftware = undefined;
    if (provider === 'auto' && (await (looked ?? isGpuSoftware()))) return openCpu('software-adapter');
    const gpu = this.#gpu ?? (await openGpu(subgroups));
    if (typeof gpu !== 'string') return (this.#gpu = gpu);
    if (provider === 'webgpu') throw new FailureError('gpu-feature-missing', { feature: 'WebGPU' });
    return openCpu(gpu);
  }
}

async function openCpu(cpuReason: RuntimeInfo['cpuReason']): Promise<Backend> {
  const runtime = await loadOrt(chooseBuild('wasm'));
  await startRuntime(runtime, sessionOptions(undefined));
  const info: RuntimeInfo = { provider: 'wasm', build: runtime.build, adapter: undefined, cpuReason };
  return {
    runtime,
    gpu: undefined,
    info,
    sessionOptions: sessionOptions(undefined),
    externalData: externalBlobs,
    guard: (work) => work,
    destroy() {},
  };
}

async function openGpu(subgroups: boolean): Promise<Backend | NoGpu> {
  const gpu = await requestGpu({ subgroups });
  if (typeof gpu === 'string') return gpu;
  const runtime = await loadOrt(chooseBuild('webgpu'));
  const backend = gpuBackend(runtime, gpu);
  await backend.guard(startRuntime(runtime, backend.sessionOptions));
  return backend;
}

/**
 * The runtime fetches and compiles its WebAssembly when the first session is created. This creates a trivial session, so
 * that it happens while the package is still being fetched.
 * @throws FailureError `runtime` with ONNX Runtime's message
 */
async function startRuntime({ ort }: OrtRuntime, options: Ort.InferenceSession.SessionOptions): Promise<void> {
  const graph = new GraphBuilder('start');
  graph.node('Identity', [graph.input('x', 'float32', [1])], { name: 'same', outputs: ['y'] });
  graph.output('y', 'float32', [1]);
  const model = writeModel(makeModel(graph.build(), producer));
  try {
    const session = await ort.InferenceSession.create(model, options);
    await session.release();
  } catch (cause) {
    throw new FailureError('runtime', { reason: cause instanceof Error ? cause.message : String(cause) }, { cause });
  }
}

/** Words of Chromium for a buffer above `maxBufferSize`, which is no error of memory to it. */
function isTooLarge(message: string): boolean {
  return /max buffer size/i.test(message);
}

function gpuBackend(runtime: OrtRuntime, gpu: Gpu): Backend {
  // Promise.race with one promise for the fault would keep every result in memory as long as the device exists.
  const waiting = new Set<(reason: FailureError) => void>();
  let fault: FailureError | undefined;
  const fail = (failure: FailureError) => {
    fault = failure;
    for (const reject of waiting) reject(failure);
    waiting.clear();
  };
  void gpu.lost.then(({ reason, message }) => fail(new FailureError('device-lost', { reason: message || reason })));
  // A buffer that was refused is invalid, and so is what is computed with it: nothing of this device is used from then on.
  gpu.device.addEventListener('uncapturederror', ({ error: { message }, error }) => {
    if (error instanceof GPUOutOfMemoryError || isTooLarge(message))
      fail(new FailureError('out-of-memory', { reason: message }));
  });
  const guard = <T>(work: Promise<T>): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      // On a lost device the work may never end.
      if (fault) reject(fault);
      else waiting.add(reject);
      work.then(
        (value) => {
          waiting.delete(reject);
          resolve(value);
        },
        (error: unknown) => {
          // Pending work (mapAsync, a run) fails just before the device tells why.
          setTimeout(() => {
            waiting.delete(reject);
            reject(error);
          }, newsMilliseconds);
        },
      );
    });
  return {
    runtime,
    gpu: { device: gpu.device, ledger: new GpuLedger(gpu.device) },
    info: { provider: 'webgpu', build: runtime.build, adapter: gpu.adapter, cpuReason: undefined },
    sessionOptions: sessionOptions(gpu.device),
    externalData: externalBlobs,
    guard,
    destroy: () => gpu.destroy(),
  };
}
