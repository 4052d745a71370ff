/** Embeddings of the tokens that rows are made of: each id once, since the table does not train. */
import { FailureError } from '#core/failure.ts';
import { decoderEmbeddingGraph } from '#core/gemma3/decoder-embedding.ts';
import type { TokenEmbeddings } from '#core/lora/training/batch.ts';
import { floatsOf } from '#core/lora/training/run-graph.ts';
import type { Backend } from '../model/backend.ts';
import type { ModelPackage } from '../model/package.ts';
import { openGraph } from './graph-session.ts';

/** @throws FailureError `unsupported-package` for an id beyond the table, and those of `openGraph` */
export async function embedTokens(
  backend: Backend,
  pack: ModelPackage,
  ids: Iterable<number>,
): Promise<TokenEmbeddings> {
  const { hiddenSize: hidden, vocabularySize } = pack.config.text;
  const all = [...new Set(ids)];
  const beyond = all.find((id) => id >= vocabularySize);
  if (beyond !== undefined) {
    const reason = `gives the id ${beyond}, and the vocabulary has ${vocabularySize} rows (vocab_size of config.json): they are not of one model`;
    throw new FailureError('unsupported-package', { file: 'tokenizer.json', reason });
  }
  const source = pack.embedding ?? pack.decoder;
  const read = await source.read();
  const graph = await openGraph(
    backend,
    pack,
    source,
    pack.embedding ? read : decoderEmbeddingGraph(read, pack.config.text),
  );
  try {
    const input = { type: 'int64', data: BigInt64Array.from(all, BigInt), dims: [1, all.length] } as const;
    const rows = floatsOf(await graph.run({ input_ids: input }), 'inputs_embeds').slice();
    const places = new Map(all.map((id, at) => [id, at * hidden]));
    return {
      hidden,
      of(id) {
        const at = places.get(id);
        if (at === undefined) throw new RangeError(`the id ${id} was not embedded`);
        return rows.subarray(at, at + hidden);
      },
    };
  } finally {
    await graph.release();
  }
}
