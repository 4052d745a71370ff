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
  const { subgroupMinSize, subgroupMaxSize } = device.adapterInfo;
  const hasSubgroups = device.features.has('subgroups');
  gpu.destroy();
  return {
    names,
    kind: adapterKind(names),
    lowPower: await otherAdapter(names),
    subgroupSizes: hasSubgroups ? { least: subgroupMinSize, most: subgroupMaxSize } : undefined,
    limits: { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage },
  };
}

async function otherAdapter({ vendor, architecture }: AdapterReport['names']): Promise<AdapterReport['lowPower']> {
  const other = await navigator.gpu.requestAdapter({ powerPreference: 'low-power' });
  if (!other || (other.info.vendor === vendor && other.info.architecture === architecture)) return undefined;
  const { description, device } = other.info;
  return { vendor: other.info.vendor, architecture: other.info.architecture, description: description || device };
}
