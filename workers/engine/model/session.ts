/** Makes ONNX Runtime sessions out of graphs that are read, patched and still without their external data. */
import type * as Ort from 'onnxruntime-web';
import type { GpuPurpose } from '#core/budget/gpu-purpose.ts';
import { FailureError } from '#core/failure.ts';
import { externalSizes, writeModel } from '#core/onnx/model.ts';
import { widenedRange } from '#core/onnx/patch/widen-scales.ts';
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import { timed } from '../runtime/timed.ts';
import type { Backend, ExternalData } from './backend.ts';
import type { GraphSource, ModelPackage } from './package.ts';
import { WidenedBlob } from './widened-blob.ts';

export interface SessionSource {
  model: ModelProto;
  /** Name in error messages. */
  path: string;
  /** The blob of an external file, by its name in the graph. */
  external(file: string): Promise<Blob>;
  /** Path of the folder with the graph and its external files, where they are in one of the operating system. */
  folder?: string | undefined;
}

export function sourceOf(pack: ModelPackage, graph: GraphSource, model: ModelProto): SessionSource {
  const folder = beside(graph.path, '');
  return {
    model,
    path: graph.path,
    external: async (location) => {
      const range = widenedRange(location);
      if (!range) return pack.reader.blob(folder + location);
      const { file, offset, length } = range;
      const blob = await pack.reader.blob(folder + file);
      if (offset + length > blob.size)
        throw new FailureError('file-broken', { file: folder + file, reason: `ends at ${blob.size} bytes` });
      return new WidenedBlob(blob.slice(offset, offset + length));
    },
    folder: pack.reader.path?.(folder),
  };
}

/** @throws FailureError `runtime` with ONNX Runtime's message */
export async function createSession(
  backend: Backend,
  source: SessionSource,
  options: { purpose?: GpuPurpose; outputsOnGpu?: readonly string[]; onRead?: (bytes: number) => void } = {},
): Promise<Ort.InferenceSession> {
  const sizes = externalSizes(source.model);
  const data: ExternalData = {
    files: [...sizes.keys()],
    async blob(file) {
      const blob = await source.external(file);
      data.refuseShort(file, blob.size);
      return blob;
    },
    refuseShort(file, size) {
      const path = beside(source.path, file);
      if (size === undefined) throw new FailureError('file-missing', { file: path });
      const needed = sizes.get(file) ?? 0;
      if (size >= needed) return;
      const reason = `it has ${size} bytes, and its graph reads ${needed}; download or copy it again`;
      throw new FailureError('file-broken', { file: path, reason });
    },
    folder: source.folder,
  };
  const external = await backend.externalData(data, options.onRead);
  const location: Record<string, Ort.Tensor.DataLocation> = {};
  if (backend.gpu) for (const name of options.outputsOnGpu ?? []) location[name] = 'gpu-buffer';
  const create = () =>
    backend.runtime.ort.InferenceSession.create(writeModel(source.model), {
      ...backend.sessionOptions,
      ...external,
      ...(Object.keys(location).length > 0 ? { preferredOutputLocation: location } : {}),
    });
  try {
    return await timed(`session: ${source.path.split('/').at(-1)}`, () =>
      backend.guard(backend.gpu ? backend.gpu.ledger.during(options.purpose ?? 'weights', create) : create()),
    );
  } catch (cause) {
    if (!(cause instanceof FailureError)) throw runtimeFailure(source, reasonOf(cause), cause);
    // The backend in Node makes one that does not know the graph.
    throw cause.code === 'runtime' ? runtimeFailure(source, String(cause.detail['reason']), cause) : cause;
  }
}

function runtimeFailure({ path }: SessionSource, reason: string, cause: unknown): FailureError {
  return new FailureError('runtime', { file: path, reason }, { cause });
}

/** @param path of the graph @param location of a file as the graph has it */
function beside(path: string, location: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1) + location;
}

export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
