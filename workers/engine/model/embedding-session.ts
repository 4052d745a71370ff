/** Makes the session of the embedding graph. */
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import { shareableInitializers, shareInitializers } from '#core/onnx/patch/share-initializers.ts';
import type { Backend } from './backend.ts';
import type { GpuWeights } from './gpu-weights.ts';
import { makeGraphSession, releaseGraphSession, type GraphSession } from './graph-session.ts';
import { rereading, type GraphSource, type ModelPackage } from './package.ts';
import { sourceOf } from './session.ts';
import type { SessionFactory } from './sessions.ts';
import { externalBytes } from './weight-bytes.ts';

/** @param model the graph as it was read; it is patched */
export function embeddingSessionFactory(
  backend: Backend,
  pack: ModelPackage,
  weights: GpuWeights,
  graph: GraphSource,
  model: ModelProto,
  signal: AbortSignal,
): SessionFactory<GraphSession> {
  const share = (read: ModelProto) => (backend.gpu ? shareInitializers(read, shareableInitializers(read)) : []);
  const read = rereading(graph, model);
  return {
    bytes: externalBytes(model),
    release: releaseGraphSession,
    make: async (onRead) => {
      const model = await read();
      const shared = share(model);
      return makeGraphSession(backend, weights, sourceOf(pack, graph, model), shared, signal, { onRead });
    },
  };
}
