import { describe, expect, test } from 'vitest';
import { NearestRows } from '#core/embedding/nearest.ts';
import { EmbeddingRows } from '#core/embedding/rows.ts';
import type { EmbeddingTable } from '#core/embedding/table.ts';
import { bytesOf } from '#core/onnx/builder.ts';
import { Random } from '#core/sampling/random.ts';

function randomValues(seed: number, length: number): Float32Array<ArrayBuffer> {
  const random = Random.fromSeed(seed);
  return Float32Array.from({ length }, () => random.uniform() - 0.5);
}

function floatTable(values: Float32Array<ArrayBuffer>, columns: number): EmbeddingRows {
  const table: EmbeddingTable = {
    rows: values.length / columns,
    columns,
    format: { type: 'floats', dtype: 'F32' },
    codes: { place: bytesOf(values), rowBytes: columns * 4 },
    scales: undefined,
    zeroPoints: undefined,
  };
  return new EmbeddingRows(table, new Map());
}

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * (y[i] ?? NaN), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

async function search(values: Float32Array<ArrayBuffer>, columns: number, vectors: Float32Array[], count: number) {
  const nearest = new NearestRows(vectors, columns, count);
  let blocks = 0;
  for await (const block of floatTable(values, columns).blocks()) {
    nearest.add(block.first, block.values);
    blocks++;
  }
  return { blocks, result: nearest.result() };
}

describe('the nearest rows', () => {
  // Widths that are no multiple of what is summed at once, and any number of vectors.
  test.each([
    [1, 33, 1],
    [2, 64, 4],
    [3, 35, 5],
    [4, 1, 2],
  ])('are those of a search by hand: %d vectors of %d', async (vectorCount, columns, count) => {
    const values = randomValues(columns, 200 * columns);
    const vectors = Array.from({ length: vectorCount }, (_, i) => randomValues(i, columns));
    const { result } = await search(values, columns, vectors, count);
    expect(result).toHaveLength(vectorCount);
    vectors.forEach((vector, i) => {
      const all = Array.from({ length: 200 }, (_, id) => ({
        id,
        similarity: cosine(values.subarray(id * columns, (id + 1) * columns), vector),
      }));
      const expected = all.sort((a, b) => b.similarity - a.similarity || a.id - b.id).slice(0, count);
      result[i]?.forEach(({ similarity }, place) =>
        expect(similarity).toBeCloseTo(expected[place]?.similarity ?? NaN, 10),
      );
      if (columns > 1) expect(result[i]?.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
    });
  });

  test('are found across blocks, with the right ids', async () => {
    // Blocks are of 2 MiB: 1,024 rows of 512.
    const columns = 512;
    const values = randomValues(5, 2500 * columns);
    const ids = [0, 1023, 1024, 2047, 2048, 2499];
    const vectors = ids.map((id) => values.slice(id * columns, (id + 1) * columns));
    const { blocks, result } = await search(values, columns, vectors, 1);
    expect(blocks).toBe(3);
    expect(result.map(([nearest]) => nearest?.id)).toEqual(ids);
    for (const [nearest] of result) expect(nearest?.similarity).toBeCloseTo(1, 12);
  });

  test('the lowest id first among equals, and no rows of zeros', async () => {
    const row = [3, 4];
    const { result } = await search(
      Float32Array.from([0, 0, ...row, -3, -4, ...row, ...row]),
      2,
      [Float32Array.from(row)],
      4,
    );
    expect(result[0]?.map(({ id }) => id)).toEqual([1, 3, 4, 2]);
    expect(result[0]?.at(-1)?.similarity).toBeCloseTo(-1, 12);
  });

  test('of a vector of zeros, of none, and of none asked for are none', async () => {
    const values = randomValues(1, 30);
    expect((await search(values, 3, [new Float32Array(3)], 2)).result).toEqual([[]]);
    expect((await search(values, 3, [], 2)).result).toEqual([]);
    expect((await search(values, 3, [randomValues(2, 3)], 0)).result).toEqual([[]]);
  });

  test('are not looked for with a vector of another width', () => {
    expect(() => new NearestRows([new Float32Array(3)], 4, 1)).toThrow('a vector has 3 values, the rows have 4');
  });
});
