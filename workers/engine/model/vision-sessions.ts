/** Makes the sessions of the vision encoder's stages. */
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import { splitStages } from '#core/onnx/patch/split.ts';
import type { Backend } from './backend.ts';
import { rereading, type GraphSource, type ModelPackage } from './package.ts';
import { createSession, sourceOf } from './session.ts';
import type { SessionFactory } from './sessions.ts';
import type { VisionStage } from './vision.ts';
import { externalBytes } from './weight-bytes.ts';

/** Stages of the vision encoder: Stop waits for one of them at most. */
const visionStages = 9;

/**
 * @param model the graph as it was read
 * @param signal aborts between two stages
 */
export function visionSessionFactory(
  backend: Backend,
  pack: ModelPackage,
  graph: GraphSource,
  model: ModelProto,
  signal: AbortSignal,
): SessionFactory<readonly VisionStage[]> {
  const read = rereading(graph, model);
  return {
    bytes: externalBytes(model),
    sessions: (stages) => stages.map(({ session }) => session),
    make: async (onRead) => {
      const parts = splitStages(await read(), visionStages);
      const stages: VisionStage[] = [];
      try {
        for (const [index, part] of parts.entries()) {
          signal.throwIfAborted();
          const isLast = index === parts.length - 1;
          const session = await createSession(backend, sourceOf(pack, graph, part.model), {
            outputsOnGpu: isLast ? [] : [part.output],
            onRead,
          });
          stages.push({ session, input: part.input, output: part.output });
        }
      } catch (error) {
        for (const { session } of stages) await session.release().catch(() => undefined);
        throw error;
      }
      return stages;
    },
  };
}
