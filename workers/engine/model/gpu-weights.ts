/**
 * The weights of a model in GPU buffers of ours. Graphs that point at the same bytes share a buffer; it is destroyed when the
 * last of them is done with it.
 */
import type * as Ort from 'onnxruntime-web';
import type { GpuPurpose } from '#core/budget/gpu-purpose.ts';
import { widenedRange } from '#core/onnx/patch/widen-scales.ts';
import type { SharedInput } from '#core/onnx/patch/share-initializers.ts';
import { TensorProto_DataType } from '#core/onnx/onnx_pb.ts';
import { FailureError } from '#core/failure.ts';
import { gpuTensor, type Backend } from './backend.ts';
import type { ModelPackage } from './package.ts';
import type { SessionSource } from './session.ts';
import { uploadAll, type Upload } from './upload.ts';

/** Weights of one graph on the device. */
export interface HeldWeights {
  /** By input of the graph; two inputs may be over one buffer. */
  tensors: Readonly<Record<string, Ort.Tensor>>;
  /** Afterwards the tensors must not be used. A second call does nothing. */
  release(): void;
}

export const noWeights: HeldWeights = { tensors: {}, release() {} };

interface Shared {
  buffer: GPUBuffer;
  users: number;
}

export class GpuWeights {
  readonly #backend: Backend;
  readonly #hash: (path: string) => string | undefined;
  readonly #shared = new Map<string, Shared>();

  constructor(backend: Backend, pack: Pick<ModelPackage, 'manifest'>) {
    this.#backend = backend;
    this.#hash = (path) => pack.manifest?.files[path]?.sha256;
  }

  /**
   * Uploads what is not on the device yet. All buffers are made before the first byte is read, so that a model that does not fit
   * fails at once.
   * @param purpose that new buffers count under
   * @param onRead called with numbers of bytes as they arrive; bytes that are there already count too
   * @throws FailureError `out-of-memory`, `file-broken`, `device-lost`; the signal's reason. Nothing new is left on the device then
   */
  async hold(
    source: SessionSource,
    inputs: readonly SharedInput[],
    signal: AbortSignal,
    onRead: (bytes: number) => void,
    purpose: 'weights' | 'vision' = 'weights',
  ): Promise<HeldWeights> {
    const { gpu } = this.#backend;
    if (inputs.length === 0 || !gpu) return noWeights;
    const keys: string[] = [];
    const fresh: (Omit<Upload, 'blob'> & { bytes: SharedInput['bytes'] })[] = [];
    const tensors: Record<string, Ort.Tensor> = {};
    let released = false;
    const release = () => {
      if (!released) for (const key of keys) this.#drop(key);
      released = true;
    };
    try {
      gpu.device.pushErrorScope('out-of-memory');
      let total = 0;
      let present = 0;
      try {
        for (const { input, dims, dataType, bytes } of inputs) {
          const key = this.#key(source, input, bytes);
          let shared = this.#shared.get(key);
          if (shared) present += bytes.length;
          else {
            shared = { buffer: this.#buffer(gpu, purpose, input, bytes.length), users: 0 };
            this.#shared.set(key, shared);
            fresh.push({ buffer: shared.buffer, bytes });
            total += bytes.length;
          }
          shared.users++;
          keys.push(key);
          tensors[input] = gpuTensor(this.#backend, shared.buffer, typeOf(dataType), dims);
        }
      } catch (error) {
        await gpu.device.popErrorScope();
        throw error;
      }
      const problem = await this.#backend.guard(gpu.device.popErrorScope());
      if (problem) throw new FailureError('out-of-memory', { bytes: total, reason: problem.message });
      if (present > 0) onRead(present);
      const uploads: Upload[] = [];
      for (const { buffer, bytes } of fresh) {
        if (bytes instanceof Uint8Array) {
          uploads.push({ buffer, blob: new Blob([bytes]) });
          continue;
        }
        const blob = await source.external(bytes.location);
        const end = bytes.offset + bytes.length;
        if (end > blob.size)
          throw new FailureError('file-broken', { file: bytes.location, reason: `ends at ${blob.size} bytes` });
        uploads.push({ buffer, blob: blob.slice(bytes.offset, end) });
      }
      await uploadAll({ ...this.#backend, gpu }, uploads, signal, onRead);
    } catch (error) {
      release();
      throw error;
    }
    return { tensors, release };
  }

  /** Two files of the same content are one: a package may hold the table under the names that two graphs expect. */
  #key({ path }: SessionSource, input: string, bytes: SharedInput['bytes']): string {
    // What a graph itself holds has the same name in both bodies of the decoder.
    if (bytes instanceof Uint8Array) return `${path} ${input} ${bytes.length}`;
    const { location, offset, length } = bytes;
    const range = widenedRange(location);
    const file = path.slice(0, path.lastIndexOf('/') + 1) + (range?.file ?? location);
    const part = range ? `float32 of ${range.offset} ${range.length}` : `${offset} ${length}`;
    return `${this.#hash(file) ?? file} ${part}`;
  }

  #buffer(gpu: NonNullable<Backend['gpu']>, purpose: GpuPurpose, label: string, length: number): GPUBuffer {
    const { maxBufferSize, maxStorageBufferBindingSize } = gpu.device.limits;
    if (length > Math.min(maxBufferSize, maxStorageBufferBindingSize))
      throw new FailureError('out-of-memory', { bytes: length });
    return gpu.ledger.createBuffer(purpose, {
      label,
      size: Math.ceil(length / 16) * 16,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
    });
  }

  #drop(key: string): void {
    const shared = this.#shared.get(key);
    if (!shared || --shared.users > 0) return;
    this.#shared.delete(key);
    shared.buffer.destroy();
  }
}

const types = new Map<number, 'float32' | 'float16' | 'uint8'>([
  [TensorProto_DataType.FLOAT, 'float32'],
  [TensorProto_DataType.FLOAT16, 'float16'],
  [TensorProto_DataType.UINT8, 'uint8'],
]);

function typeOf(dataType: number): 'float32' | 'float16' | 'uint8' {
  const type = types.get(dataType);
  if (!type) throw new TypeError(`weights of the ONNX type ${dataType} cannot be an input`);
  return type;
}
