/** Reads a GPU buffer back. */
import type { Backend } from './backend.ts';

/** The bytes of `source` after the work queued so far. It must have the usage COPY_SRC. */
export async function readBuffer(
  { device, ledger }: NonNullable<Backend['gpu']>,
  source: GPUBuffer,
): Promise<ArrayBuffer> {
  const staging = ledger.createBuffer('scratch', {
    label: `${source.label}/staging`,
    size: source.size,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  try {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, 0, staging, 0, source.size);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    return staging.getMappedRange().slice(0);
  } finally {
    staging.destroy();
  }
}
