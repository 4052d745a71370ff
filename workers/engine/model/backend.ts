/** Where sessions run. runtime/backends.ts makes backends in the browser, cli/shared/node-backend.ts in Node. */
import type * as Ort from 'onnxruntime-web';
import type { RuntimeInfo } from '#core/protocol/engine.ts';
import type { GpuLedger } from '../runtime/ledger.ts';
import type { OrtRuntime } from '../runtime/runtime.ts';

/** The external data of a graph. */
export interface ExternalData {
  /** File names as the graph has them, relative to its folder. */
  files: readonly string[];
  /** @throws FailureError `file-broken` if the file has fewer bytes than the graph reads of it */
  blob: (file: string) => Promise<Blob>;
  /** As `blob`, for a file of which only the size is known; undefined: there is none. @throws FailureError also `file-missing` */
  refuseShort: (file: string, size: number | undefined) => void;
  /** Path of the folder that holds the files; undefined where they are not in a folder of the operating system. */
  folder: string | undefined;
}

export interface Backend {
  runtime: OrtRuntime;
  /** Undefined on the CPU. */
  gpu: { device: GPUDevice; ledger: GpuLedger } | undefined;
  info: RuntimeInfo;
  /**
   * Options of every session. Sessions must be created one after another: the runtime refuses a second creation that begins
   * during a first.
   */
  sessionOptions: Ort.InferenceSession.SessionOptions;
  /** Options with which a session reads external data. @param onRead called with the number of bytes of each read, where they are known */
  externalData(data: ExternalData, onRead?: (bytes: number) => void): Promise<Ort.InferenceSession.SessionOptions>;
  /**
   * Settles as `work` does, but rejects with `device-lost` when the device is lost, because a run on it might never end, and with
   * `out-of-memory` from the first buffer on that the device refuses, because a run with it computes nothing.
   */
  guard<T>(work: Promise<T>): Promise<T>;
  destroy(): void;
}

/** A tensor over a buffer that we own; disposing of the tensor leaves the buffer. */
export function gpuTensor(
  backend: Backend,
  buffer: GPUBuffer,
  dataType: Ort.Tensor.GpuBufferDataTypes,
  dims: readonly number[],
): Ort.Tensor {
  return backend.runtime.ort.Tensor.fromGpuBuffer(buffer, { dataType, dims });
}

export function int64Tensor(backend: Backend, values: ArrayLike<number>, dims: readonly number[]): Ort.Tensor {
  return new backend.runtime.ort.Tensor('int64', BigInt64Array.from(Array.from(values, BigInt)), dims);
}
