/** What the browser says about the GPU. */
import { adapterKind } from '#core/budget/adapter-kind.ts';
import type { AdapterReport, NoAdapter } from '#core/protocol/preflight.ts';
import { requestGpu } from '../engine/runtime/device.ts';

export async function reportAdapter(): Promise<AdapterReport | NoAdapter> {
  // With the limits that the engine asks for.
  const gpu = await requestGpu();
  if (typeof gpu === 'string') return gpu;
  const { adapter: names, device } = gpu;
  const { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage } = device.limits;
  // Its type says that it always exists; some browsers have WebGPU without it.
  const info: GPUAdapterInfo | undefined = device.adapterInfo;
  const hasSubgroups = device.features.has('subgroups');
  gpu.destroy();
  return {
    names,
    kind: adapterKind(names),
    lowPower: await otherAdapter(names),
    subgroupSizes: hasSubgroups && info ? { least: info.subgroupMinSize, most: info.subgroupMaxSize } : undefined,
    limits: { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage },
  };
}

async function otherAdapter({ vendor, architecture }: AdapterReport['names']): Promise<AdapterReport['lowPower']> {
  const other = await navigator.gpu.requestAdapter({ powerPreference: 'low-power' });
  if (!other || (other.info.vendor === vendor && other.info.architecture === architecture)) return undefined;
  const { description, device } = other.info;
  return { vendor: other.info.vendor, architecture: other.info.architecture, description: description || device };
}
