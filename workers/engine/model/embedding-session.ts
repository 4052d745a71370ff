/** Makes the session of the embedding graph. */
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import { readFrom, type ExternalPlaces } from '#core/onnx/patch/embed-ids.ts';
import { shareableInitializers, shareInitializers } from '#core/onnx/patch/share-initializers.ts';
import type { Backend } from './backend.ts';
import type { GpuWeights } from './gpu-weights.ts';
import { makeGraphSession, releaseGraphSession, type GraphSession } from './graph-session.ts';
import { rereading, type GraphSource, type ModelPackage } from './package.ts';
import { sourceOf } from './session.ts';
import type { SessionFactory } from './sessions.ts';
import { externalBytes } from './weight-bytes.ts';

/**
 * @param model the graph as it was read; it is patched
 * @param table where its table is to be read, if the decoder's weights hold it: it is on the device once then
 */
export function embeddingSessionFactory(
  backend: Backend,
  pack: ModelPackage,
  weights: GpuWeights,
  graph: GraphSource,
  model: ModelProto,
  table: ExternalPlaces,
  signal: AbortSignal,
): SessionFactory<GraphSession> {
  const share = (read: ModelProto) => (backend.gpu ? shareInitializers(read, shareableInitializers(read)) : []);
  const read = rereading(graph, model);
  return {
    bytes: externalBytes(model),
    release: releaseGraphSession,
    make: async (onRead) => {
      const model = await read();
      readFrom(model, table);
      const shared = share(model);
      return makeGraphSession(backend, weights, sourceOf(pack, graph, model), shared, signal, { onRead });
    },
  };
}
