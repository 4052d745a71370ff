/** The embedding of a decoder that takes ids (text-only packages), as a graph of its own over the decoder's weights. */
import { gatherBlockRows, type AddNode } from '../onnx/block-rows.ts';
import { GraphBuilder, makeModel, type Value } from '../onnx/builder.ts';
import { OnnxError } from '../onnx/model.ts';
import type { ModelProto } from '../onnx/onnx_pb.ts';
import type { TextConfig } from './config.ts';
import { producer } from './stored.ts';
import { DecoderWeights } from './trained-decoder-weights.ts';

/**
 * input_ids int64 [1, n] → inputs_embeds float32 [1, n, hidden], as embed_tokens.onnx of other packages.
 * @throws OnnxError if the decoder is not of this exporter, or lacks the table
 */
export function decoderEmbeddingGraph(decoder: ModelProto, config: TextConfig): ModelProto {
  const graph = new GraphBuilder('embed_tokens');
  const weights = new DecoderWeights(decoder, graph);
  const ids = graph.input('input_ids', 'int64', ['batch_size', 'sequence_length']);
  const rows = rowsOf(graph, weights, config, ids);
  graph.node('Mul', [rows, graph.float(Math.sqrt(config.hiddenSize))], {
    name: '/model/embed_tokens/Mul',
    outputs: ['inputs_embeds'],
  });
  graph.output('inputs_embeds', 'float32', ['batch_size', 'sequence_length', config.hiddenSize]);
  const built = graph.build();
  weights.addTo(built);
  return makeModel(built, producer);
}

function rowsOf(graph: GraphBuilder, weights: DecoderWeights, config: TextConfig, ids: Value): Value {
  const [parameter, name] = ['model.embed_tokens.weight', '/model/embed_tokens'];
  const size = [config.vocabularySize, config.hiddenSize] as const;
  const table = weights.table(parameter, ...size);
  if (table !== undefined) return graph.node('Gather', [table, ids], { name: `${name}/Gather` });
  const blocks = weights.blocks(parameter, ...size);
  if (!blocks) throw new OnnxError(`it has no initializer "${parameter}"; make the package anew with npm run export`);
  const node: AddNode = (opType, inputs, nodeName, rest) => graph.node(opType, inputs, { name: nodeName, ...rest });
  const gathered = gatherBlockRows(node, blocks, ids, graph.int64([2]), name);
  return graph.node('Reshape', [gathered, graph.int64([0, 0, config.hiddenSize])], { name: `${name}/JoinBlocks` });
}
