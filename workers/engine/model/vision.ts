/** The vision encoder, in stages between which it can be stopped. */
import type * as Ort from 'onnxruntime-web';
import { gpuTensor, type Backend } from './backend.ts';
import { noWeights, type HeldWeights } from './gpu-weights.ts';
import type { SessionHandle } from './sessions.ts';

export interface VisionStage {
  session: Ort.InferenceSession;
  input: string;
  output: string;
  /** Weights that are on the GPU as long as the session; none if they come for each image. */
  kept: HeldWeights;
  /** Uploads the weights that are not kept, for one run. @throws FailureError, the signal's reason */
  hold(signal: AbortSignal): Promise<HeldWeights>;
}

/** Features of one image on its device: float32 [1, tokens, hidden]. */
export interface ImageFeatures {
  tensor: Ort.Tensor;
  dispose(): void;
}

export class VisionEncoder {
  readonly #backend: Backend;
  readonly #stages: SessionHandle<readonly VisionStage[]>;
  readonly #shape: readonly [tokens: number, hidden: number];

  constructor(
    backend: Backend,
    stages: SessionHandle<readonly VisionStage[]>,
    shape: readonly [tokens: number, hidden: number],
  ) {
    this.#backend = backend;
    this.#stages = stages;
    this.#shape = shape;
  }

  /**
   * @param pixels float32 [3, size, size], normalised
   * @returns undefined when stopped
   */
  async encode(
    pixels: Float32Array<ArrayBuffer>,
    size: number,
    signal: AbortSignal,
    onStage: (done: number, total: number) => void,
  ): Promise<ImageFeatures | undefined> {
    const { gpu, runtime } = this.#backend;
    let value: Ort.Tensor = new runtime.ort.Tensor('float32', pixels, [1, 3, size, size]);
    const work = async (): Promise<ImageFeatures | undefined> => {
      const stages = this.#stages.current;
      for (const [index, stage] of stages.entries()) {
        const { session, input, output, kept } = stage;
        const isLast = index === stages.length - 1;
        const target = isLast ? this.#target() : undefined;
        let next: Ort.Tensor | undefined;
        let own = noWeights;
        try {
          own = await stage.hold(signal);
          const outputs = await this.#backend.guard(
            session.run({ [input]: value, ...kept.tensors, ...own.tensors }, { [output]: target?.tensor ?? null }),
          );
          next = outputs[output];
          // A run returns when its work is queued. Waiting for the GPU keeps progress accurate and lets Stop take effect.
          if (gpu) await this.#backend.guard(gpu.device.queue.onSubmittedWorkDone());
          else await new Promise((resolve) => setTimeout(resolve));
        } catch (error) {
          target?.dispose();
          value.dispose();
          if (signal.aborted) return undefined;
          throw error;
        } finally {
          own.release();
        }
        value.dispose();
        if (!next) throw new TypeError(`the vision encoder gave no ${output}`);
        onStage(index + 1, stages.length);
        if (isLast) return target ?? { tensor: next, dispose: () => next.dispose() };
        if (signal.aborted) {
          next.dispose();
          return undefined;
        }
        value = next;
      }
      return undefined;
    };
    return gpu ? gpu.ledger.during('images', work) : work();
  }

  #target(): ImageFeatures | undefined {
    const { gpu } = this.#backend;
    if (!gpu) return undefined;
    const [tokens, hidden] = this.#shape;
    const buffer = gpu.ledger.createBuffer('images', {
      label: 'image_features',
      size: tokens * hidden * 4,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    return {
      tensor: gpuTensor(this.#backend, buffer, 'float32', [1, tokens, hidden]),
      dispose: () => buffer.destroy(),
    };
  }
}
