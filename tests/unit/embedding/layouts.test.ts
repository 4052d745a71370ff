/** Tables as others export them: each layout is read as ONNX Runtime gathers it. */
import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { EmbeddingRows } from '#core/embedding/rows.ts';
import { findEmbeddingTable } from '#core/embedding/table.ts';
import { bytesOf, GraphBuilder, makeModel, type Attribute } from '#core/onnx/builder.ts';
import { mainGraph } from '#core/onnx/model.ts';
import { TensorProto_DataType, TensorProtoSchema, type ModelProto } from '#core/onnx/onnx_pb.ts';
import { encodeHalf } from '#core/safetensors/dtype.ts';
import { floats, int64Tensor, runModel } from '../onnx/session.ts';

const ROWS = 7;
const COLUMNS = 96;
const BLOCK = 32;
const BLOCKS = COLUMNS / BLOCK;

type ElementName = 'FLOAT' | 'FLOAT16' | 'UINT8' | 'INT8' | 'UINT4' | 'INT4' | 'INT16';
interface Stored {
  type: ElementName;
  dims: number[];
  bytes: Uint8Array<ArrayBuffer>;
}

/** Bytes that hold every code. */
const noise = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, i) => Math.imul(i + seed, 2654435761) >>> 24);
const scales = (count: number) => Float32Array.from({ length: count }, (_, i) => (i % 2 ? -1 : 1) * (0.01 + i / 1000));
const floats32 = (values: Float32Array<ArrayBuffer>, dims: number[]): Stored => ({
  type: 'FLOAT',
  dims,
  bytes: bytesOf(values),
});
function half(values: Float32Array, dims: number[]): Stored {
  const halves = new Uint16Array(values.length);
  encodeHalf(values, halves);
  return { type: 'FLOAT16', dims, bytes: bytesOf(halves) };
}
const nibbles = (type: ElementName, seed: number): Stored => ({
  type,
  dims: [ROWS, type === 'UINT8' ? COLUMNS / 2 : COLUMNS],
  bytes: noise((ROWS * COLUMNS) / 2, seed),
});

/** A graph input_ids → embeds that `build` makes out of stored tensors. */
function graphOf(
  stored: Record<string, Stored>,
  build: (graph: GraphBuilder, ids: string) => string,
  output: 'float32' | 'float16' = 'float32',
): ModelProto {
  const graph = new GraphBuilder('embed');
  const ids = graph.input('input_ids', 'int64', [1, 'n']);
  const last = build(graph, ids);
  const embeds =
    output === 'float16' ? graph.node('Cast', [last], { name: 'ToFloat', attributes: { to: { int: 1 } } }) : last;
  graph.node('Identity', [embeds], { name: 'Out', outputs: ['inputs_embeds'] });
  graph.output('inputs_embeds', 'float32', [1, 'n', 'hidden']);
  const model = makeModel(graph.build(), 'somebody');
  for (const [name, { type, dims, bytes }] of Object.entries(stored))
    mainGraph(model).initializer.push(
      create(TensorProtoSchema, {
        name,
        dataType: TensorProto_DataType[type],
        dims: dims.map(BigInt),
        rawData: bytes,
      }),
    );
  return model;
}

const gatherBlocks =
  (inputs: string[], attributes: Record<string, Attribute> = {}) =>
  (graph: GraphBuilder, ids: string) =>
    graph.node('GatherBlockQuantized', [inputs[0] ?? '', ids, ...inputs.slice(1)], {
      name: 'embed_tokens/GatherBlockQuantized',
      domain: 'com.microsoft',
      attributes: { block_size: { int: BLOCK }, quantize_axis: { int: 1 }, bits: { int: 4 }, ...attributes },
    });
const scaleRows = [ROWS, BLOCKS];
const table = Float32Array.from({ length: ROWS * COLUMNS }, (_, i) => Math.sin(i));

