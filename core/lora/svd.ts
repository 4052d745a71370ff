/** SVD of BA without computing the product, and the best approximation of lower rank (Eckart and Young 1936). */
import type { Adapter, LoraModule } from './adapter.ts';

export interface LowRankSvd {
  /** Singular values of s · BA, largest first; as many as the rank. */
  values: Float64Array;
  /** Left singular vectors as columns, [outputs, rank] row-major. */
  left: Float32Array;
  /** Right singular vectors as rows, [rank, inputs] row-major. */
  right: Float32Array;
}

/** Frobenius norm ‖s · BA‖ = √(s² · tr((BᵀB)(AAᵀ))). */
export function updateNorm({ inputs, outputs, rank, scale, a, b }: LoraModule): number {
  const bb = gram(b, outputs, rank, 'columns');
  const aa = gram(a, rank, inputs, 'rows');
  let trace = 0;
  for (let i = 0; i < rank * rank; i++) trace += (bb[i] ?? 0) * (aa[i] ?? 0);
  return Math.abs(scale) * Math.sqrt(Math.max(0, trace));
}

/** M Mᵀ of [rows, columns] for `rows`, Mᵀ M for `columns`. */
function gram(m: Float32Array, rows: number, columns: number, of: 'rows' | 'columns'): Float64Array {
  const size = of === 'rows' ? rows : columns;
  const length = of === 'rows' ? columns : rows;
  const at =
    of === 'rows'
      ? (i: number, k: number) => m[i * columns + k] ?? 0
      : (i: number, k: number) => m[k * columns + i] ?? 0;
  const out = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = i; j < size; j++) {
      let sum = 0;
      for (let k = 0; k < length; k++) sum += at(i, k) * at(j, k);
      out[i * size + j] = sum;
      out[j * size + i] = sum;
    }
  }
  return out;
}

/**
 * The SVD of s · BA: B = Q₁R₁ and Aᵀ = Q₂R₂ by Gram–Schmidt (twice, Giraud et al. 2005), then that of the small
 * s · R₁R₂ᵀ [rank, rank] by one-sided Jacobi rotations (Hestenes 1958).
 */
export function lowRankSvd({ inputs, outputs, rank, scale, a, b }: LoraModule): LowRankSvd {
  const first = orthonormalize(columnsOf(b, outputs, rank));
  const second = orthonormalize(rowsOf(a, rank, inputs));
  // Column j of the small matrix: Σₖ R₁[·, k] · R₂[j, k].
  const small = Array.from({ length: rank }, (_, j) =>
    Float64Array.from({ length: rank }, (_, i) => {
      let sum = 0;
      for (let k = 0; k < rank; k++) sum += (first.r[k]?.[i] ?? 0) * (second.r[k]?.[j] ?? 0);
      return scale * sum;
    }),
  );
  const { u, values, v } = jacobi(small);
  const left = new Float64Array(outputs * rank);
  const right = new Float64Array(rank * inputs);
  for (let n = 0; n < rank; n++) {
    for (let k = 0; k < rank; k++) {
      const un = u[n]?.[k] ?? 0;
      const vn = v[n]?.[k] ?? 0;
      const [q1, q2] = [first.q[k], second.q[k]];
      if (q1) for (let i = 0; i < outputs; i++) left[i * rank + n] = (left[i * rank + n] ?? 0) + un * (q1[i] ?? 0);
      if (q2) for (let i = 0; i < inputs; i++) right[n * inputs + i] = (right[n * inputs + i] ?? 0) + vn * (q2[i] ?? 0);
    }
  }
  return { values, left: Float32Array.from(left), right: Float32Array.from(right) };
}

/**
 * The closest module of lower rank in the Frobenius norm, or the module itself if `rank` is not lower. Its scale is 1: A and B
 * are each multiplied by the square roots of the singular values.
 */
export function truncate(module: LoraModule, rank: number, svd = lowRankSvd(module)): LoraModule {
  if (!Number.isInteger(rank) || rank < 1) throw new RangeError(`a rank is 1 or more, got ${rank}`);
  if (rank >= module.rank) return module;
  const { inputs, outputs } = module;
  const a = new Float32Array(rank * inputs);
  const b = new Float32Array(outputs * rank);
  for (let n = 0; n < rank; n++) {
    const root = Math.sqrt(svd.values[n] ?? 0);
    for (let i = 0; i < inputs; i++) a[n * inputs + i] = root * (svd.right[n * inputs + i] ?? 0);
    for (let i = 0; i < outputs; i++) b[i * rank + n] = root * (svd.left[i * module.rank + n] ?? 0);
  }
  return { ...module, rank, scale: 1, a, b };
}

