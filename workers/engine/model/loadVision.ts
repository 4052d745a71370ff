/** Makes the sessions of the vision encoder's stages. */
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import { splitStages } from '#core/onnx/patch/split.ts';
import type { Backend } from './backend.ts';
import type { GraphSource, ModelPackage } from './package.ts';
import { createSession, sourceOf } from './session.ts';
import { VisionEncoder, type VisionStage } from './vision.ts';

/** Stages of the vision encoder: Stop waits for one of them at most. */
const visionStages = 9;

export async function loadVision(
  backend: Backend,
  pack: ModelPackage,
  graph: GraphSource,
  model: ModelProto,
  onRead: (bytes: number) => void,
  signal: AbortSignal,
): Promise<VisionEncoder> {
  const parts = splitStages(model, visionStages);
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
  const { text, vision } = pack.config;
  return new VisionEncoder(backend, stages, [vision?.tokensPerImage ?? 0, text.hiddenSize]);
}
