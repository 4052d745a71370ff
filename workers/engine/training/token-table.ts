/** Embeddings of tokens, computed when they are first needed: each id once, since the table does not train. */
import { FailureError } from '#core/failure.ts';
import { decoderEmbeddingGraph } from '#core/gemma3/decoder-embedding.ts';
import type { TokenEmbeddings } from '#core/lora/training/batch.ts';
import { floatsOf } from '#core/lora/training/run-graph.ts';
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import type { Backend } from '../model/backend.ts';
import type { ModelPackage } from '../model/package.ts';
import { openGraph, type RunnableGraph } from './graph-session.ts';

export class TokenTable implements TokenEmbeddings {
  readonly hidden: number;
  readonly #vocabularySize: number;
  readonly #graph: RunnableGraph;
  readonly #rows = new Map<number, Float32Array>();

  private constructor(graph: RunnableGraph, { config: { text } }: ModelPackage) {
    this.#graph = graph;
    this.hidden = text.hiddenSize;
    this.#vocabularySize = text.vocabularySize;
  }

  /** @throws FailureError as `openGraph` */
  static async open(backend: Backend, pack: ModelPackage): Promise<TokenTable> {
    const graph = await openGraph(backend, pack, pack.embedding ?? pack.decoder, await embeddingModel(pack));
    return new TokenTable(graph, pack);
  }

  /** @throws FailureError `unsupported-package` for an id beyond the table */
  async add(ids: Iterable<number>): Promise<void> {
    const fresh = [...new Set(ids)].filter((id) => !this.#rows.has(id));
    if (fresh.length === 0) return;
    const beyond = fresh.find((id) => id >= this.#vocabularySize);
    if (beyond !== undefined) {
      const reason = `gives the id ${beyond}, and the vocabulary has ${this.#vocabularySize} rows (vocab_size of config.json): they are not of one model`;
      throw new FailureError('unsupported-package', { file: 'tokenizer.json', reason });
    }
    const input = { type: 'int64', data: BigInt64Array.from(fresh, BigInt), dims: [1, fresh.length] } as const;
    const values = floatsOf(await this.#graph.run({ input_ids: input }), 'inputs_embeds').slice();
    for (const [at, id] of fresh.entries())
      this.#rows.set(id, values.subarray(at * this.hidden, (at + 1) * this.hidden));
  }

  of(id: number): Float32Array {
    const row = this.#rows.get(id);
    if (!row) throw new RangeError(`the id ${id} was not embedded`);
    return row;
  }

  /** Frees the session; what was embedded stays. */
  release(): Promise<void> {
    return this.#graph.release();
  }
}

/** input_ids int64 [1, n] → inputs_embeds float32 [1, n, hidden]. Reads no weights. */
export async function embeddingModel({ embedding, decoder, config }: ModelPackage): Promise<ModelProto> {
  return embedding ? embedding.read() : decoderEmbeddingGraph(await decoder.read(), config.text);
}

/** Embeddings of these ids and no others. @throws FailureError as `TokenTable` */
export async function embedTokens(
  backend: Backend,
  pack: ModelPackage,
  ids: Iterable<number>,
): Promise<TokenEmbeddings> {
  const table = await TokenTable.open(backend, pack);
  try {
    await table.add(ids);
    return table;
  } finally {
    await table.release();
  }
}
