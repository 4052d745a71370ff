/** Puts the embedding in front of the decoder, so that a step from token ids is one run. */
import { allGraphs, mainGraph, OnnxError } from '../model.ts';
import type { GraphProto, ModelProto, TensorProto } from '../onnx_pb.ts';

const EMBEDS = 'inputs_embeds';
const IDS = 'input_ids';
/** Prefix of what the embedding's graph names: both graphs may name a value, a node or an initializer alike. */
const PREFIX = 'embed_tokens/';

/** Where the bytes of initializers are, by their names. */
export type ExternalPlaces = ReadonlyMap<string, TensorProto['externalData']>;

/** Where the decoder has the table that it shares with the embedding. @throws OnnxError if a name is not in the graph */
export function placesOf(decoder: ModelProto, names: readonly string[]): ExternalPlaces {
  return new Map(names.map((name) => [name, initializerOf(decoder, name).externalData]));
}

/**
 * Lets the embedding graph read its table where the decoder does; the files have the same bytes.
 * @throws OnnxError if a name is not in the graph
 */
export function readFrom(embedding: ModelProto, places: ExternalPlaces): void {
  for (const [name, place] of places) initializerOf(embedding, name).externalData = place;
}

function initializerOf(model: ModelProto, name: string): TensorProto {
  const tensor = mainGraph(model).initializer.find((candidate) => candidate.name === name);
  if (!tensor) throw new OnnxError(`the tied table "${name}" is not in both graphs`);
  return tensor;
}

/**
 * Replaces the decoder's input `inputs_embeds` by `input_ids` and the nodes of the embedding graph, in place. Initializers and
 * nodes of the embedding are named `embed_tokens/<name>` afterwards.
 * @param embedding embed_tokens.onnx: input_ids → inputs_embeds; its protos move to the decoder
 * @throws OnnxError if one of the graphs has other inputs and outputs
 */
export function embedIds(decoder: ModelProto, embedding: ModelProto): void {
  const graph = mainGraph(decoder);
  const first = mainGraph(embedding);
  const at = graph.input.findIndex(({ name }) => name === EMBEDS);
  const [ids] = first.input;
  if (at < 0) throw new OnnxError(`the decoder has no input "${EMBEDS}"`);
  if (ids?.name !== IDS || first.input.length !== 1 || first.output[0]?.name !== EMBEDS)
    throw new OnnxError(`the embedding graph is not ${IDS} → ${EMBEDS}`);
  addPrefix(first);
  graph.input.splice(at, 1, ids);
  graph.node.unshift(...first.node);
  graph.initializer.push(...first.initializer);
}

function addPrefix(graph: GraphProto): void {
  const rename = (name: string) => (name === '' || name === IDS || name === EMBEDS ? name : PREFIX + name);
  for (const part of allGraphs(graph)) {
    for (const node of part.node) {
      node.name = rename(node.name);
      node.input = node.input.map(rename);
      node.output = node.output.map(rename);
    }
    for (const tensor of part.initializer) tensor.name = rename(tensor.name);
  }
}
