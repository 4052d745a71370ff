/** Token embeddings: row of the table times sqrt(hidden) (Gemma report, arXiv 2403.08295). */
import { gatherBlockRows, type AddNode } from '../onnx/block-rows.ts';
import { GraphBuilder, makeModel, type Value } from '../onnx/builder.ts';
import type { TextConfig } from './config.ts';
import { castTo, Weights } from './linear.ts';
import type { Precision } from './precision.ts';
import { producer, type GraphFile } from './stored.ts';

/** embed_tokens.onnx: input_ids int64 [1, n] → inputs_embeds float32 [1, n, hidden]. */
export function embeddingGraph(config: TextConfig, precision: Precision): GraphFile {
  const weights = new Weights(precision);
  const graph = new GraphBuilder('embed_tokens');
  const ids = graph.input('input_ids', 'int64', ['batch_size', 'sequence_length']);
  embedTokens(graph, weights, config, ids, 'inputs_embeds');
  graph.output('inputs_embeds', 'float32', ['batch_size', 'sequence_length', config.hiddenSize]);
  return {
    name: 'embed_tokens',
    model: makeModel(graph.build(), producer),
    weights: weights.stored,
    unquantized: weights.unquantized,
  };
}

export function embedTokens(
  graph: GraphBuilder,
  weights: Weights,
  config: TextConfig,
  ids: Value,
  output?: string,
): Value {
  const name = '/model/embed_tokens';
  const parameter = 'model.embed_tokens.weight';
  const matrix = { parameter, rows: config.vocabularySize, columns: config.hiddenSize };
  // In float32 at every precision, so that embedding and head read the same values.
  const blocks = weights.blocks(graph, matrix, 'gather', 'fp32');
  let rows: Value;
  if (blocks) {
    // The packed table is the initializer of the head, [vocabulary, blocks, bytes]; gathered rows are [1, n, blocks, block].
    const node: AddNode = (opType, inputs, nodeName, rest) => graph.node(opType, inputs, { name: nodeName, ...rest });
    const gathered = gatherBlockRows(node, blocks, ids, graph.int64([2]), name);
    rows = graph.node('Reshape', [gathered, graph.int64([0, 0, config.hiddenSize])], { name: `${name}/JoinBlocks` });
  } else {
    const table = weights.table(parameter, matrix.rows, matrix.columns);
    const gathered = graph.node('Gather', [table, ids], { name: `${name}/Gather` });
    rows = weights.precision.floats === 'fp16' ? castTo(graph, gathered, 'float32', `${name}/ToFloat32`) : gathered;
  }
  return graph.node('Mul', [rows, graph.float(Math.sqrt(config.hiddenSize))], {
    name: `${name}/Mul`,
    ...(output === undefined ? {} : { outputs: [output] }),
  });
}
