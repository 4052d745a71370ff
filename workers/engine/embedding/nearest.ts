/** The job behind `nearestTokens`. */
import type { ChatTokenizer } from '#core/chat/tokenizer.ts';
import { NearestRows } from '#core/embedding/nearest.ts';
import { DEFAULT_INITIALIZER_RANGE, newRow } from '#core/embedding/new-row.ts';
import type { EmbeddingRows } from '#core/embedding/rows.ts';
import { FailureError } from '#core/failure.ts';
import type { NearestRequest, NewToken, NewTokenPlace } from '#core/protocol/nearest.ts';
import type { ModelPackage } from '../model/package.ts';
import { openTable } from './table.ts';

/** @throws FailureError; the signal's reason between two blocks of rows */
export async function findNearest(
  pack: ModelPackage,
  tokenizer: ChatTokenizer,
  request: NearestRequest,
  signal: AbortSignal,
  onProgress: (doneRows: number, totalRows: number) => void,
): Promise<NewTokenPlace[]> {
  const { rows, initializerRange = DEFAULT_INITIALIZER_RANGE } = await openTable(pack, signal);
  const subwords = request.tokens.map((token) => subwordsOf(token, tokenizer, rows.table.rows));
  const vectors: Float32Array[] = [];
  for (const [index, token] of request.tokens.entries()) {
    const own = await rows.rows(subwords[index] ?? []);
    if (own.length > 0) for (const init of request.inits) vectors.push(newRow(init, own, token.id, initializerRange));
  }
  const search = new NearestRows(vectors, rows.table.columns, request.count);
  if (vectors.length > 0) await searchAll(rows, search, signal, onProgress);

  const found = search.result().values();
  return subwords.map((ids) => ({
    subwords: ids.map((id) => ({ id, piece: tokenizer.tokenOf(id) })),
    places:
      ids.length === 0
        ? []
        : request.inits.map((init) => ({
            init,
            nearest: (found.next().value ?? []).map((near) => ({ ...near, piece: tokenizer.tokenOf(near.id) })),
          })),
  }));
}

async function searchAll(
  rows: EmbeddingRows,
  search: NearestRows,
  signal: AbortSignal,
  onProgress: (doneRows: number, totalRows: number) => void,
): Promise<void> {
  const { rows: total, columns } = rows.table;
  // Reading a block from a Blob is asynchronous, so the worker can receive a Stop meanwhile.
  for await (const { first, values } of rows.blocks()) {
    signal.throwIfAborted();
    search.add(first, values);
    onProgress(first + values.length / columns, total);
  }
}

/** @throws FailureError `file-broken` for an id that the table has no row for */
function subwordsOf({ text, subwords }: NewToken, tokenizer: ChatTokenizer, rows: number): readonly number[] {
  const ids = subwords ?? tokenizer.encode(text, { special: false });
  for (const id of ids)
    if (!Number.isInteger(id) || id < 0 || id >= rows)
      throw new FailureError('file-broken', { file: 'tokenizer.json', reason: `id ${id}, embedding rows ${rows}` });
  return ids;
}
