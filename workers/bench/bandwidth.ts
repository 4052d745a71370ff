/** Measures how fast the GPU reads its memory: the roof over decoding, which reads every weight once a token. */
import type { Bandwidth } from '#core/protocol/bench.ts';
import { requestGpu } from '../engine/runtime/device.ts';

const WORKGROUP = 256;
const WORKGROUPS = 4096;
/** Larger than any cache; a software adapter reads much slower, and from the caches of the CPU at best. */
const MAX_BYTES = 512 * 2 ** 20;
const MAX_SOFTWARE_BYTES = 64 * 2 ** 20;
/** Length of the measurement, after the passes that compile and warm up. */
const MILLISECONDS = 1000;

/** Fills the buffer: memory that was never written may be read without being fetched. */
const FILL = `
@group(0) @binding(0) var<storage, read_write> data: array<vec4<u32>>;
@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  for (var i = id.x; i < arrayLength(&data); i += ${WORKGROUP * WORKGROUPS}u) {
    data[i] = vec4<u32>(i, i * 2654435761u, ~i, i ^ 0x9e3779b9u);
  }
}`;

/** Neighbouring invocations read neighbouring values, four at a time; the result is written so that no read is left out. */
const READ = `
@group(0) @binding(0) var<storage, read> data: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> result: array<u32>;
@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  var sum = vec4<u32>();
  let length = arrayLength(&data);
  let step = ${WORKGROUP * WORKGROUPS}u;
  var i = id.x;
  for (; i + 3u * step < length; i += 4u * step) {
    sum ^= data[i] ^ data[i + step] ^ data[i + 2u * step] ^ data[i + 3u * step];
  }
  for (; i < length; i += step) {
    sum ^= data[i];
  }
  result[id.x] = sum.x ^ sum.y ^ sum.z ^ sum.w;
}`;

/** @returns undefined where there is no WebGPU adapter */
export async function measureBandwidth(): Promise<Bandwidth | undefined> {
  const gpu = await requestGpu();
  if (typeof gpu === 'string') return undefined;
  const { device } = gpu;
  const isSoftware = gpu.adapter.isFallback;
  try {
    const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
    const most = Math.min(isSoftware ? MAX_SOFTWARE_BYTES : MAX_BYTES, maxBufferSize, maxStorageBufferBindingSize);
    const bytes = Math.floor(most / 16) * 16;
    return { bytesPerSecond: await read(device, bytes), isSoftware };
  } finally {
    gpu.destroy();
  }
}

async function read(device: GPUDevice, bytes: number): Promise<number> {
  const data = device.createBuffer({ size: bytes, usage: GPUBufferUsage.STORAGE });
  const result = device.createBuffer({ size: WORKGROUP * WORKGROUPS * 4, usage: GPUBufferUsage.STORAGE });
  const pipelineOf = (code: string) =>
    device.createComputePipelineAsync({ layout: 'auto', compute: { module: device.createShaderModule({ code }) } });
  const [fill, kernel] = await Promise.all([pipelineOf(FILL), pipelineOf(READ)]);
  const run = async (pipeline: GPUComputePipeline, buffers: readonly GPUBuffer[], times: number): Promise<number> => {
    const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
    const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
    const encoder = device.createCommandEncoder();
    for (let count = 0; count < times; count++) {
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(WORKGROUPS);
      pass.end();
    }
    const begin = performance.now();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    return performance.now() - begin;
  };
  await run(fill, [data], 1);
  // One submission has to be long beside the wait for it, which takes a millisecond or more.
  let times = 1;
  let took = await run(kernel, [data, result], times);
  for (let passes = 0; took < 100 && passes < 10; passes++) {
    times = Math.min(4096, Math.max(times * 2, Math.ceil((120 / took) * times)));
    took = await run(kernel, [data, result], times);
  }
  let fastest = took;
  for (const end = performance.now() + MILLISECONDS; performance.now() < end;)
    fastest = Math.min(fastest, await run(kernel, [data, result], times));
  return (bytes * times * 1000) / fastest;
}
