/** Resizes the RoPE tables of a decoder to the context length. */
import { bytesOf, makeTensor } from '../builder.ts';
import { allGraphs, mainGraph, storedValues } from '../model.ts';
import { TensorProto_DataType, type ModelProto } from '../onnx_pb.ts';
import { ropeTables } from '../../gemma3/linear.ts';
import type { TextConfig } from '../../gemma3/config.ts';
import { encodeHalf } from '../../safetensors/dtype.ts';

/** Number of positions in the decoder's RoPE tables; undefined if no tables are found. */
export function ropePositions(model: ModelProto): number | undefined {
  const tables = storedValues(mainGraph(model));
  let positions: number | undefined;
  for (const graph of allGraphs(mainGraph(model)))
    for (const node of graph.node) {
      if (node.opType !== 'GroupQueryAttention') continue;
      const rows = tables.get(node.input[7] ?? '')?.tensor.dims[0];
      if (rows !== undefined) positions = Math.min(positions ?? Infinity, Number(rows));
    }
  return positions;
}

/**
 * Replaces our exporter's tables (`rope.local.cos`, …) with tables of `positions` rows.
 * @returns false if the graph has no such tables; third-party exports stay unchanged
 */
export function setRopePositions(model: ModelProto, config: TextConfig, positions: number): boolean {
  const { initializer } = mainGraph(model);
  const kinds = [
    { kind: 'local', theta: config.ropeLocalTheta, factor: 1 },
    { kind: 'global', theta: config.ropeTheta, factor: config.ropeFactor },
  ];
  const find = (name: string) => initializer.findIndex((tensor) => tensor.name === name);
  const parts = ['cos', 'sin'] as const;
  if (!kinds.every(({ kind }) => parts.every((part) => find(`rope.${kind}.${part}`) >= 0))) return false;
  for (const { kind, theta, factor } of kinds) {
    const tables = ropeTables(positions, config.headDim, theta, factor);
    for (const part of parts) {
      const name = `rope.${kind}.${part}`;
      const index = find(name);
      const isHalf = initializer[index]?.dataType === TensorProto_DataType.FLOAT16;
      const half = new Uint16Array(isHalf ? tables[part].length : 0);
      if (isHalf) encodeHalf(tables[part], half);
      const bytes = bytesOf(isHalf ? half : tables[part]);
      const dims = [positions, config.headDim / 2];
      initializer[index] = makeTensor(name, isHalf ? 'float16' : 'float32', dims, bytes);
    }
  }
  return true;
}
