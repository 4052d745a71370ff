/** Makes the sessions of the vision encoder's stages. */
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import { shareableInitializers, shareInitializers } from '#core/onnx/patch/share-initializers.ts';
import { splitStages } from '#core/onnx/patch/split.ts';
import type { Backend } from './backend.ts';
import { noWeights, type GpuWeights } from './gpu-weights.ts';
import { rereading, type GraphSource, type ModelPackage } from './package.ts';
import { createSession, sourceOf } from './session.ts';
import type { SessionFactory } from './sessions.ts';
import type { VisionStage } from './vision.ts';
import { externalBytes } from './weight-bytes.ts';

/** Stages of the vision encoder: Stop waits for one of them at most. */
const visionStages = 9;

export interface VisionSessionOptions {
  /** False: weights are on the GPU only while their stage runs. The CPU provider keeps them always. */
  keepOnGpu: boolean;
  /** Aborts between two stages. */
  signal: AbortSignal;
}

/** @param model the graph as it was read */
export function visionSessionFactory(
  backend: Backend,
  pack: ModelPackage,
  weights: GpuWeights,
  graph: GraphSource,
  model: ModelProto,
  { keepOnGpu, signal }: VisionSessionOptions,
): SessionFactory<readonly VisionStage[]> {
  const read = rereading(graph, model);
  const release = async (stages: readonly VisionStage[]) => {
    for (const stage of stages) {
      stage.kept.release();
      await stage.session.release();
    }
  };
  return {
    // Without `keepOnGpu` next to nothing is read here.
    bytes: keepOnGpu ? externalBytes(model) : 0,
    release,
    make: async (onRead) => {
      const parts = splitStages(await read(), visionStages);
      const stages: VisionStage[] = [];
      try {
        for (const [index, part] of parts.entries()) {
          signal.throwIfAborted();
          const isLast = index === parts.length - 1;
          const shared = backend.gpu ? shareInitializers(part.model, shareableInitializers(part.model)) : [];
          const source = sourceOf(pack, graph, part.model);
          const kept = keepOnGpu ? await weights.hold(source, shared, signal, onRead, 'vision') : noWeights;
          try {
            const session = await createSession(backend, source, {
              purpose: 'vision',
              outputsOnGpu: isLast ? [] : [part.output],
              onRead,
            });
            const hold = async (stop: AbortSignal) =>
              keepOnGpu ? noWeights : weights.hold(source, shared, stop, () => undefined, 'vision');
            stages.push({ session, input: part.input, output: part.output, kept, hold });
          } catch (error) {
            kept.release();
            throw error;
          }
        }
      } catch (error) {
        await release(stages).catch(() => undefined);
        throw error;
      }
      return stages;
    },
  };
}
