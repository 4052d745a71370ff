/** A search that sorts everything, over the bytes of a package as they were fetched. */
import { newRow } from '#core/embedding/new-row.ts';
import { EmbeddingRows, filesOf } from '#core/embedding/rows.ts';
import { findEmbeddingTable } from '#core/embedding/table.ts';
import { MemorySource } from '#core/memory-source.ts';
import { readModel } from '#core/onnx/model.ts';
import type { NearestRequest, NewTokenPlace } from '#core/protocol/nearest.ts';
import { packageUrl } from './model.ts';

/** @returns how many neighbours were compared; they are the same */
export async function parity(name: string, request: NearestRequest, found: readonly NewTokenPlace[]): Promise<number> {
  const bytes = async (file: string) => {
    const response = await fetch(`${packageUrl(name)}onnx/${file}`);
    return new Uint8Array(await response.arrayBuffer());
  };
  const graph = name === 'text-only' ? 'model_q4.onnx' : 'embed_tokens_q4.onnx';
  const table = findEmbeddingTable(readModel(await bytes(graph)));
  const sources = new Map<string, MemorySource>();
  for (const file of filesOf(table)) sources.set(file, new MemorySource(file, await bytes(file)));
  const rows = await new EmbeddingRows(table, sources).rows(Array.from({ length: table.rows }, (_, id) => id));
  let compared = 0;
  for (const [index, { subwords, places }] of found.entries())
    for (const { init, nearest } of places) {
      const own = subwords.map(({ id }) => rows[id] ?? new Float32Array());
      const vector = newRow(init, own, request.tokens[index]?.id ?? NaN, 0.02);
      const all = rows
        .map((row, id) => ({ id, similarity: cosine(row, vector) }))
        .sort((a, b) => b.similarity - a.similarity)
        .slice(0, request.count);
      if (nearest.length !== all.length) throw new Error(`${nearest.length} neighbours, not ${all.length}`);
      for (const [place, { id, similarity }] of nearest.entries()) {
        const other = all[place];
        if (other?.id !== id || Math.abs(other.similarity - similarity) > 1e-9)
          throw new Error(
            `${init}, place ${place}: ${id} at ${similarity}, by hand ${other?.id} at ${other?.similarity}`,
          );
        compared++;
      }
    }
  return compared;
}

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * (y[i] ?? NaN), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
