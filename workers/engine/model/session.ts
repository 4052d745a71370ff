/** Makes ONNX Runtime sessions out of graphs that are read, patched and still without their external data. */
import type * as Ort from 'onnxruntime-web';
import type { GpuPurpose } from '#core/protocol/engine.ts';
import { FailureError } from '#core/protocol/failure.ts';
import { externalFiles, writeModel } from '#core/onnx/model.ts';
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import { sessionOptions } from '../runtime/ort.ts';
import type { Backend } from './backend.ts';

/** Reports how much of it has been read: the runtime tells nobody how far it is with gigabytes of weights. */
class CountedBlob extends Blob {
  readonly #onRead: (bytes: number) => void;

  /** Refers to the blob's bytes, does not copy them. */
  constructor(blob: Blob, onRead: (bytes: number) => void) {
    super([blob]);
    this.#onRead = onRead;
  }

  override slice(start = 0, end = this.size, type?: string): Blob {
    this.#onRead(end - start);
    return super.slice(start, end, type);
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    this.#onRead(this.size);
    return super.arrayBuffer();
  }
}

export interface SessionSource {
  model: ModelProto;
  /** Name in error messages. */
  path: string;
  /** The blob of an external file, by the name that the graph calls it. */
  external(file: string): Promise<Blob>;
}

/** @throws FailureError `runtime` with ONNX Runtime's own words */
export async function createSession(
  backend: Backend,
  source: SessionSource,
  options: { purpose?: GpuPurpose; outputsOnGpu?: readonly string[]; onRead?: (bytes: number) => void } = {},
): Promise<Ort.InferenceSession> {
  const files = externalFiles(source.model);
  const externalData = await Promise.all(
    files.map(async (file) => {
      const data = await source.external(file);
      return { path: file, data: options.onRead ? new CountedBlob(data, options.onRead) : data };
    }),
  );
  const location: Record<string, Ort.Tensor.DataLocation> = {};
  if (backend.gpu) for (const name of options.outputsOnGpu ?? []) location[name] = 'gpu-buffer';
  const create = () =>
    backend.runtime.ort.InferenceSession.create(writeModel(source.model), {
      ...sessionOptions(backend.gpu?.device),
      externalData,
      ...(Object.keys(location).length > 0 ? { preferredOutputLocation: location } : {}),
    });
  try {
    return await backend.guard(
      backend.gpu ? backend.gpu.ledger.during(options.purpose ?? 'weights', create) : create(),
    );
  } catch (cause) {
    if (cause instanceof FailureError) throw cause;
    throw new FailureError('runtime', { file: source.path, reason: reasonOf(cause) }, { cause });
  }
}

export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
