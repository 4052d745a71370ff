/**
 * Counts WebGPU and WebAssembly calls of a worker by wrapping the browser's functions, so that both engines are counted the
 * same way. Import it before any module that uses them.
 */
import { meterChannel, type GpuCounts } from '#core/protocol/bench.ts';

const counts: Omit<GpuCounts, 'wasmBytes' | 'kernels'> = {
  liveBytes: 0,
  peakBytes: 0,
  dispatches: 0,
  indirectDispatches: 0,
  passes: 0,
  submits: 0,
  bindGroups: 0,
  writes: 0,
  copies: 0,
  buffers: 0,
  errorScopes: 0,
  maps: 0,
  readBytes: 0,
  pipelines: 0,
};
const memories: WebAssembly.Memory[] = [];
const kernels = new Map<string, number>();
/** Bytes of each live buffer. A buffer that is dropped without destroy() counts until it is garbage-collected. */
const sizes = new WeakMap<GPUBuffer, number>();
const dropped = new FinalizationRegistry<number>((bytes) => (counts.liveBytes -= bytes));

/** Calls `act` with the arguments and the object before each call of a method. */
function before(prototype: object, method: string, act: (values: unknown[], self: unknown) => void): void {
  const original: unknown = Reflect.get(prototype, method);
  if (typeof original !== 'function') throw new Error(`no ${method} to count`);
  Reflect.set(prototype, method, function (this: unknown, ...values: unknown[]): unknown {
    act(values, this);
    const result: unknown = Reflect.apply(original, this, values);
    return result;
  });
}

function count(prototype: object, method: string, key: keyof typeof counts): void {
  before(prototype, method, () => counts[key]++);
}

/** Kernels may bind the same names, so the length of the code is part of the name. */
function kernelName(code: string): string {
  const names = [...code.matchAll(/var<storage[^>]*>\s*(\w+)/g)].map(([, name]) => name);
  return `${names.join(' ')} /${code.length}`;
}

function watchGpu(): void {
  const { createBuffer } = GPUDevice.prototype;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    const buffer = createBuffer.call(this, descriptor);
    counts.buffers++;
    counts.liveBytes += descriptor.size;
    counts.peakBytes = Math.max(counts.peakBytes, counts.liveBytes);
    sizes.set(buffer, descriptor.size);
    dropped.register(buffer, descriptor.size, buffer);
    return buffer;
  };

  const { destroy } = GPUBuffer.prototype;
  GPUBuffer.prototype.destroy = function () {
    counts.liveBytes -= sizes.get(this) ?? 0;
    sizes.delete(this);
    dropped.unregister(this);
    return destroy.call(this);
  };

  const modules = new WeakMap<object, string>();
  const { createShaderModule } = GPUDevice.prototype;
  GPUDevice.prototype.createShaderModule = function (descriptor) {
    const module = createShaderModule.call(this, descriptor);
    modules.set(module, kernelName(descriptor.code));
    return module;
  };
  const pipelines = new WeakMap<object, string>();
  const { createComputePipeline, createComputePipelineAsync } = GPUDevice.prototype;
  GPUDevice.prototype.createComputePipeline = function (descriptor) {
    counts.pipelines++;
    const pipeline = createComputePipeline.call(this, descriptor);
    pipelines.set(pipeline, modules.get(descriptor.compute.module) ?? '');
    return pipeline;
  };
  GPUDevice.prototype.createComputePipelineAsync = async function (descriptor) {
    counts.pipelines++;
    const pipeline = await createComputePipelineAsync.call(this, descriptor);
    pipelines.set(pipeline, modules.get(descriptor.compute.module) ?? '');
    return pipeline;
  };

  let kernel = '';
  let isSampling = false;
  before(GPUComputePassEncoder.prototype, 'setPipeline', ([pipeline]) => {
    kernel = (pipeline instanceof GPUComputePipeline && pipelines.get(pipeline)) || '';
    isSampling = pipeline instanceof GPUComputePipeline && pipeline.label.startsWith('sampling/');
  });
  /**
   * The driver's `--host-only`: no dispatch reaches the GPU, so only CPU time remains. But those that choose a token do: the host
   * looks at the choice, and would repeat steps of one that was never made.
   */
  const hostOnly = self.name === 'host-only';
  for (const method of ['dispatchWorkgroups', 'dispatchWorkgroupsIndirect'] as const) {
    const dispatch = GPUComputePassEncoder.prototype[method];
    if (hostOnly)
      Reflect.set(GPUComputePassEncoder.prototype, method, function (this: unknown, ...values: unknown[]) {
        if (isSampling) Reflect.apply(dispatch, this, values);
      });
    before(GPUComputePassEncoder.prototype, method, () => {
      counts.dispatches++;
      kernels.set(kernel, (kernels.get(kernel) ?? 0) + 1);
    });
  }
  count(GPUComputePassEncoder.prototype, 'dispatchWorkgroupsIndirect', 'indirectDispatches');
  count(GPUCommandEncoder.prototype, 'beginComputePass', 'passes');
  count(GPUCommandEncoder.prototype, 'copyBufferToBuffer', 'copies');
  count(GPUDevice.prototype, 'createBindGroup', 'bindGroups');
  count(GPUDevice.prototype, 'pushErrorScope', 'errorScopes');
  count(GPUQueue.prototype, 'submit', 'submits');
  count(GPUQueue.prototype, 'writeBuffer', 'writes');
  before(GPUBuffer.prototype, 'mapAsync', (_, buffer) => {
    counts.maps++;
    counts.readBytes += buffer instanceof GPUBuffer ? buffer.size : 0;
  });
}

// Without WebGPU there is nothing of it to count.
if ('GPUDevice' in self) watchGpu();

WebAssembly.Memory = class extends WebAssembly.Memory {
  constructor(descriptor: WebAssembly.MemoryDescriptor) {
    super(descriptor);
    memories.push(this);
  }
};

/** The page reads the counts over a BroadcastChannel, because the worker's own messages belong to the engine. */
const channel = new BroadcastChannel(meterChannel(self.name));
channel.onmessage = ({ data }) => {
  if (data !== 'read') return;
  const wasmBytes = memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  const answer: GpuCounts = { ...counts, wasmBytes, kernels: Object.fromEntries(kernels) };
  channel.postMessage(answer);
};
