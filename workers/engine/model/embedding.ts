/**
 * ids → embeddings. Two kinds of decoder: one that takes ids itself, also because the embedding was put in front of it
 * (core/onnx/patch/embed-ids.ts), and one beside an embedding graph with a session of its own.
 */
import type * as Ort from 'onnxruntime-web';
import { gpuTensor, type Backend } from './backend.ts';
import type { GraphSession } from './graph-session.ts';
import type { SessionHandle } from './sessions.ts';

/** Features of an image, float32 [1, tokens, hidden], and the index of their first token. */
export interface PlacedImage {
  at: number;
  features: Ort.Tensor;
}

export interface Embedding {
  /** @param ids int64 [1, n] @returns what to feed the decoder; valid until the next call */
  embed(ids: Ort.Tensor): Promise<Record<string, Ort.Tensor>>;
  /**
   * As `embed`, with the features of images in place of the embeddings at their positions.
   * @param ids int64 [1, n]; at the positions of images any id of the table
   */
  embedWithImages(ids: Ort.Tensor, images: readonly PlacedImage[]): Promise<Record<string, Ort.Tensor>>;
  dispose(): void;
}

/** For a decoder with an input `input_ids`. */
export const passThroughEmbedding: Embedding = {
  embed: (ids) => Promise.resolve({ input_ids: ids }),
  embedWithImages: () => Promise.reject(new TypeError('a decoder that takes ids cannot read images')),
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

  async embedWithImages(ids: Ort.Tensor, images: readonly PlacedImage[]): Promise<Record<string, Ort.Tensor>> {
    const [only] = images;
    if (only && images.length === 1 && only.features.dims[1] === ids.dims[1]) return { inputs_embeds: only.features };
    const embedded = await this.embed(ids);
    if (this.#buffer) this.#copyOnDevice(this.#buffer, images);
    else for (const image of images) copyOnHost(embedded['inputs_embeds'], image);
    return embedded;
  }

  /** Queued behind the run that wrote the buffer and ahead of the one that reads it. */
  #copyOnDevice(buffer: GPUBuffer, images: readonly PlacedImage[]): void {
    const { gpu } = this.#backend;
    if (!gpu) throw new TypeError('a buffer without a GPU');
    const encoder = gpu.device.createCommandEncoder({ label: 'image features' });
    const rowBytes = this.#hidden * 4;
    for (const { at, features } of images)
      encoder.copyBufferToBuffer(features.gpuBuffer, 0, buffer, at * rowBytes, (features.dims[1] ?? 0) * rowBytes);
    gpu.device.queue.submit([encoder.finish()]);
  }

  /** Frees the buffer; the caller frees the session. */
  dispose(): void {
    this.#buffer?.destroy();
  }
}

/** For a decoder that takes ids, and embeddings for chunks with images. */
export class IdsOrImages implements Embedding {
  readonly #embedding: Embedding;

  constructor(embedding: Embedding) {
    this.#embedding = embedding;
  }

  embed(ids: Ort.Tensor): Promise<Record<string, Ort.Tensor>> {
    return passThroughEmbedding.embed(ids);
  }

  embedWithImages(ids: Ort.Tensor, images: readonly PlacedImage[]): Promise<Record<string, Ort.Tensor>> {
    return this.#embedding.embedWithImages(ids, images);
  }

  dispose(): void {
    this.#embedding.dispose();
  }
}

function copyOnHost(embedded: Ort.Tensor | undefined, { at, features }: PlacedImage): void {
  if (!(embedded?.data instanceof Float32Array && features.data instanceof Float32Array))
    throw new TypeError('embeddings and image features must be float32');
  embedded.data.set(features.data, at * (features.dims[2] ?? 0));
}
