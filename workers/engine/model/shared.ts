/** Weights that several sessions read: uploaded by us, from the blob to the device in pieces. */
import type { SharedInput } from '#core/onnx/patch/shareInitializers.ts';
import { FailureError } from '#core/protocol/failure.ts';
import { patientRead } from '../runtime/patient-read.ts';
import type { Backend } from './backend.ts';
import type { SessionSource } from './session.ts';

const pieceBytes = 16 * 1024 * 1024;

/** @returns buffers by name of the input */
export async function uploadShared(
  backend: Backend,
  source: SessionSource,
  inputs: readonly SharedInput[],
  signal: AbortSignal,
  onBytes: (done: number, total: number) => void,
): Promise<Map<string, GPUBuffer>> {
  const { gpu } = backend;
  if (!gpu) throw new TypeError('sharing weights needs a GPU');
  const buffers = new Map<string, GPUBuffer>();
  const total = inputs.reduce((sum, { bytes }) => sum + bytes.length, 0);
  let done = 0;
  try {
    for (const { input, bytes } of inputs) {
      const limit = Math.min(gpu.device.limits.maxBufferSize, gpu.device.limits.maxStorageBufferBindingSize);
      if (bytes.length > limit) throw new FailureError('out-of-memory', { bytes: bytes.length });
      const blob = await source.external(bytes.location);
      if (bytes.offset + bytes.length > blob.size)
        throw new FailureError('file-broken', { file: bytes.location, reason: `ends at ${blob.size} bytes` });
      const buffer = gpu.ledger.createBuffer('weights', {
        label: input,
        // Writes are of whole words.
        size: Math.ceil(bytes.length / 16) * 16,
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
      });
      buffers.set(input, buffer);
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        signal.throwIfAborted();
        const end = Math.min(at + pieceBytes, bytes.length);
        const piece = new Uint8Array(await patientRead(blob.slice(bytes.offset + at, bytes.offset + end)));
        const padded = piece.length % 4 === 0 ? piece : pad(piece);
        gpu.device.queue.writeBuffer(buffer, at, padded);
        await backend.guard(gpu.device.queue.onSubmittedWorkDone());
        done += piece.length;
        onBytes(done, total);
      }
    }
  } catch (error) {
    for (const buffer of buffers.values()) buffer.destroy();
    throw error;
  }
  return buffers;
}

function pad(piece: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(Math.ceil(piece.length / 4) * 4);
  padded.set(piece);
  return padded;
}
