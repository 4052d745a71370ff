/** The backward nodes of every operator against differences of its forward nodes, for shapes and numbers of chance. */
import * as fc from 'fast-check';
import { describe, it } from 'vitest';
import { bytesOf, type GraphBuilder } from '#core/onnx/builder.ts';
import { attention } from '#core/onnx/gradients/attention.ts';
import { crossEntropy } from '#core/onnx/gradients/cross-entropy.ts';
import { blockMatrix, tableMatrix, transposedMatrix } from '#core/onnx/gradients/frozen-matrix.ts';
import { geglu } from '#core/onnx/gradients/geglu.ts';
import { linear } from '#core/onnx/gradients/linear.ts';
import { rmsNorm } from '#core/onnx/gradients/rms-norm.ts';
import { rotary } from '#core/onnx/gradients/rotary.ts';
import { add, gatherRows, reshape } from '#core/onnx/gradients/shape.ts';
import { ropeTables } from '#core/gemma3/linear.ts';
import { quantize } from '#core/quant/matrix.ts';
import { packCodes, packZeroPoints } from '#core/quant/pack.ts';
import { checkGradients, random } from './numeric.ts';

const seed = fc.nat(1_000_000);
const few = fc.integer({ min: 1, max: 5 });
const some = fc.integer({ min: 2, max: 12 });

/** Each run makes a session. */
function property<T extends [unknown, ...unknown[]]>(
  ...given: [...of: { [K in keyof T]: fc.Arbitrary<T[K]> }, holds: (...values: T) => Promise<void>]
): Promise<void> {
  return fc.assert(fc.asyncProperty<T>(...given), { numRuns: 8 });
}

const constant = (graph: GraphBuilder, name: string, dims: number[], values: Float32Array) =>
  graph.constant(name, 'float32', dims, bytesOf(Float32Array.from(values)));

describe('values that move', () => {
  it('add: both sides, and one that is on both', () =>
    property(seed, few, some, async (seed: number, rows: number, size: number) => {
      const inputs = { a: random(seed, [rows, size]), b: random(seed + 1, [rows, size]) };
      await checkGradients(inputs, [rows, size], (tape, { a, b }) => add(tape, add(tape, a, b, '/one'), a, '/two'));
    }));

  it('reshape', () =>
    property(seed, few, some, async (seed: number, rows: number, size: number) => {
      await checkGradients({ x: random(seed, [rows, size]) }, [size * rows], (tape, { x }) =>
        reshape(tape, x, tape.graph.int64([-1]), tape.graph.int64([rows, size]), '/reshape'),
      );
    }));

  it('gatherRows: rows that are not taken have none', () =>
    property(seed, some, some, async (seed: number, rows: number, size: number) => {
      const taken = Array.from({ length: rows }, (_, row) => row).filter((row) => row % 2 === seed % 2);
      await checkGradients({ x: random(seed, [rows, size]) }, [taken.length, size], (tape, { x }) =>
        gatherRows(tape, x, tape.graph.int64(taken), '/rows'),
      );
    }));
});

it('rmsNorm', () =>
  property(seed, few, some, async (seed: number, rows: number, size: number) => {
    const weight = random(seed + 1, [size]).values;
    await checkGradients({ x: random(seed, [rows, size], { most: 3 }) }, [rows, size], (tape, { x }) =>
      rmsNorm(tape, x, { weight: constant(tape.graph, 'w', [size], weight), epsilon: 1e-2 }, '/norm'),
    );
  }));

it('geglu: the tanh form', () =>
  property(seed, few, some, async (seed: number, rows: number, size: number) => {
    const inputs = { gate: random(seed, [rows, size], { most: 4 }), up: random(seed + 1, [rows, size]) };
    await checkGradients(inputs, [rows, size], (tape, { gate, up }) => geglu(tape, gate, up, '/mlp'));
  }));

it('rotary', () =>
  property(seed, few, few, few, async (seed: number, batch: number, sequence: number, heads: number) => {
    const [headDim, positions] = [8, 7];
    const { cos, sin } = ropeTables(positions, headDim, 100, 1);
    const dims = [batch, sequence, heads * headDim];
    await checkGradients({ x: random(seed, dims) }, dims, (tape, { x }) => {
      const table = (name: string, values: Float32Array) =>
        constant(tape.graph, name, [positions, headDim / 2], values);
      const tables = {
        cos: table('cos', cos),
        sin: table('sin', sin),
        negativeSin: table(
          '-sin',
          sin.map((value) => -value),
        ),
      };
      return rotary(tape, x, heads, tables, '/rope');
    });
  }));

describe('attention', () => {
  const shapes = [seed, few, few, fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })] as const;

  it.each([
    ['q, k and v', true, true, true],
    ['v alone', false, false, true],
    ['q alone', true, false, false],
  ])('of %s, with shared key heads and a mask', (_, q, k, v) =>
    property(...shapes, async (seed: number, batch: number, sequence: number, keyValueHeads: number, group: number) => {
      const headDim = 4;
      const heads = keyValueHeads * group;
      const tokens = batch * sequence;
      const inputs = {
        q: random(seed, [tokens, heads * headDim], { most: 2, trains: q }),
        k: random(seed + 1, [tokens, keyValueHeads * headDim], { trains: k }),
        v: random(seed + 2, [tokens, keyValueHeads * headDim], { trains: v }),
      };
      // A causal mask with a hole: the second token sees the last.
      const visible = (row: number, column: number) => column <= row || (row === 1 && column === sequence - 1);
      const mask = Float32Array.from({ length: batch * sequence * sequence }, (_, i) =>
        visible(Math.floor(i / sequence) % sequence, i % sequence) ? 0 : -1e30,
      );
      // Of one token q and k have no gradient.
      if (sequence === 1 && !v) return;
      if (sequence === 1) inputs.q.trains = inputs.k.trains = false;
      await checkGradients(inputs, [tokens, heads * headDim], (tape, variables) => {
        const { graph } = tape;
        const bias = constant(graph, 'bias', [batch, 1, sequence, sequence], mask);
        const shape = { heads, keyValueHeads, headDim, batch: graph.int64([batch]), sequence: graph.int64([sequence]) };
        return attention(tape, { ...variables, bias }, shape, '/attention');
      });
    }),
  );
});