/** Truncates every module to at most this rank. @param svds SVDs of the modules, in the same order */
export function truncateAdapter(adapter: Adapter, rank: number, svds: readonly LowRankSvd[]): Adapter {
  return { ...adapter, modules: adapter.modules.map((module, index) => truncate(module, rank, svds[index])) };
}

function columnsOf(m: Float32Array, rows: number, columns: number): Float64Array[] {
  return Array.from({ length: columns }, (_, c) =>
    Float64Array.from({ length: rows }, (_, r) => m[r * columns + c] ?? 0),
  );
}

function rowsOf(m: Float32Array, rows: number, columns: number): Float64Array[] {
  return Array.from({ length: rows }, (_, r) => Float64Array.from(m.subarray(r * columns, (r + 1) * columns)));
}

/** Vectors v₀, v₁, … = Σ q · r: `q` orthonormal, zero for linearly dependent vectors; `r[k]` is column k of R. */
function orthonormalize(vectors: Float64Array[]): { q: Float64Array[]; r: Float64Array[] } {
  const q: Float64Array[] = [];
  const r: Float64Array[] = [];
  for (const [index, vector] of vectors.entries()) {
    const rest = vector.slice();
    const column = new Float64Array(vectors.length);
    const before = Math.sqrt(dot(vector, vector));
    for (let pass = 0; pass < 2; pass++) {
      for (const [k, direction] of q.entries()) {
        const along = dot(direction, rest);
        column[k] = (column[k] ?? 0) + along;
        for (let i = 0; i < rest.length; i++) rest[i] = (rest[i] ?? 0) - along * (direction[i] ?? 0);
      }
    }
    const norm = Math.sqrt(dot(rest, rest));
    const isNew = norm > 1e-12 * before && norm > 0;
    column[index] = isNew ? norm : 0;
    q.push(isNew ? rest.map((value) => value / norm) : new Float64Array(rest.length));
    r.push(column);
  }
  return { q, r };
}

function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i] ?? 0) * (y[i] ?? 0);
  return sum;
}

/** M = Σ values[n] · u[n] v[n]ᵀ for M given by columns; values in descending order. */
function jacobi(columns: Float64Array[]): { u: Float64Array[]; values: Float64Array; v: Float64Array[] } {
  const size = columns.length;
  const work = columns.map((column) => column.slice());
  const rotation = Array.from({ length: size }, (_, i) =>
    Float64Array.from({ length: size }, (_, j) => Number(i === j)),
  );
  for (let sweep = 0; sweep < 60; sweep++) {
    let largest = 0;
    for (let i = 0; i < size; i++) {
      for (let j = i + 1; j < size; j++) {
        const [x, y, vx, vy] = [work[i], work[j], rotation[i], rotation[j]];
        if (!x || !y || !vx || !vy) continue;
        const [xx, yy, xy] = [dot(x, x), dot(y, y), dot(x, y)];
        if (xy === 0 || Math.abs(xy) <= 1e-15 * Math.sqrt(xx * yy)) continue;
        largest = Math.max(largest, Math.abs(xy) / Math.sqrt(xx * yy));
        const zeta = (yy - xx) / (2 * xy);
        const tangent = Math.sign(zeta || 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        const cosine = 1 / Math.sqrt(1 + tangent * tangent);
        rotate(x, y, cosine, cosine * tangent);
        rotate(vx, vy, cosine, cosine * tangent);
      }
    }
    if (largest < 1e-14) break;
  }
  const order = work
    .map((column, at) => ({ at, norm: Math.sqrt(dot(column, column)) }))
    .sort((x, y) => y.norm - x.norm || x.at - y.at);
  return {
    values: Float64Array.from(order, ({ norm }) => norm),
    u: order.map(({ at, norm }) => (work[at] ?? new Float64Array(size)).map((value) => (norm > 0 ? value / norm : 0))),
    v: order.map(({ at }) => rotation[at] ?? new Float64Array(size)),
  };
}

function rotate(x: Float64Array, y: Float64Array, cosine: number, sine: number): void {
  for (let i = 0; i < x.length; i++) {
    const [xi, yi] = [x[i] ?? 0, y[i] ?? 0];
    x[i] = cosine * xi - sine * yi;
    y[i] = sine * xi + cosine * yi;
  }
}
