/** Finds the rows of a table with the highest cosine similarity to given vectors, in one pass over its blocks. */

export interface NearRow {
  id: number;
  /** Cosine similarity, −1 … 1. */
  similarity: number;
}

export class NearestRows {
  readonly #columns: number;
  readonly #count: number;
  readonly #queries: Query[];
  readonly #products = new Float64Array(3);

  /**
   * @param vectors each [columns]; a zero vector has no direction and gets no neighbours
   * @param count rows to keep for each vector
   */
  constructor(vectors: readonly Float32Array[], columns: number, count: number) {
    for (const vector of vectors)
      if (vector.length !== columns)
        throw new RangeError(`a vector has ${vector.length} values, the rows have ${columns}`);
    this.#columns = columns;
    this.#count = count;
    this.#queries = vectors.map((vector) => ({
      vector,
      norm: norm(vector, 0, columns),
      found: [],
      least: count > 0 ? -Infinity : Infinity,
    }));
  }

  /** @param values [rows, columns] flattened; the first row has id `first`. Rows of zeros are skipped. */
  add(first: number, values: Float32Array): void {
    const columns = this.#columns;
    const products = this.#products;
    const lengths = Float64Array.from({ length: values.length / columns }, (_, row) =>
      norm(values, row * columns, columns),
    );
    for (let q = 0; q < this.#queries.length; q += 3) {
      const queries = this.#queries.slice(q, q + 3);
      // With fewer than three queries left, the first one fills the remaining places.
      const [a, b, c] = [0, 1, 2].map((i) => (queries[i] ?? queries[0]!).vector);
      for (let row = 0; row < lengths.length; row++) {
        const length = lengths[row]!;
        if (length === 0) continue;
        threeProducts(values, row * columns, a!, b!, c!, products);
        for (let i = 0; i < queries.length; i++) {
          const query = queries[i]!;
          const similarity = products[i]! / (length * query.norm);
          // Ids ascend, so on a tie the earlier, lower id is kept. NaN is never greater.
          if (similarity > query.least) this.#keep(query, { id: first + row, similarity });
        }
      }
    }
  }

  /** For each vector its nearest rows, nearest first; ties in order of id. */
  result(): NearRow[][] {
    return this.#queries.map(({ found }) => [...found]);
  }

  #keep(query: Query, row: NearRow): void {
    const { found } = query;
    const at = found.findIndex(({ similarity }) => similarity < row.similarity);
    found.splice(at === -1 ? found.length : at, 0, row);
    if (found.length > this.#count) found.pop();
    if (found.length === this.#count) query.least = found[this.#count - 1]!.similarity;
  }
}

interface Query {
  vector: Float32Array;
  norm: number;
  found: NearRow[];
  /** Similarity that a row must exceed to be kept. */
  least: number;
}

/**
 * Dot products of the row at `begin` with three vectors. Three at once load each number of the row only once; two partial
 * sums per vector shorten the dependency chain of additions.
 */
function threeProducts(
  values: Float32Array,
  begin: number,
  x: Float32Array,
  y: Float32Array,
  z: Float32Array,
  out: Float64Array,
): void {
  let [x0, x1, y0, y1, z0, z1] = [0, 0, 0, 0, 0, 0];
  const even = x.length - (x.length % 2);
  for (let i = 0, j = begin; i < even; i += 2, j += 2) {
    const v0 = values[j]!;
    const v1 = values[j + 1]!;
    x0 += v0 * x[i]!;
    x1 += v1 * x[i + 1]!;
    y0 += v0 * y[i]!;
    y1 += v1 * y[i + 1]!;
    z0 += v0 * z[i]!;
    z1 += v1 * z[i + 1]!;
  }
  const last = even < x.length ? values[begin + even]! : 0;
  out[0] = x0 + x1 + last * (x[even] ?? 0);
  out[1] = y0 + y1 + last * (y[even] ?? 0);
  out[2] = z0 + z1 + last * (z[even] ?? 0);
}

function norm(values: Float32Array, begin: number, length: number): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const end = begin + length;
  const whole = end - (length % 4);
  for (let i = begin; i < whole; i += 4) {
    a += values[i]! * values[i]!;
    b += values[i + 1]! * values[i + 1]!;
    c += values[i + 2]! * values[i + 2]!;
    d += values[i + 3]! * values[i + 3]!;
  }
  for (let i = whole; i < end; i++) a += values[i]! * values[i]!;
  return Math.sqrt(a + b + (c + d));
}
