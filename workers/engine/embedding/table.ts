/** The embedding table of an opened package, read from its files without the runtime. */
import type { ByteSource } from '#core/bytes.ts';
import { filesOf, EmbeddingRows } from '#core/embedding/rows.ts';
import { findEmbeddingTable } from '#core/embedding/table.ts';
import { parseInitializerRange } from '#core/gemma3/generation-config.ts';
import { OnnxError } from '#core/onnx/model.ts';
import { FailureError } from '#core/failure.ts';
import { readJson } from '../../store/reader.ts';
import type { ModelPackage } from '../model/package.ts';
import { blobSource } from '../runtime/blob-source.ts';

/**
 * @returns the rows, and the standard deviation with which Hugging Face initializes random rows of this model
 * @throws FailureError `embedding-unreadable`, and what the reader of the package throws
 */
export async function openTable(
  pack: ModelPackage,
  signal: AbortSignal,
): Promise<{ rows: EmbeddingRows; initializerRange: number | undefined }> {
  // A decoder that takes ids contains the table. A tied table is read from the decoder's files, which are fetched already.
  const graph = pack.embedding ?? pack.decoder;
  const bytes = pack.tiedEmbedding ? pack.decoder : graph;
  const model = await graph.read();
  const weights = bytes === graph ? model : await bytes.read();
  const folder = bytes.path.slice(0, bytes.path.lastIndexOf('/') + 1);
  try {
    const table = findEmbeddingTable(model, weights);
    const sources = new Map<string, ByteSource>();
    for (const file of filesOf(table)) {
      const path = folder + file;
      // Overrides the progress callback that the reader is bound to: it belongs to the job that opened the package.
      sources.set(file, blobSource(path, await pack.reader.blob(path, { signal, progress: () => undefined })));
    }
    const initializerRange = parseInitializerRange(await readJson(pack.reader, 'config.json'));
    return { rows: new EmbeddingRows(table, sources), initializerRange };
  } catch (cause) {
    if (!(cause instanceof OnnxError)) throw cause;
    throw new FailureError('embedding-unreadable', { file: graph.path, reason: cause.message }, { cause });
  }
}
