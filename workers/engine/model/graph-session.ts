/** A session with its weights: some in buffers of ours, the rest in the session. */
import type * as Ort from 'onnxruntime-web';
import type { SharedInput } from '#core/onnx/patch/share-initializers.ts';
import type { Backend } from './backend.ts';
import type { GpuWeights, HeldWeights } from './gpu-weights.ts';
import { createSession, type SessionSource } from './session.ts';

/** A session, and what every run of it is fed. */
export interface GraphSession {
  session: Ort.InferenceSession;
  inputs: ReadonlySet<string>;
  weights: HeldWeights;
}

/**
 * Uploads the shared weights of a graph and creates its session.
 * @throws FailureError; nothing is left on the device then
 */
export async function makeGraphSession(
  backend: Backend,
  weights: GpuWeights,
  source: SessionSource,
  shared: readonly SharedInput[],
  signal: AbortSignal,
  options: { outputsOnGpu?: readonly string[]; onRead: (bytes: number) => void },
): Promise<GraphSession> {
  const held = await weights.hold(source, shared, signal, options.onRead);
  try {
    const session = await createSession(backend, source, options);
    return { session, inputs: new Set(session.inputNames), weights: held };
  } catch (error) {
    held.release();
    throw error;
  }
}

export async function releaseGraphSession({ session, weights }: GraphSession): Promise<void> {
  weights.release();
  await session.release();
}