describe('linear', () => {
  const [rows, columns, rank] = [5, 7, 2];
  const weight = random(3, [rows, columns]).values;
  const transposed = Float32Array.from(
    { length: rows * columns },
    (_, i) => weight[(i % rows) * columns + Math.floor(i / rows)] ?? NaN,
  );
  const matrices = {
    'a table': (graph: GraphBuilder) => tableMatrix(constant(graph, 'w', [rows, columns], weight), rows, columns),
    'a transposed matrix': (graph: GraphBuilder) =>
      transposedMatrix(constant(graph, 'w', [columns, rows], transposed), rows, columns),
  };

  it.each(Object.entries(matrices))('of %s: the input', (_, matrix) =>
    property(seed, few, async (seed: number, tokens: number) => {
      await checkGradients({ x: random(seed, [tokens, columns]) }, [tokens, rows], (tape, { x }) =>
        linear(tape, x, matrix(tape.graph), undefined, '/linear'),
      );
    }),
  );

  it.each(Object.entries(matrices))('of %s with an adapter: the input, A and B', (_, matrix) =>
    property(seed, few, async (seed: number, tokens: number) => {
      const inputs = {
        x: random(seed, [tokens, columns]),
        a: random(seed + 1, [rank, columns]),
        b: random(seed + 2, [rows, rank]),
      };
      // The input is used twice, so that its gradients are added up.
      await checkGradients(inputs, [tokens, rows], (tape, { x, a, b }) => {
        const one = linear(tape, x, matrix(tape.graph), { a, b, scale: 1.5 }, '/one');
        return add(tape, one, linear(tape, x, matrix(tape.graph), { a, b, scale: 0.75 }, '/two'), '/sum');
      });
    }),
  );

  it.each([
    ...([2, 4, 8] as const).map((bits) => ({ bits, symmetric: true })),
    ...([2, 4, 8] as const).map((bits) => ({ bits, symmetric: false })),
  ])('of blocks: $bits bits, symmetric $symmetric', async ({ bits, symmetric }) => {
    const [rows, columns] = [24, 64];
    const blockSize = 32;
    const values = random(5, [rows, columns]).values.map((value, i) => value + (symmetric ? 0 : (i % 5) / 5));
    const matrix = quantize(values, columns, { format: `q${bits}`, symmetric, blockSize, method: 'round' });
    if (matrix.type !== 'blocks') throw new Error('no blocks');
    const blocks = columns / blockSize;
    const { codes, scales, zeroPoints } = matrix;
    await checkGradients({ x: random(6, [3, columns]) }, [3, rows], (tape, { x }) => {
      const { graph } = tape;
      const bytes = (name: string, dims: number[], data: Uint8Array) =>
        graph.constant(name, 'uint8', dims, Uint8Array.from(data));
      const zeroBytes = Math.ceil((blocks * bits) / 8);
      const packed = packCodes(codes, bits);
      const zeros = zeroPoints
        ? packZeroPoints(zeroPoints, rows, bits)
        : new Uint8Array(rows * zeroBytes).fill(bits === 4 ? 0x88 : 0x80);
      const type = bits === 2 ? undefined : bits === 4 ? 'uint4' : 'uint8';
      return linear(
        tape,
        x,
        blockMatrix({
          packed: bytes('packed', [rows, blocks, (blockSize * bits) / 8], packed),
          scales: constant(graph, 'scales', [rows, blocks], scales),
          zeroPoints: zeroPoints ? bytes('zeros', [rows, zeroBytes], zeros) : '',
          ...{ bits, blockSize, rows, columns },
          linear:
            type &&
            (() => ({
              codes: graph.constant('codes', type, [rows, columns], Uint8Array.from(packed)),
              zeroPoints: graph.constant('code zeros', type, [rows, blocks], Uint8Array.from(zeros)),
            })),
        }),
        undefined,
        '/linear',
      );
    });
  });
});

it('crossEntropy', () =>
  property(seed, few, some, async (seed: number, tokens: number, vocabulary: number) => {
    const ids = Int32Array.from({ length: tokens }, (_, i) => (seed + i) % vocabulary);
    await checkGradients({ logits: random(seed, [tokens, vocabulary], { most: 4 }) }, [], (tape, { logits }) => {
      const { graph } = tape;
      const expected = graph.constant('ids', 'int32', [tokens], bytesOf(ids));
      const entropy = crossEntropy(tape, logits.value, expected, graph.float(0.3), vocabulary, '/loss');
      return tape.record([logits], entropy.loss, (gradient, into) =>
        into.accumulate(logits, () => tape.node('Mul', [entropy.gradient(), gradient], '/scaled')),
      );
    });
  }));
