/** Weights that several sessions read: uploaded by us, from the blob to the device in pieces. */
import type * as Ort from 'onnxruntime-web';
import type { SharedInput } from '#core/onnx/patch/share-initializers.ts';
import { FailureError } from '#core/failure.ts';
import { readWithRetry } from '../runtime/retrying-blob.ts';
import { gpuTensor, type Backend } from './backend.ts';
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
        // The byte length of a GPU write must be a multiple of 4.
        size: Math.ceil(bytes.length / 16) * 16,
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
      });
      buffers.set(input, buffer);
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        signal.throwIfAborted();
        const end = Math.min(at + pieceBytes, bytes.length);
        const piece = new Uint8Array(await readWithRetry(blob.slice(bytes.offset + at, bytes.offset + end)));
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

/** The tensors of a graph's shared inputs. @param uploaded inputs that `buffers` were made for, in the same order */
export function sharedTensors(
  backend: Backend,
  wanted: readonly SharedInput[],
  uploaded: readonly SharedInput[],
  buffers: ReadonlyMap<string, GPUBuffer>,
): Record<string, Ort.Tensor> {
  const types: Readonly<Record<number, 'float32' | 'float16' | 'uint8'>> = { 1: 'float32', 2: 'uint8', 10: 'float16' };
  // Both lists are in the order of the shared names; the input may have another name in the second graph.
  return Object.fromEntries(
    wanted.map((input, index) => {
      const buffer = buffers.get(uploaded[index]?.input ?? '');
      const type = types[input.dataType];
      if (!buffer || !type) throw new TypeError(`no buffer for ${input.input}`);
      return [input.input, gpuTensor(backend, buffer, type, input.dims)];
    }),
  );
}

function pad(piece: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(Math.ceil(piece.length / 4) * 4);
  padded.set(piece);
  return padded;
}
