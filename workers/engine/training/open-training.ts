/** The sessions that a training run needs over a package. */
import { trainingGraph } from '#core/gemma3/training-graph.ts';
import type { LoraLayout } from '#core/lora/training/parameters.ts';
import type { RunGraph } from '#core/lora/training/run-graph.ts';
import { FailureError } from '#core/failure.ts';
import { OnnxError } from '#core/onnx/model.ts';
import type { Backend } from '../model/backend.ts';
import type { ModelPackage } from '../model/package.ts';
import { openGraph, type RunnableGraph } from './graph-session.ts';

export interface TrainingSessions {
  /** Loss and gradients. */
  train: RunGraph;
  /** The loss alone. */
  measure: RunGraph;
  release(): Promise<void>;
}

/**
 * @param positions of the longest row
 * @param measures false: rows are not measured apart, and one session less is made; `measure` then computes gradients too
 * @throws FailureError `unsupported-package` if the decoder cannot be trained, and those of `openGraph`
 */
export async function openTraining(
  backend: Backend,
  pack: ModelPackage,
  layout: LoraLayout,
  positions: number,
  measures: boolean,
): Promise<TrainingSessions> {
  const open = async (withGradients: boolean): Promise<RunnableGraph> => {
    const decoder = await pack.decoder.read();
    return openGraph(
      backend,
      pack,
      pack.decoder,
      graphOf(() => trainingGraph(decoder, pack.config.text, { layout, positions, withGradients })),
    );
  };
  const graphOf = <T>(make: () => T): T => {
    try {
      return make();
    } catch (cause) {
      if (!(cause instanceof OnnxError)) throw cause;
      throw new FailureError('unsupported-package', { file: pack.decoder.path, reason: cause.message }, { cause });
    }
  };
  const training = await open(true);
  try {
    const measuring = measures ? await open(false) : undefined;
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
