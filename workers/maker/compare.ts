/** Reads rows of finished matrices back out of the package and compares them with the checkpoint's. */
import type { CheckpointTensor } from '#core/gemma3/checkpoint.ts';
import { matrixShape } from '#core/gemma3/matrix-rows.ts';
import { MODEL_PARTS, partOf, type ModelPart } from '#core/gemma3/parts.ts';
import type { PackageFile } from '#core/protocol/engine.ts';
import type { PartComparison } from '#core/protocol/maker.ts';
import { decodeFloats } from '#core/safetensors/dtype.ts';
import { DTYPE_BYTES } from '#core/safetensors/header.ts';
import { addLora } from '#core/lora/merge.ts';
import { openWeights } from '../weights/open.ts';
import type { StoredMatrix } from '../weights/matrix.ts';

/** The checkpoint has it by its columns: its rows are not together in the file. */
const PROJECTOR = 'multi_modal_projector.mm_input_projection_weight';
/** Matrices of each part: the first, one in the middle, the last. */
const MATRICES = 3;
/** Weights of each matrix that are read, whole rows from the beginning. */
const WEIGHTS = 2 ** 18;
/** A matrix that is stored by its columns is read whole. */
const MAX_TRANSPOSED = 2 ** 26;

/** @param files of the package @throws FailureError, SafetensorsError; the signal's reason */
export async function comparePackage(
  name: string,
  files: readonly PackageFile[],
  tensors: ReadonlyMap<string, CheckpointTensor>,
  signal: AbortSignal,
): Promise<PartComparison[]> {
  const { matrices } = await openWeights({ type: 'package', source: { type: 'files', name, files } }, () => undefined);
  const found: PartComparison[] = [];
  for (const part of MODEL_PARTS) {
    const comparison = await comparePart(part, matrices, tensors, signal);
    if (comparison) found.push(comparison);
  }
  return found;
}

async function comparePart(
  part: ModelPart,
  matrices: ReadonlyMap<string, StoredMatrix>,
  tensors: ReadonlyMap<string, CheckpointTensor>,
  signal: AbortSignal,
): Promise<PartComparison | undefined> {
  const names = [...matrices.keys()].filter((each) => partOf(each) === part && sourceOf(each, tensors) !== undefined);
  const chosen = new Set([names[0], names[Math.floor(names.length / 2)], names.at(-1)].slice(0, MATRICES));
  let [rows, wanted, errors] = [0, 0, 0];
  for (const name of chosen) {
    signal.throwIfAborted();
    const matrix = matrices.get(name ?? '');
    const tensor = sourceOf(name ?? '', tensors);
    if (!matrix || !tensor) continue;
    const { columns } = matrix.info;
    const most = name === PROJECTOR ? matrix.info.rows : Math.min(rowsAtSource(tensor), matrix.info.rows);
    const count = Math.max(1, Math.min(most, Math.floor(WEIGHTS / columns)));
    const original = await sourceRows(tensor, count, columns, name === PROJECTOR);
    const stored = await matrix.values(storedLimit(matrix, count));
    for (const [at, value] of original.entries()) {
      wanted += value * value;
      errors += (value - (stored[at] ?? NaN)) ** 2;
    }
    rows += count;
  }
  if (rows === 0) return undefined;
  const snrDecibels = errors === 0 ? Infinity : 10 * Math.log10(wanted / errors);
  return { part, matrices: [...chosen].filter((each) => each !== undefined), rows, snrDecibels };
}

/** The tied output head of a package is the embedding of the checkpoint. */
function sourceOf(name: string, tensors: ReadonlyMap<string, CheckpointTensor>): CheckpointTensor | undefined {
  return tensors.get(name) ?? (name === 'lm_head.weight' ? tensors.get('model.embed_tokens.weight') : undefined);
}

/** New rows begin where those of the file end, or before: only the ones before are the file's. */
function rowsAtSource({ entry, newRows }: CheckpointTensor): number {
  const { rows } = matrixShape(entry.shape);
  return Math.min(rows, newRows?.first ?? rows);
}

function storedLimit({ info }: StoredMatrix, count: number): number {
  // Blocks pad the columns: a row more makes up for what they take.
  return info.stored.startsWith('q') ? (count + 1) * (info.columns + 256) : MAX_TRANSPOSED;
}

async function sourceRows(
  { source, entry, adapter }: CheckpointTensor,
  count: number,
  columns: number,
  isTransposed: boolean,
): Promise<Float32Array> {
  const own = matrixShape(entry.shape);
  const bytes = DTYPE_BYTES[entry.dtype];
  if (!isTransposed) {
    const values = decodeFloats(await source.read(entry.begin, count * columns * bytes), entry.dtype);
    if (adapter) addLora(values, adapter.module, adapter.strength, 0);
    return values;
  }
  const all = decodeFloats(await source.read(entry.begin, own.rows * own.columns * bytes), entry.dtype);
  if (adapter) addLora(all, adapter.module, adapter.strength, 0);
  return Float32Array.from({ length: count * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    return all[column * own.columns + row] ?? NaN;
  });
}