const layouts: Record<string, () => ModelProto> = {
  '4 bits in bytes': () =>
    graphOf({ w: nibbles('UINT8', 1), s: floats32(scales(ROWS * BLOCKS), scaleRows) }, gatherBlocks(['w', 's'])),
  '4 bits in bytes, with zero points of two to a byte': () =>
    graphOf(
      {
        w: nibbles('UINT8', 2),
        s: floats32(scales(ROWS * BLOCKS), scaleRows),
        z: { type: 'UINT8', dims: [ROWS, 2], bytes: noise(ROWS * 2, 3) },
      },
      gatherBlocks(['w', 's', 'z']),
    ),
  '4 bits, blocks as an axis, with zero points of one to a byte': () =>
    graphOf(
      {
        w: { type: 'UINT8', dims: [ROWS, BLOCKS, BLOCK / 2], bytes: noise((ROWS * COLUMNS) / 2, 4) },
        s: floats32(scales(ROWS * BLOCKS), [ROWS, BLOCKS, 1]),
        z: { type: 'UINT8', dims: [ROWS, BLOCKS, 1], bytes: noise(ROWS * BLOCKS, 5).map((code) => code & 15) },
      },
      (graph, ids) =>
        graph.node(
          'Reshape',
          [gatherBlocks(['w', 's', 'z'], { quantize_axis: { int: 2 } })(graph, ids), graph.int64([0, 0, COLUMNS])],
          { name: 'Join' },
        ),
    ),
  '8 bits': () =>
    graphOf(
      {
        w: { type: 'UINT8', dims: [ROWS, COLUMNS], bytes: noise(ROWS * COLUMNS, 6) },
        s: floats32(scales(ROWS * BLOCKS), scaleRows),
      },
      gatherBlocks(['w', 's'], { bits: { int: 8 } }),
    ),
  '8 bits with zero points': () =>
    graphOf(
      {
        w: { type: 'UINT8', dims: [ROWS, COLUMNS], bytes: noise(ROWS * COLUMNS, 6) },
        s: floats32(scales(ROWS * BLOCKS), scaleRows),
        z: { type: 'UINT8', dims: scaleRows, bytes: noise(ROWS * BLOCKS, 7) },
      },
      gatherBlocks(['w', 's', 'z'], { bits: { int: 8 } }),
    ),
  'scales in fp16': () =>
    graphOf({ w: nibbles('UINT8', 8), s: half(scales(ROWS * BLOCKS), scaleRows) }, gatherBlocks(['w', 's']), 'float16'),
  UINT4: () =>
    graphOf({ w: nibbles('UINT4', 9), s: floats32(scales(ROWS * BLOCKS), scaleRows) }, gatherBlocks(['w', 's'])),
  'INT4 with zero points': () =>
    graphOf(
      {
        // An even number of blocks: the zero points of two rows share no byte.
        w: { type: 'INT4', dims: [ROWS, COLUMNS], bytes: noise((ROWS * COLUMNS) / 2, 10) },
        s: floats32(scales(ROWS * 6), [ROWS, 6]),
        z: { type: 'INT4', dims: [ROWS, 6], bytes: noise(ROWS * 3, 13) },
      },
      gatherBlocks(['w', 's', 'z'], { block_size: { int: 16 } }),
    ),
  INT4: () =>
    graphOf({ w: nibbles('INT4', 10), s: floats32(scales(ROWS * BLOCKS), scaleRows) }, gatherBlocks(['w', 's'])),
  'the head’s own matrix, as MatMulNBits has it, reshaped': () =>
    graphOf(
      {
        w: { type: 'UINT8', dims: [ROWS, BLOCKS, BLOCK / 2], bytes: noise((ROWS * COLUMNS) / 2, 11) },
        s: floats32(scales(ROWS * BLOCKS), [ROWS * BLOCKS]),
      },
      (graph, ids) => {
        const flat = graph.node('Reshape', ['w', graph.int64([ROWS, COLUMNS / 2])], { name: 'Flat' });
        const rows = graph.node('Reshape', ['s', graph.int64([ROWS, BLOCKS])], { name: 'FlatScales' });
        return gatherBlocks([flat, rows])(graph, ids);
      },
    ),
  'fp32, ids through a Cast': () =>
    graphOf({ w: floats32(table, [ROWS, COLUMNS]) }, (graph, ids) => {
      const short = graph.node('Cast', [ids], { name: 'Short', attributes: { to: { int: 6 } } });
      return graph.node('Gather', ['w', short], { name: 'Gather' });
    }),
  fp16: () =>
    graphOf(
      { w: half(table, [ROWS, COLUMNS]) },
      (graph, ids) => graph.node('Gather', ['w', ids], { name: 'Gather' }),
      'float16',
    ),
  'fp16 that is cast before': () =>
    graphOf({ w: half(table, [ROWS, COLUMNS]) }, (graph, ids) =>
      graph.node('Gather', [graph.node('Cast', ['w'], { name: 'Wide', attributes: { to: { int: 1 } } }), ids], {
        name: 'Gather',
      }),
    ),
  'signed bytes of one scale, gathered first': () => bytesModel('INT8', 'after'),
  'bytes of one scale, gathered first': () => bytesModel('UINT8', 'after'),
  'bytes of one scale, gathered last': () => bytesModel('UINT8', 'before'),
};

/** What onnxruntime's quantize_dynamic makes of an embedding. */
function bytesModel(type: 'INT8' | 'UINT8', dequantize: 'before' | 'after'): ModelProto {
  return graphOf(
    {
      w: { type, dims: [ROWS, COLUMNS], bytes: noise(ROWS * COLUMNS, 12) },
      s: floats32(new Float32Array([0.03]), []),
      z: { type, dims: [], bytes: Uint8Array.of(119) },
    },
    (graph, ids) => {
      const gather = (data: string) => graph.node('Gather', [data, ids], { name: 'Gather' });
      const widen = (data: string) => graph.node('DequantizeLinear', [data, 's', 'z'], { name: 'Dequantize' });
      return dequantize === 'after' ? widen(gather('w')) : gather(widen('w'));
    },
  );
}

