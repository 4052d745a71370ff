/** The matrices of a model package or of a safetensors file. */
import type { ByteSource } from '#core/bytes.ts';
import { filesOf } from '#core/embedding/rows.ts';
import { findEmbeddingTable } from '#core/embedding/table.ts';
import { findMatrices, floatTable, type MatrixTable } from '#core/gemma3/graph-matrices.ts';
import { canonicalName } from '#core/gemma3/parameters.ts';
import { OnnxError } from '#core/onnx/model.ts';
import { FailureError } from '#core/failure.ts';
import type { WeightsSource } from '#core/protocol/weights.ts';
import { isFloatDtype } from '#core/safetensors/dtype.ts';
import { DTYPE_BYTES, readHeader } from '#core/safetensors/header.ts';
import { readPackage, type GraphSource, type ModelPackage } from '../engine/model/package.ts';
import { openPackage } from '../store/package.ts';
import type { PackageReader, ReadOptions } from '../store/reader.ts';
import { blobSource, realBlob } from '../engine/runtime/blob-source.ts';
import { StoredMatrix } from './matrix.ts';

export interface OpenedWeights {
  name: string;
  /** By canonical name. */
  matrices: ReadonlyMap<string, StoredMatrix>;
}

/** @throws FailureError, SafetensorsError */
export async function openWeights(
  source: WeightsSource,
  progress: NonNullable<ReadOptions['progress']>,
): Promise<OpenedWeights> {
  const opened =
    source.type === 'safetensors'
      ? await openSafetensors(source.name, realBlob(source.name, source.file))
      : await openGraphs(await openPackage(source.source, { progress }), progress);
  if (opened.matrices.size === 0) {
    throw new FailureError('unsupported-package', { file: opened.name, reason: 'no matrix in a supported format' });
  }
  return opened;
}

async function openSafetensors(name: string, file: Blob): Promise<OpenedWeights> {
  const source = blobSource(name, file);
  const { tensors } = await readHeader(source);
  const sources = new Map([[name, source]]);
  const matrices = new Map<string, StoredMatrix>();
  for (const entry of tensors.values()) {
    const { dtype, shape, begin, end } = entry;
    const [rows = 0, columns = 0] = shape;
    if (shape.length !== 2 || rows === 0 || columns === 0 || !isFloatDtype(dtype)) continue;
    const rowBytes = columns * DTYPE_BYTES[dtype];
    const codes = { place: { location: name, offset: begin, length: end - begin }, rowBytes };
    const canonical = canonicalName(entry.name);
    const table: MatrixTable = {
      // Keys of two styles in one file can have the same canonical name.
      name: matrices.has(canonical) ? entry.name : canonical,
      table: floatTable({ rows, columns, dtype, codes }),
      ...{ transposed: false, rows, columns },
    };
    matrices.set(table.name, new StoredMatrix(table, sources));
  }
  return { name, matrices };
}

async function openGraphs(
  reader: PackageReader,
  progress: NonNullable<ReadOptions['progress']>,
): Promise<OpenedWeights> {
  const pack = await readPackage(reader);
  const matrices = new Map<string, StoredMatrix>();
  for (const { graph, tables } of await tablesOf(pack)) {
    const folder = graph.path.slice(0, graph.path.lastIndexOf('/') + 1);
    const sources = new Map<string, ByteSource>();
    for (const file of new Set(tables.flatMap(({ table }) => filesOf(table)))) {
      sources.set(file, blobSource(folder + file, await reader.blob(folder + file, { progress })));
    }
    for (const table of tables) {
      // A tied embedding table is the matrix of the output head.
      if (!matrices.has(table.name)) matrices.set(table.name, new StoredMatrix(table, sources));
    }
  }
  return { name: pack.manifest?.name ?? reader.name, matrices };
}

/** The matrices of each graph. An embedding graph that shares its table with the decoder may not have been fetched. */
async function tablesOf(pack: ModelPackage): Promise<{ graph: GraphSource; tables: MatrixTable[] }[]> {
  const { decoder, embedding, vision, tiedEmbedding } = pack;
  const found = [{ graph: decoder, tables: findMatrices(await decoder.read()) }];
  if (embedding && !tiedEmbedding) found.push({ graph: embedding, tables: await embeddingTables(embedding) });
  if (vision) found.push({ graph: vision, tables: findMatrices(await vision.read()) });
  return found;
}

async function embeddingTables(embedding: GraphSource): Promise<MatrixTable[]> {
  try {
    const table = findEmbeddingTable(await embedding.read());
    const { rows, columns } = table;
    return [{ name: 'model.embed_tokens.weight', table, transposed: false, rows, columns }];
  } catch (error) {
    if (!(error instanceof OnnxError)) throw error;
    // The format of the table is not supported: the other matrices can still be inspected.
    console.warn(`${embedding.path}: ${error.message}`);
    return [];
  }
}
