/** The sizes of a package's graphs and weights, known from the shape alone. */
import type { Gemma3Config } from './config.ts';
import { packageGraphs, type GraphOptions } from './package-graphs.ts';
import { planGraph, type PlannedGraph } from './write-graph.ts';

/** Bytes by path in the package. */
export type FileSizes = ReadonlyMap<string, number>;

/**
 * The files under `onnx/` that an export writes, in its order.
 * @throws TensorTooLargeError for a tensor of 4 GiB or more
 */
export function packageSizes(config: Gemma3Config, options: GraphOptions): FileSizes {
  const positions = Math.min(options.positions, config.text.maxPositions);
  return graphSizes(packageGraphs(config, { ...options, positions }).map(planGraph));
}

export function graphSizes(graphs: readonly PlannedGraph[]): FileSizes {
  const sizes = new Map<string, number>();
  for (const { modelFile, proto, external } of graphs) {
    sizes.set(`onnx/${modelFile}`, proto.byteLength);
    for (const { name, size } of external) sizes.set(`onnx/${name}`, size);
  }
  return sizes;
}
