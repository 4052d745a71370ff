/** Puts the embedding in front of the decoder, so that a step from token ids is one run. */
import { allGraphs, mainGraph, OnnxError } from '../model.ts';
import type { GraphProto, ModelProto } from '../onnx_pb.ts';

const EMBEDS = 'inputs_embeds';
const IDS = 'input_ids';
/** Prefix of the embedding's own values: both graphs may name a value or an initializer alike. */
const PREFIX = 'embed_tokens/';

/**
 * Replaces the decoder's input `inputs_embeds` by `input_ids` and the nodes of the embedding graph, in place. Initializers of
 * the embedding are named `embed_tokens/<name>` afterwards.
 * @param embedding embed_tokens.onnx: input_ids → inputs_embeds; its protos move to the decoder
 * @param tied the embedding's external initializers that hold the same bytes as the decoder's of the same name; they then
 *   point at the decoder's file
 * @throws OnnxError if one of the graphs has other inputs and outputs, or a tied initializer is not in both
 */
export function embedIds(decoder: ModelProto, embedding: ModelProto, tied: readonly string[]): void {
  const graph = mainGraph(decoder);
  const first = mainGraph(embedding);
  const at = graph.input.findIndex(({ name }) => name === EMBEDS);
  const [ids] = first.input;
  if (at < 0) throw new OnnxError(`the decoder has no input "${EMBEDS}"`);
  if (ids?.name !== IDS || first.input.length !== 1 || first.output[0]?.name !== EMBEDS)
    throw new OnnxError(`the embedding graph is not ${IDS} → ${EMBEDS}`);
  for (const name of tied) {
    const [own, theirs] = [first, graph].map(({ initializer }) => initializer.find((tensor) => tensor.name === name));
    if (!own || !theirs) throw new OnnxError(`the tied table "${name}" is not in both graphs`);
    own.externalData = theirs.externalData;
  }
  addPrefix(first);
  graph.input.splice(at, 1, ids);
  graph.node.unshift(...first.node);
  graph.initializer.push(...first.initializer);
}

function addPrefix(graph: GraphProto): void {
  const rename = (name: string) => (name === '' || name === IDS || name === EMBEDS ? name : PREFIX + name);
  for (const part of allGraphs(graph)) {
    for (const node of part.node) {
      node.input = node.input.map(rename);
      node.output = node.output.map(rename);
    }
    for (const tensor of part.initializer) tensor.name = rename(tensor.name);
  }
}
