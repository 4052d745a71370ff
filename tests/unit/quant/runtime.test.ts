/** What ONNX Runtime computes with the codes is what `dequantizeRows` and `dequantize` say they stand for. */
import * as ort from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { GraphBuilder, makeModel } from '#core/onnx/builder.ts';
import { writeModel } from '#core/onnx/model.ts';
import { dequantizeRows, quantizeRows } from '#core/quant/blocks.ts';
import { dequantize, quantize } from '#core/quant/matrix.ts';
import { packCodes, packZeroPoints } from '#core/quant/pack.ts';

const [ROWS, COLUMNS, BLOCK, BATCH] = [48, 96, 32, 3] as const;

const wave = (length: number, step: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * i * step));

it.each([2, 4, 8] as const)('MatMulNBits at %i bits', async (bits) => {
  const { packed, scales } = quantizeRows(wave(ROWS * COLUMNS, 0.1), COLUMNS, {
    ...{ bits, blockSize: BLOCK, scaleType: 'fp32' },
  });
  const graph = new GraphBuilder('product');
  const x = graph.input('x', 'float32', [BATCH, COLUMNS]);
  const b = graph.input('packed', 'uint8', [ROWS, COLUMNS / BLOCK, (BLOCK * bits) / 8]);
  const s = graph.input('scales', 'float32', [ROWS, COLUMNS / BLOCK]);
  graph.node('MatMulNBits', [x, b, s], {
    ...{ name: 'product', domain: 'com.microsoft', outputs: ['y'] },
    attributes: {
      ...{ K: { int: COLUMNS }, N: { int: ROWS }, bits: { int: bits }, block_size: { int: BLOCK } },
      accuracy_level: { int: 1 },
    },
  });
  graph.output('y', 'float32', [BATCH, ROWS]);
  const session = await ort.InferenceSession.create(writeModel(makeModel(graph.build(), 'test')));
  const input = wave(BATCH * COLUMNS, 0.3);
  const { y } = await session.run({
    x: new ort.Tensor('float32', input, [BATCH, COLUMNS]),
    packed: new ort.Tensor('uint8', packed, [ROWS, COLUMNS / BLOCK, (BLOCK * bits) / 8]),
    scales: new ort.Tensor('float32', scales, [ROWS, COLUMNS / BLOCK]),
  });
  const weights = dequantizeRows(packed, scales, { bits, blockSize: BLOCK });
  for (let row = 0; row < BATCH; row++)
    for (let out = 0; out < ROWS; out++) {
      let sum = 0;
      for (let k = 0; k < COLUMNS; k++) sum += (input[row * COLUMNS + k] ?? NaN) * (weights[out * COLUMNS + k] ?? NaN);
      expect(Number(y?.data[row * ROWS + out])).toBeCloseTo(sum, 4);
    }
});

it.each([2, 4, 8] as const)('MatMulNBits at %i bits with zero points, of an odd number of blocks', async (bits) => {
  const values = wave(ROWS * COLUMNS, 0.1).map((value, i) => value + (Math.floor(i / BLOCK) % 2 ? 0.8 : -0.8));
  const settings = { format: `q${bits}`, symmetric: false, blockSize: BLOCK, method: 'search' } as const;
  const matrix = quantize(values, COLUMNS, settings);
  if (matrix.type !== 'blocks' || !matrix.zeroPoints) throw new Error('no zero points');
  const blocks = COLUMNS / BLOCK;
  const graph = new GraphBuilder('product');
  const x = graph.input('x', 'float32', [BATCH, COLUMNS]);
  const b = graph.input('packed', 'uint8', [ROWS, blocks, (BLOCK * bits) / 8]);
  const s = graph.input('scales', 'float32', [ROWS, blocks]);
  const z = graph.input('zeroPoints', 'uint8', [ROWS, Math.ceil((blocks * bits) / 8)]);
  graph.node('MatMulNBits', [x, b, s, z], {
    ...{ name: 'product', domain: 'com.microsoft', outputs: ['y'] },
    attributes: {
      ...{ K: { int: COLUMNS }, N: { int: ROWS }, bits: { int: bits }, block_size: { int: BLOCK } },
      accuracy_level: { int: 1 },
    },
  });
  graph.output('y', 'float32', [BATCH, ROWS]);
  const session = await ort.InferenceSession.create(writeModel(makeModel(graph.build(), 'test')));
  const input = wave(BATCH * COLUMNS, 0.3);
  const { y } = await session.run({
    x: new ort.Tensor('float32', input, [BATCH, COLUMNS]),
    packed: new ort.Tensor('uint8', packCodes(matrix.codes, bits), [ROWS, blocks, (BLOCK * bits) / 8]),
    scales: new ort.Tensor('float32', matrix.scales, [ROWS, blocks]),
    zeroPoints: new ort.Tensor('uint8', packZeroPoints(matrix.zeroPoints, ROWS, bits), [
      ROWS,
      Math.ceil((blocks * bits) / 8),
    ]),
  });
  const weights = dequantize(matrix);
  expect(new Set(matrix.zeroPoints).size).toBeGreaterThan(1);
  for (let row = 0; row < BATCH; row++)
    for (let out = 0; out < ROWS; out++) {
      let sum = 0;
      for (let k = 0; k < COLUMNS; k++) sum += (input[row * COLUMNS + k] ?? NaN) * (weights[out * COLUMNS + k] ?? NaN);
      expect(Number(y?.data[row * ROWS + out])).toBeCloseTo(sum, 4);
    }
});
