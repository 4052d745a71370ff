/** The decoder's session, and how to make another in its place from the same package. */
import type * as Ort from 'onnxruntime-web';
import type { Projection } from '#core/gemma3/projections.ts';
import type { Backend } from './backend.ts';
import { patchDecoder, type DecoderGraph, type DecoderPatches } from './decoderGraph.ts';
import { canBeStatic, kvInputs } from './kvCache.ts';
import type { ModelPackage } from './package.ts';
import { createSession, sourceOf } from './session.ts';
import { readProgress } from './weightBytes.ts';

export class DecoderSession {
  /** Name of the graph, for messages. */
  readonly path: string;
  readonly #pack: ModelPackage;
  readonly #backend: Backend;
  readonly #patches: DecoderPatches;
  #session: Ort.InferenceSession | undefined;

  constructor(pack: ModelPackage, backend: Backend, patches: DecoderPatches) {
    this.path = pack.decoder.path;
    this.#pack = pack;
    this.#backend = backend;
    this.#patches = patches;
  }

  /** @throws TypeError where there is none: the last one could not be made, or was released */
  get current(): Ort.InferenceSession {
    if (!this.#session) throw new TypeError('the decoder has no session');
    return this.#session;
  }

  /** The package's graph, patched, with slots beside the products of `targets`; no weights are read. */
  async graph(targets: readonly Projection[]): Promise<DecoderGraph> {
    return patchDecoder(await this.#pack.decoder.read(), this.#pack, this.#backend, this.#patches, targets);
  }

  /**
   * Makes the session of a graph. The one before is released first: the device need not hold the weights twice.
   * @throws FailureError `runtime`; there is no session then
   */
  async make(
    { model }: DecoderGraph,
    onProgress: (doneBytes: number, totalBytes: number) => void,
  ): Promise<Ort.InferenceSession> {
    await this.release();
    this.#session = await createSession(this.#backend, sourceOf(this.#pack, this.#pack.decoder, model), {
      outputsOnGpu: isStatic(this.#backend, model) ? [] : kvInputs(model).map(({ present }) => present),
      onRead: readProgress(model, onProgress),
    });
    return this.#session;
  }

  async release(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.release();
  }
}

/** Whether the KV cache stands in buffers of ours. */
export function isStatic(backend: Backend, model: DecoderGraph['model']): boolean {
  return backend.gpu !== undefined && canBeStatic(model);
}