describe('is read as ONNX Runtime gathers it:', () => {
  test.each(Object.entries(layouts))('%s', async (_, make) => {
    const model = make();
    const ids = [3, 0, 6, 1, 2, 5, 4];
    const { inputs_embeds } = await runModel(model, { input_ids: int64Tensor(ids, [1, ROWS]) });
    const expected = floats(inputs_embeds);
    const rows = new EmbeddingRows(findEmbeddingTable(model), new Map());
    expect(rows.table).toMatchObject({ rows: ROWS, columns: COLUMNS });
    const isHalf = rows.table.format.type === 'blocks' && rows.table.format.scaleDtype === 'F16';
    const found = await rows.rows(ids);
    found.forEach((row, i) =>
      row.forEach((value, column) => {
        const wanted = expected[i * COLUMNS + column] ?? NaN;
        // With scales in fp16 the operator rounds its result to fp16.
        expect(Math.abs(value - wanted)).toBeLessThanOrEqual(Math.abs(wanted) * (isHalf ? 2 ** -10 : 1e-6));
      }),
    );
    // In blocks of all rows the same.
    for await (const { values } of rows.blocks())
      ids.forEach((id, i) => expect(values.slice(id * COLUMNS, (id + 1) * COLUMNS)).toEqual(found[i]));
    expect(new Set(expected).size).toBeGreaterThan(ROWS);
  });
});

describe('is refused by name:', () => {
  const blocks = { w: nibbles('UINT8', 1), s: floats32(scales(ROWS * BLOCKS), scaleRows) };
  const cases: [string, ModelProto, RegExp][] = [
    ['a graph without ids', graphOf({ w: floats32(table, [ROWS, COLUMNS]) }, () => 'w'), /reads "input_ids"/],
    [
      '3 bits',
      graphOf(blocks, gatherBlocks(['w', 's'], { bits: { int: 3 } })),
      /GatherBlockQuantized "embed.*": 3 bits/,
    ],
    ['another axis', graphOf(blocks, gatherBlocks(['w', 's'], { gather_axis: { int: 1 } })), /gather_axis is not 0/],
    [
      'scales of larger blocks than the operator is told',
      graphOf(blocks, gatherBlocks(['w', 's'], { block_size: { int: 16 } })),
      /3 scales for rows of 96/,
    ],
    [
      'zero points of two rows in one byte',
      graphOf(
        {
          w: nibbles('UINT4', 1),
          s: floats32(scales(ROWS * BLOCKS), scaleRows),
          z: { type: 'UINT4', dims: scaleRows, bytes: noise(Math.ceil((ROWS * BLOCKS) / 2), 3) },
        },
        gatherBlocks(['w', 's', 'z']),
      ),
      /"z" has 11 bytes, which is not 7 whole rows/,
    ],
    [
      'a table that is computed',
      graphOf({ a: floats32(table, [ROWS, COLUMNS]) }, (graph, ids) =>
        graph.node('Gather', [graph.node('Neg', ['a'], { name: 'Neg' }), ids], { name: 'Gather' }),
      ),
      /"Neg\/output" is computed by Neg/,
    ],
    [
      'another type',
      graphOf({ w: { type: 'INT16', dims: [ROWS, COLUMNS], bytes: noise(ROWS * COLUMNS * 2, 1) } }, (graph, ids) =>
        graph.node('Gather', ['w', ids], { name: 'Gather' }),
      ),
      /Gather "Gather": "w" is INT16/,
    ],
    [
      'bytes without a scale',
      graphOf({ w: { type: 'INT8', dims: [ROWS, COLUMNS], bytes: noise(ROWS * COLUMNS, 1) } }, (graph, ids) =>
        graph.node('Gather', ['w', ids], { name: 'Gather' }),
      ),
      /"w" is INT8 and has no scale/,
    ],
    [
      'bytes with a scale a row',
      graphOf(
        {
          w: { type: 'INT8', dims: [ROWS, COLUMNS], bytes: noise(ROWS * COLUMNS, 1) },
          s: floats32(scales(ROWS), [ROWS]),
        },
        (graph, ids) =>
          graph.node(
            'Gather',
            [graph.node('DequantizeLinear', ['w', 's'], { name: 'Dequantize', attributes: { axis: { int: 0 } } }), ids],
            { name: 'Gather' },
          ),
      ),
      /DequantizeLinear "Dequantize": "s" is not one number/,
    ],
    [
      'a tensor whose bytes are no rows',
      graphOf({ w: { type: 'FLOAT', dims: [ROWS, COLUMNS], bytes: noise(10, 1) } }, (graph, ids) =>
        graph.node('Gather', ['w', ids], { name: 'Gather' }),
      ),
      /"w" has 10 bytes, which is not 7 whole rows/,
    ],
  ];
  test.each(cases)('%s', (_, model, message) => {
    expect(() => findEmbeddingTable(model)).toThrow(message);
  });
});
