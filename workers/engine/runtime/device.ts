/** Our own GPUDevice, requested with every feature and limit of the adapter that the runtime can use. */
import type { GpuAdapterInfo } from '#core/protocol/engine.ts';

export interface Gpu {
  device: GPUDevice;
  adapter: GpuAdapterInfo;
  /** Resolves when the device goes away for any reason but `destroy`. */
  lost: Promise<DeviceLoss>;
  /** Frees every buffer on the device at once. Sessions on it are dead afterwards. */
  destroy(): void;
}

export interface DeviceLoss {
  /** 'unknown' is the specification's value for a crash, a driver reset, or a device pulled out. */
  reason: GPUDeviceLostReason;
  message: string;
}

/** Why there is no GPU; values of RuntimeInfo.cpuReason. */
export type NoGpu = 'no-webgpu' | 'no-adapter';

/** Features that the kernels of ONNX Runtime's WebGPU provider look for (webgpu_context.cc). */
const FEATURES: readonly GPUFeatureName[] = ['shader-f16', 'subgroups'];

/**
 * The default of 8 storage buffers per stage is too few for GroupQueryAttention with QK norm (9), and the default
 * buffer sizes (256 MiB, 128 MiB a binding) for a quantized embedding table.
 */
const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxUniformBufferBindingSize',
  'maxBindGroups',
  'maxBindingsPerBindGroup',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const satisfies readonly (keyof GPUSupportedLimits)[];

/** True if the WebGPU adapter emulates a GPU on the CPU. */
export async function isGpuSoftware(): Promise<boolean> {
  const adapter = await requestAdapter();
  return typeof adapter !== 'string' && isSoftware(adapter.info);
}

/**
 * @param subgroups false: the device has no subgroup operations
 * @throws what requestDevice throws: it is not caught, because an adapter must accept its own limits.
 */
export async function requestGpu({ subgroups = true } = {}): Promise<Gpu | NoGpu> {
  const adapter = await requestAdapter();
  if (typeof adapter === 'string') return adapter;
  const device = await adapter.requestDevice({
    label: 'engine',
    requiredFeatures: FEATURES.filter(
      (feature) =>
        adapter.features.has(feature) && isSafe(feature, adapter.info) && (subgroups || feature !== 'subgroups'),
    ),
    requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])),
  });
  let destroyed = false;
  const lost = new Promise<DeviceLoss>((resolve) => {
    void device.lost.then(({ reason, message }) => {
      if (!destroyed) resolve({ reason, message });
    });
  });
  return {
    device,
    adapter: describe(adapter, device),
    lost,
    destroy() {
      destroyed = true;
      device.destroy();
    },
  };
}

async function requestAdapter(): Promise<GPUAdapter | NoGpu> {
  // Its type says that it always exists, but it is missing in insecure contexts and older browsers.
  const gpu: GPU | undefined = navigator.gpu;
  if (!gpu) return 'no-webgpu';
  return (await gpu.requestAdapter({ powerPreference: 'high-performance' })) ?? 'no-adapter';
}

/**
 * The provider's flash attention assumes 8 keys a step and loads as many as a subgroup has lanes
 * (flash_attention.wgsl.template): with 4 lanes, as in SwiftShader, it uses stale keys and the result is wrong. Without
 * the feature the provider takes another path.
 */
function isSafe(feature: GPUFeatureName, info: GPUAdapterInfo): boolean {
  return feature !== 'subgroups' || info.subgroupMinSize >= 8;
}

function describe({ info }: GPUAdapter, device: GPUDevice): GpuAdapterInfo {
  return {
    vendor: info.vendor,
    architecture: info.architecture,
    description: info.description || info.device,
    isFallback: isSoftware(info),
    shaderF16: device.features.has('shader-f16'),
  };
}

/** Chromium sets `isFallbackAdapter`; a SwiftShader chosen by flag is recognised by name. */
function isSoftware(info: GPUAdapterInfo): boolean {
  return info.isFallbackAdapter || /swiftshader|llvmpipe/i.test(`${info.architecture} ${info.description}`);
}
