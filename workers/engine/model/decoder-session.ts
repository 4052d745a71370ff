/** The decoder's session, which can be replaced by another one from the same package. */
import type * as Ort from 'onnxruntime-web';
import type { Projection } from '#core/gemma3/projections.ts';
import type { Backend } from './backend.ts';
import { patchDecoder, type DecoderGraph, type DecoderPatches } from './decoder-graph.ts';
import { canBeStatic, kvInputs } from './kv-cache.ts';
import type { ModelPackage } from './package.ts';
import { createSession, sourceOf } from './session.ts';
import type { ModelSessions, OnProgress, SessionFactory, ReplaceableSession } from './sessions.ts';
import { externalBytes } from './weight-bytes.ts';

export class DecoderSession {
  /** Name of the graph, for messages. */
  readonly path: string;
  readonly #pack: ModelPackage;
  readonly #backend: Backend;
  readonly #patches: DecoderPatches;
  readonly #sessions: ModelSessions;
  #live: ReplaceableSession<Ort.InferenceSession> | undefined;

  constructor(pack: ModelPackage, backend: Backend, patches: DecoderPatches, sessions: ModelSessions) {
    this.path = pack.decoder.path;
    this.#pack = pack;
    this.#backend = backend;
    this.#patches = patches;
    this.#sessions = sessions;
  }

  /** @throws TypeError if there is no session: creating it failed, or it was released */
  get current(): Ort.InferenceSession {
    if (!this.#live) throw new TypeError('the decoder has no session');
    return this.#live.current;
  }

  /** The package's graph, patched, with LoRA branches at the projections `targets`; no weights are read. */
  async graph(targets: readonly Projection[]): Promise<DecoderGraph> {
    return patchDecoder(await this.#pack.decoder.read(), this.#pack, this.#backend, this.#patches, targets);
  }

  /**
   * Creates the session of a graph and replaces the previous one.
   * @throws FailureError `runtime`; there is no session then
   */
  async make(graph: DecoderGraph, onProgress: OnProgress): Promise<Ort.InferenceSession> {
    const factory = this.#factory(graph);
    if (this.#live) await this.#live.replace(factory, onProgress);
    else this.#live = await this.#sessions.add(factory, onProgress);
    return this.current;
  }

  #factory({ model }: DecoderGraph): SessionFactory<Ort.InferenceSession> {
    return {
      bytes: externalBytes(model),
      sessions: (session) => [session],
      make: (onRead) =>
        createSession(this.#backend, sourceOf(this.#pack, this.#pack.decoder, model), {
          outputsOnGpu: isStatic(this.#backend, model) ? [] : kvInputs(model).map(({ present }) => present),
          onRead,
        }),
    };
  }
}

/** True if the KV cache is kept in our own GPU buffers. */
export function isStatic(backend: Backend, model: DecoderGraph['model']): boolean {
  return backend.gpu !== undefined && canBeStatic(model);
}
