/**
 * Fuses the norms of queries and keys into GroupQueryAttention (its inputs 14 and 15, supported only by the WebGPU provider).
 * Saves two dispatches per layer.
 */
import { makeAttribute } from '../builder.ts';
import { allGraphs, consumers, mainGraph } from '../model.ts';
import type { GraphProto, ModelProto, NodeProto } from '../onnx_pb.ts';

/**
 * Looks for Reshape → SimplifiedLayerNormalization → Reshape before the queries and keys of each GroupQueryAttention with
 * do_rotary. Skips other patterns, and norms with further consumers.
 * @returns number of attention nodes changed
 */
export function fuseHeadNorms(model: ModelProto): number {
  const root = mainGraph(model);
  let fused = 0;
  for (const graph of allGraphs(root)) {
    const producers = new Map<string, NodeProto>();
    for (const node of graph.node) for (const output of node.output) producers.set(output, node);
    const dead = new Set<NodeProto>();
    for (const node of graph.node) {
      if (node.opType !== 'GroupQueryAttention' || !attribute(node, 'do_rotary')) continue;
      const query = normBefore(root, producers, node.input[0]);
      const key = normBefore(root, producers, node.input[1]);
      if (!query || !key || query.epsilon !== key.epsilon) continue;
      node.input[0] = query.source;
      node.input[1] = key.source;
      while (node.input.length < 14) node.input.push('');
      node.input[14] = query.weight;
      node.input[15] = key.weight;
      node.attribute.push(makeAttribute('qk_norm_epsilon', { float: query.epsilon }));
      for (const removed of [...query.nodes, ...key.nodes]) dead.add(removed);
      fused++;
    }
    graph.node = graph.node.filter((node) => !dead.has(node));
  }
  return fused;
}

interface HeadNorm {
  source: string;
  weight: string;
  epsilon: number;
  nodes: NodeProto[];
}

function normBefore(
  root: GraphProto,
  producers: Map<string, NodeProto>,
  value: string | undefined,
): HeadNorm | undefined {
  const join = producers.get(value ?? '');
  const norm = producers.get(join?.input[0] ?? '');
  const split = producers.get(norm?.input[0] ?? '');
  if (join?.opType !== 'Reshape' || split?.opType !== 'Reshape' || norm?.opType !== 'SimplifiedLayerNormalization')
    return undefined;
  const nodes = [join, norm, split];
  if (nodes.some((node) => [...consumers(root, node.output[0] ?? '')].length !== 1)) return undefined;
  const source = split.input[0];
  const weight = norm.input[1];
  const epsilon = norm.attribute.find(({ name }) => name === 'epsilon')?.f;
  if (source === undefined || weight === undefined || epsilon === undefined) return undefined;
  return { source, weight, epsilon, nodes };
}

function attribute(node: NodeProto, name: string): bigint | undefined {
  return node.attribute.find((candidate) => candidate.name === name)?.i;
}
