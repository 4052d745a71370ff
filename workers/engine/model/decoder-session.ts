/** The decoder's sessions, which can be replaced by others from the same package. */
import type { Projection } from '#core/gemma3/projections.ts';
import type { Backend } from './backend.ts';
import { readDecoder, type ContextSize, type DecoderGraph, type PatchedGraph } from './decoder-graph.ts';
import type { GpuWeights } from './gpu-weights.ts';
import { makeGraphSession, releaseGraphSession, type GraphSession } from './graph-session.ts';
import { canBeStatic, kvInputs } from './kv-cache.ts';
import type { ModelPackage } from './package.ts';
import { sourceOf } from './session.ts';
import type { ModelSessions, OnProgress, ReplaceableSession, SessionFactory } from './sessions.ts';
import { externalBytes, initializerBytes, sharedBytes } from './weight-bytes.ts';

/** The sessions of a DecoderGraph. */
export interface DecoderSessions {
  text: GraphSession;
  image: GraphSession | undefined;
}

export class DecoderSession {
  /** Name of the graph, for messages. */
  readonly path: string;
  readonly #pack: ModelPackage;
  readonly #backend: Backend;
  readonly #weights: GpuWeights;
  readonly #size: ContextSize;
  readonly #sessions: ModelSessions;
  #live: ReplaceableSession<DecoderSessions> | undefined;
  /** Weights that the sessions hold themselves. */
  #ownBytes = 0;

  constructor(pack: ModelPackage, backend: Backend, weights: GpuWeights, size: ContextSize, sessions: ModelSessions) {
    this.path = pack.decoder.path;
    this.#pack = pack;
    this.#backend = backend;
    this.#weights = weights;
    this.#size = size;
    this.#sessions = sessions;
  }

  /** @throws TypeError if there is no session: creating it failed, or it was released */
  get current(): DecoderSessions {
    if (!this.#live) throw new TypeError('the decoder has no session');
    return this.#live.current;
  }

  /** Where the weights of a graph of `graph` are. */
  source(model: PatchedGraph['model']) {
    return sourceOf(this.#pack, this.#pack.decoder, model);
  }

  /** The package's graph, patched, with LoRA branches at the projections `targets`; no weights are read. */
  async graph(targets: readonly Projection[]): Promise<DecoderGraph> {
    return readDecoder(this.#pack, this.#backend, this.#size, targets);
  }

  /**
   * Creates the sessions of a graph and replaces the previous ones.
   * @throws FailureError `runtime`, `out-of-memory`, `file-broken`; there may be no session then
   */
  async make(graph: DecoderGraph, signal: AbortSignal, onProgress: OnProgress): Promise<DecoderSessions> {
    const graphs = graph.image ? [graph.text, graph.image] : [graph.text];
    const ownBytes = graphs.reduce((sum, { model }) => sum + initializerBytes(model), 0);
    const bytes = graphs.reduce((sum, { model, shared }) => sum + externalBytes(model) + sharedBytes(shared), 0);
    const factory = this.#factory(graph, bytes, signal);
    if (this.#live) await this.#live.replace(factory, this.#ownBytes, onProgress);
    else this.#live = await this.#sessions.add(factory, onProgress);
    this.#ownBytes = ownBytes;
    return this.current;
  }

  #factory({ text, image }: DecoderGraph, bytes: number, signal: AbortSignal): SessionFactory<DecoderSessions> {
    return {
      bytes,
      release: async (made) => {
        await releaseGraphSession(made.text);
        if (made.image) await releaseGraphSession(made.image);
      },
      make: async (onRead) => {
        const first = await this.#session(text, signal, onRead);
        try {
          return { text: first, image: image && (await this.#session(image, signal, onRead)) };
        } catch (error) {
          await releaseGraphSession(first).catch(() => undefined);
          throw error;
        }
      },
    };
  }

  #session({ model, shared }: PatchedGraph, signal: AbortSignal, onRead: (bytes: number) => void) {
    return makeGraphSession(this.#backend, this.#weights, this.source(model), shared, signal, {
      outputsOnGpu: isStatic(this.#backend, model) ? [] : kvInputs(model).map(({ present }) => present),
      onRead,
    });
  }
}

/** True if the KV cache is kept in our own GPU buffers. */
export function isStatic(backend: Backend, model: PatchedGraph['model']): boolean {
  return backend.gpu !== undefined && canBeStatic(model);
}
