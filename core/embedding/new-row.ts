/** Embedding rows of tokens that the model has never seen. */
import { Random } from '../sampling/random.ts';

/**
 * - `mean` of the rows of the token's base subwords: bounds the change of the model's predictions (Hewitt, "Initializing New
 *   Word Embeddings for Pretrained Language Models", 2021).
 * - `first` is the first subword's row: tokens with the same first subword get the same row and, with a tied head, the same
 *   logits.
 * - `random` is Hugging Face's default for new rows: normal, mean 0, standard deviation `initializer_range`.
 *
 * `first` and `random` exist for comparison with `mean`.
 */
export type RowInit = 'mean' | 'first' | 'random';

export const ROW_INITS: readonly RowInit[] = ['mean', 'first', 'random'];

/** Standard deviation of random rows if config.json has no `initializer_range`: the default of Gemma3TextConfig. */
export const DEFAULT_INITIALIZER_RANGE = 0.02;

/**
 * Row of a new token, [columns].
 *
 * @param subwords rows of its base subwords, in their order; a subword that occurs twice counts twice
 * @param id id of the new token; it seeds a random row, so that the same token always gets the same row
 * @param initializerRange standard deviation of a random row
 * @throws RangeError without subwords
 */
export function newRow(
  init: RowInit,
  subwords: readonly Float32Array[],
  id: number,
  initializerRange: number,
): Float32Array {
  const [first] = subwords;
  if (!first) throw new RangeError(`token ${id} has no subwords`);
  if (init === 'random') return normals(id, first.length, initializerRange);
  return init === 'first' ? first.slice() : mean(subwords, first.length);
}

/** Summed in float64, rounded to float32 once. */
function mean(rows: readonly Float32Array[], columns: number): Float32Array {
  const sum = new Float64Array(columns);
  for (const row of rows) for (let i = 0; i < columns; i++) sum[i] = (sum[i] ?? 0) + (row[i] ?? NaN);
  const mean = new Float32Array(columns);
  for (let column = 0; column < columns; column++) mean[column] = (sum[column] ?? NaN) / rows.length;
  return mean;
}

/** Box and Muller 1958. */
function normals(seed: number, count: number, deviation: number): Float32Array {
  const random = Random.fromSeed(seed);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    // 1 − u is never 0, whose logarithm would be infinite.
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - random.uniform()));
    const angle = 2 * Math.PI * random.uniform();
    values[i] = radius * Math.cos(angle);
    if (i + 1 < count) values[i + 1] = radius * Math.sin(angle);
  }
  return values;
}
