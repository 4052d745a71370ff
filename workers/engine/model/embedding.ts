/**
 * ids → embeddings. Two kinds of decoder: one that takes ids itself, also because the embedding was put in front of it
 * (core/onnx/patch/embed-ids.ts), and one beside an embedding graph with a session of its own.
 */
import type * as Ort from 'onnxruntime-web';
import { gpuTensor, type Backend } from './backend.ts';
import type { GraphSession } from './graph-session.ts';
import type { SessionHandle } from './sessions.ts';

export interface Embedding {
  /** @param ids int64 [1, n] @returns what to feed the decoder; valid until the next call */
  embed(ids: Ort.Tensor): Promise<Record<string, Ort.Tensor>>;
  dispose(): void;
}

/** For a decoder with an input `input_ids`. */
export const passThroughEmbedding: Embedding = {
  embed: (ids) => Promise.resolve({ input_ids: ids }),
  dispose() {},
};

export class SessionEmbedding implements Embedding {
  readonly #backend: Backend;
  readonly #session: SessionHandle<GraphSession>;
  readonly #buffer: GPUBuffer | undefined;
  readonly #hidden: number;

  /** @param longest number of tokens of the longest chunk */
  constructor(backend: Backend, session: SessionHandle<GraphSession>, hidden: number, longest: number) {
    this.#backend = backend;
    this.#session = session;
    this.#hidden = hidden;
    this.#buffer = backend.gpu?.ledger.createBuffer('scratch', {
      label: 'inputs_embeds',
      size: longest * hidden * 4,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
  }

  async embed(ids: Ort.Tensor): Promise<Record<string, Ort.Tensor>> {
    const { session, weights } = this.#session.current;
    const feeds = { input_ids: ids, ...weights.tensors };
    if (this.#buffer) {
      const dims = [1, ids.dims[1] ?? 0, this.#hidden];
      const inputs_embeds = gpuTensor(this.#backend, this.#buffer, 'float32', dims);
      await session.run(feeds, { inputs_embeds });
      return { inputs_embeds };
    }
    const { inputs_embeds } = await session.run(feeds);
    if (!inputs_embeds) throw new TypeError('embed_tokens gave no inputs_embeds');
    return { inputs_embeds };
  }

  /** Frees the buffer; the caller frees the session. */
  dispose(): void {
    this.#buffer?.destroy();
  }
}
