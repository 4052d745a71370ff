/** Makes the session of the embedding graph. */
import type * as Ort from 'onnxruntime-web';
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import { shareInitializers, type SharedInput } from '#core/onnx/patch/share-initializers.ts';
import type { Backend } from './backend.ts';
import { rereading, type GraphSource, type ModelPackage } from './package.ts';
import { createSession, sourceOf } from './session.ts';
import type { SessionFactory } from './sessions.ts';
import { externalBytes } from './weight-bytes.ts';

/**
 * @param model the graph as it was read; it is patched
 * @param shared initializers that are inputs, because they are on the device already
 */
export function embeddingSessionFactory(
  backend: Backend,
  pack: ModelPackage,
  graph: GraphSource,
  model: ModelProto,
  shared: readonly string[],
): { factory: SessionFactory<Ort.InferenceSession>; inputs: SharedInput[] } {
  const inputs = shareInitializers(model, shared);
  const read = rereading(graph, model);
  const factory: SessionFactory<Ort.InferenceSession> = {
    bytes: externalBytes(model),
    sessions: (session) => [session],
    make: async (onRead) => {
      const again = await read();
      if (again !== model) shareInitializers(again, shared);
      return createSession(backend, sourceOf(pack, graph, again), { onRead });
    },
  };
  return { factory, inputs };
}
