/** The sessions that a training run needs over a package. */
import { trainingGraph } from '#core/gemma3/training-graph.ts';
import type { LoraLayout } from '#core/lora/training/parameters.ts';
import type { RunGraph } from '#core/lora/training/run-graph.ts';
import { FailureError } from '#core/failure.ts';
import { OnnxError } from '#core/onnx/model.ts';
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import type { Backend } from '../model/backend.ts';
import type { ModelPackage } from '../model/package.ts';
import { openGraph } from './graph-session.ts';

/** Graphs over the weights of a package's decoder. */
export interface TrainingModels {
  /** Loss and gradients. */
  training: ModelProto;
  /** The loss alone. */
  measuring: ModelProto;
}

export interface TrainingSessions {
  train: RunGraph;
  measure: RunGraph;
  release(): Promise<void>;
}

/**
 * Reads no weights.
 * @param positions of the longest row
 * @throws FailureError `unsupported-package` if the decoder cannot be trained
 */
export async function trainingModels(
  pack: ModelPackage,
  layout: LoraLayout,
  positions: number,
): Promise<TrainingModels> {
  const make = async (withGradients: boolean): Promise<ModelProto> => {
    const decoder = await pack.decoder.read();
    try {
      return trainingGraph(decoder, pack.config.text, { layout, positions, withGradients });
    } catch (cause) {
      if (!(cause instanceof OnnxError)) throw cause;
      throw new FailureError('unsupported-package', { file: pack.decoder.path, reason: cause.message }, { cause });
    }
  };
  return { training: await make(true), measuring: await make(false) };
}

/**
 * @param measures false: rows are not measured apart, and one session less is made; `measure` then computes gradients too
 * @param onOpened called after each session
 * @throws FailureError as `openGraph`
 */
export async function openTraining(
  backend: Backend,
  pack: ModelPackage,
  models: TrainingModels,
  measures: boolean,
  onOpened: () => void = () => undefined,
): Promise<TrainingSessions> {
  const open = (model: ModelProto) => openGraph(backend, pack, pack.decoder, model);
  const training = await open(models.training);
  try {
    onOpened();
    const measuring = measures ? await open(models.measuring) : undefined;
    onOpened();
    return {
      train: training.run,
      measure: (measuring ?? training).run,
      release: async () => {
        await training.release();
        await measuring?.release();
      },
    };
  } catch (error) {
    await training.release();
    throw error;
  }
}
