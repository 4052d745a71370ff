/**
 * Takes one of the decoder's two bodies out of its `If`, so that the graph has no control flow: decode runs a graph of text
 * only, which can be captured, and chunks with images run the other one, over the same weights and KV cache.
 */
import { create } from '@bufbuild/protobuf';
import { allGraphs, mainGraph } from '../model.ts';
import { NodeProtoSchema, type GraphProto, type ModelProto, type NodeProto } from '../onnx_pb.ts';

export type DecoderBody = 'text' | 'image';

/** As core/gemma3/decoder.ts names them: the `If`, and its branches (`then` is the image body). */
const IF = '/model/If';
const branches: Record<DecoderBody, string> = { text: 'else_branch', image: 'then_branch' };

/** True if the decoder is an `If` over a body for text and one for images, as our exporter writes it. */
export function hasTwoBodies(model: ModelProto): boolean {
  return bodyOf(model, 'text') !== undefined && bodyOf(model, 'image') !== undefined;
}

/**
 * Replaces the `If` by the nodes of one body, in place. What only the condition or the other body needed is removed: nodes,
 * initializers, but no inputs of the graph.
 * @returns false, and changes nothing, if the decoder is not an `If` over two bodies (`hasTwoBodies`)
 */
export function keepBody(model: ModelProto, body: DecoderBody): boolean {
  const graph = mainGraph(model);
  const inner = hasTwoBodies(model) ? bodyOf(model, body) : undefined;
  const at = graph.node.findIndex(({ name }) => name === IF);
  const outputs = graph.node[at]?.output;
  if (!inner || !outputs) return false;
  graph.node.splice(at, 1, ...inlined(inner, outputs));
  graph.initializer.push(...inner.initializer);
  graph.valueInfo.push(...inner.valueInfo);
  removeUnread(graph);
  return true;
}

function bodyOf(model: ModelProto, body: DecoderBody): GraphProto | undefined {
  const node = mainGraph(model).node.find(({ name, opType }) => name === IF && opType === 'If');
  const found = node?.attribute.find(({ name }) => name === branches[body])?.g;
  return found?.name === body && found.output.length === node?.output.length ? found : undefined;
}

/** The nodes of the body, which write the outputs of the `If`. */
function inlined(body: GraphProto, outputs: readonly string[]): NodeProto[] {
  const made = new Set(body.node.flatMap(({ output }) => output));
  const renamed = new Map<string, string>();
  const copies: NodeProto[] = [];
  body.output.forEach(({ name }, index) => {
    const output = outputs[index] ?? '';
    if (output === '') return;
    if (made.has(name) && !renamed.has(name)) renamed.set(name, output);
    // A value from outside, or one that is two outputs.
    else
      copies.push(
        create(NodeProtoSchema, {
          name: `${IF}/${output}`,
          opType: 'Identity',
          input: [renamed.get(name) ?? name],
          output: [output],
        }),
      );
  });
  const rename = (name: string) => renamed.get(name) ?? name;
  for (const part of allGraphs(body))
    for (const node of part.node) {
      node.input = node.input.map(rename);
      node.output = node.output.map(rename);
    }
  return [...body.node, ...copies];
}

/** Removes nodes whose outputs nobody reads, and initializers that no node reads. */
export function removeUnread(graph: GraphProto): void {
  const read = new Set(graph.output.map(({ name }) => name));
  // Backwards: the readers of a value stand after the node that makes it.
  graph.node = graph.node
    .toReversed()
    .filter((node) => {
      if (!node.output.some((name) => read.has(name))) return false;
      for (const name of inputsOf(node)) read.add(name);
      return true;
    })
    .reverse();
  graph.initializer = graph.initializer.filter(({ name }) => read.has(name));
  graph.valueInfo = graph.valueInfo.filter(({ name }) => read.has(name));
}

/** Inputs of a node, and all values that its subgraphs read. */
function inputsOf(node: NodeProto): string[] {
  const inner = node.attribute.flatMap(({ g, graphs }) => (g ? [g, ...graphs] : graphs));
  const bodies = inner.flatMap((body) => [...allGraphs(body)]);
  return [
    ...node.input,
    ...bodies.flatMap(({ node, output }) => [...node.flatMap(({ input }) => input), ...output.map(({ name }) => name)]),
  ];
}
