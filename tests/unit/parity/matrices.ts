/** The matrix products of an exported graph, each on its own, on inputs that are the same for every export. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import * as ort from 'onnxruntime-node';
import { dataTypes, makeModel, valueInfo } from '#core/onnx/builder.ts';
import { allGraphs, externalLocation, mainGraph, readModel, writeModel } from '#core/onnx/model.ts';
import { GraphProtoSchema, NodeProtoSchema, TensorProto_DataType, type NodeProto } from '#core/onnx/onnx_pb.ts';
import { makeAttribute } from '#core/onnx/builder.ts';

const ROWS = 16;
const PRODUCT = /\/(MatMulNBits|MatMul|Gemm)$/;

/**
 * y = x · Mᵀ of every node that multiplies by a stored matrix, in all bodies, by the node's path; x is [16, columns],
 * normally distributed and the same for the same number of columns.
 */
export async function matrixProducts(folder: string, modelFile: string): Promise<Map<string, Float32Array>> {
  const root = mainGraph(readModel(readFileSync(join(folder, 'onnx', modelFile))));
  const stored = new Map(root.initializer.map((tensor) => [tensor.name, tensor]));
  const graph = create(GraphProtoSchema, { name: 'products' });
  const used = new Set<string>();
  const widths = new Set<number>();
  for (const body of allGraphs(root))
    for (const node of body.node) {
      const matrix = stored.get(node.input[1] ?? '');
      if (!PRODUCT.test(node.name) || !matrix || !externalLocation(matrix)) continue;
      const width = columns(node, matrix.dims.map(Number));
      const isHalf = matrix.dataType === TensorProto_DataType.FLOAT16;
      widths.add(width);
      for (const name of node.input.slice(1)) used.add(name);
      const path = node.name.replace(PRODUCT, '');
      const product = create(NodeProtoSchema, {
        opType: node.opType,
        domain: node.domain,
        attribute: node.attribute,
        name: node.name,
        input: [isHalf ? `x${width}/half` : `x${width}`, ...node.input.slice(1)],
        output: [isHalf ? `${path}/half` : path],
      });
      graph.node.push(product);
      if (isHalf) graph.node.push(cast(`${path}/half`, path, 'float32'));
      graph.output.push(valueInfo(path, 'float32', [ROWS, 'rows']));
    }
  for (const width of widths) {
    graph.input.push(valueInfo(`x${width}`, 'float32', [ROWS, width]));
    graph.node.unshift(cast(`x${width}`, `x${width}/half`, 'float16'));
  }
  // Scales are stored in float16 and read through Casts.
  const casts = root.node.filter(({ opType, output: [name = ''] }) => opType === 'Cast' && used.has(name));
  graph.node.unshift(...casts);
  for (const { input } of casts) for (const name of input) used.add(name);
  graph.initializer = root.initializer.filter(({ name }) => used.has(name));

  const file = join(folder, 'onnx', 'products.onnx');
  writeFileSync(file, writeModel(makeModel(graph, 'test')));
  const session = await ort.InferenceSession.create(file, { logSeverityLevel: 3 });
  const feeds = [...widths].map((width) => [`x${width}`, new ort.Tensor('float32', normals(width), [ROWS, width])]);
  const results = await session.run(Object.fromEntries(feeds));
  return new Map(
    Object.entries(results).map(([path, { data }]) => {
      if (!(data instanceof Float32Array)) throw new Error(`${path} is not float32`);
      return [path, data];
    }),
  );
}

/** ‖a − b‖ / ‖b‖: unlike the cosine it sees a wrong scale. */
export function relativeError(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new Error(`${a.length} values against ${b.length}`);
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < b.length; i++) {
    difference += ((a[i] ?? NaN) - (b[i] ?? NaN)) ** 2;
    norm += (b[i] ?? NaN) ** 2;
  }
  return Math.sqrt(difference / norm);
}

/** Relative error of each product, by path. @throws Error unless both have the same products */
export function productErrors(
  products: ReadonlyMap<string, Float32Array>,
  reference: ReadonlyMap<string, Float32Array>,
): Map<string, number> {
  if ([...products.keys()].sort().join() !== [...reference.keys()].sort().join())
    throw new Error('the two graphs multiply by different matrices');
  return new Map(
    [...reference].map(([path, expected]) => [path, relativeError(products.get(path) ?? new Float32Array(), expected)]),
  );
}

function columns(node: NodeProto, dims: readonly number[]): number {
  const attribute = node.attribute.find(({ name }) => name === 'K');
  if (attribute) return Number(attribute.i);
  return (node.opType === 'Gemm' ? dims[1] : dims[0]) ?? 0;
}

function cast(input: string, output: string, type: 'float16' | 'float32'): NodeProto {
  return create(NodeProtoSchema, {
    opType: 'Cast',
    name: `${output}/Cast`,
    input: [input],
    output: [output],
    attribute: [makeAttribute('to', { int: dataTypes[type] })],
  });
}

/** Box and Muller over a linear congruential generator (Numerical Recipes, ranqd1). */
function normals(width: number): Float32Array {
  let state = width;
  const uniform = () => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) + 1) / (2 ** 32 + 1);
  return Float32Array.from(
    { length: ROWS * width },
    () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}
