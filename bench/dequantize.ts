/**
 * Milliseconds to get W in float32 from its blocks, by operator, in Node on one thread: `npx tsx bench/dequantize.ts [ROWS] [COLUMNS] [ROUNDS]`.
 * The backward pass of training does it for every matrix.
 */
import * as ort from 'onnxruntime-node';
import { GraphBuilder, makeModel, makeTensor } from '#core/onnx/builder.ts';
import { gatherBlockRows, type AddNode } from '#core/onnx/block-rows.ts';
import { mainGraph, writeModel } from '#core/onnx/model.ts';
import { TensorProto_DataType } from '#core/onnx/onnx_pb.ts';
import { dequantizeRows, quantizeRows } from '#core/quant/blocks.ts';
import { machine } from './machine.ts';
import { spread } from './report.ts';

const [rows = 512, columns = 192, rounds = 200] = process.argv.slice(2).map(Number);
const [bits, blockSize] = [4, 32] as const;
const values = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i * i * 0.1));
const { packed, scales } = quantizeRows(values, columns, { bits, blockSize, scaleType: 'fp32' });
const expected = dequantizeRows(packed, scales, { bits, blockSize });
const blocks = columns / blockSize;

function builder() {
  const graph = new GraphBuilder('dequantize');
  const node: AddNode = (opType, inputs, name, options) => graph.node(opType, inputs, { name, ...options });
  const constant = (name: string, type: 'uint8' | 'float32', dims: number[], data: Uint8Array | Float32Array) =>
    graph.constant(name, type, dims, Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)));
  return { graph, node, constant };
}

/** In each, an input that is not known before the run keeps the runtime from computing it when it loads the graph. */
const ways = {
  GatherBlockQuantized: () => {
    const { graph, node, constant } = builder();
    const all = graph.input('all', 'int64', [rows]);
    const w = gatherBlockRows(
      node,
      {
        packed: constant('packed', 'uint8', [rows, blocks, blockSize / 2], packed),
        scales: constant('scales', 'float32', [rows, blocks], scales),
        ...{ bits, blockSize },
      },
      all,
      graph.int64([2]),
      'w',
    );
    graph.node('Reshape', [w, graph.int64([rows, columns])], { name: 'join', outputs: ['w'] });
    graph.output('w', 'float32', [rows, columns]);
    return makeModel(graph.build(), 'bench');
  },
  DequantizeLinear: () => {
    const { graph, constant } = builder();
    constant('scales', 'float32', [rows, blocks], scales);
    const factor = graph.input('factor', 'float32', [1]);
    const scaled = graph.node('Mul', ['scales', factor], { name: 'scaled' });
    graph.node('DequantizeLinear', ['packed', scaled, 'zeros'], {
      ...{ name: 'dequantize', outputs: ['w'] },
      attributes: { axis: { int: 1 }, block_size: { int: blockSize } },
    });
    graph.output('w', 'float32', [rows, columns]);
    const model = makeModel(graph.build(), 'bench');
    const nibbles = (name: string, dims: number[], data: Uint8Array) => {
      const tensor = makeTensor(name, 'uint8', dims, Uint8Array.from(data));
      tensor.dataType = TensorProto_DataType.UINT4;
      return tensor;
    };
    const zeros = new Uint8Array((rows * blocks) / 2).fill(0x88);
    mainGraph(model).initializer.push(
      nibbles('packed', [rows, columns], packed),
      nibbles('zeros', [rows, blocks], zeros),
    );
    return model;
  },
  'MatMulNBits of the identity': () => {
    const { graph, constant } = builder();
    const one = graph.input('identity', 'float32', [columns, columns]);
    const inputs = [
      one,
      constant('packed', 'uint8', [rows, blocks, blockSize / 2], packed),
      constant('scales', 'float32', [rows, blocks], scales),
    ];
    graph.node('MatMulNBits', inputs, {
      ...{ name: 'product', domain: 'com.microsoft', outputs: ['w'] },
      attributes: {
        ...{ K: { int: columns }, N: { int: rows }, bits: { int: bits }, block_size: { int: blockSize } },
        accuracy_level: { int: 1 },
      },
    });
    graph.output('w', 'float32', [columns, rows]);
    return makeModel(graph.build(), 'bench');
  },
};
const identity = Float32Array.from({ length: columns * columns }, (_, i) => (i % (columns + 1) === 0 ? 1 : 0));
const feeds: Record<keyof typeof ways, Record<string, ort.Tensor>> = {
  GatherBlockQuantized: {
    all: new ort.Tensor(
      'int64',
      BigInt64Array.from({ length: rows }, (_, i) => BigInt(i)),
      [rows],
    ),
  },
  DequantizeLinear: { factor: new ort.Tensor('float32', Float32Array.of(1), [1]) },
  'MatMulNBits of the identity': { identity: new ort.Tensor('float32', identity, [columns, columns]) },
};

console.log((await machine()).join('\n'));
console.log(`\n| W [${rows}, ${columns}], ${bits} bits, blocks of ${blockSize} | ms | exact |\n| --- | ---: | --- |`);
const names = Object.keys(ways).filter((name): name is keyof typeof ways => name in ways);
for (const name of names) {
  const session = await ort.InferenceSession.create(writeModel(ways[name]()), {
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const times: number[] = [];
  let isExact = true;
  for (let round = -10; round < rounds; round++) {
    const begin = process.cpuUsage();
    const { w } = await session.run(feeds[name]);
    const { user, system } = process.cpuUsage(begin);
    if (round >= 0) times.push((user + system) / 1000);
    const isTransposed = name === 'MatMulNBits of the identity';
    if (round === 0)
      isExact = expected.every(
        (value, i) => value === w?.data[isTransposed ? (i % columns) * rows + Math.floor(i / columns) : i],
      );
  }
  console.log(`| ${name} | ${spread(times, 2)} | ${isExact ? 'yes' : 'no'} |`);
}
