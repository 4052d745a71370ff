/** Splits a graph into sequential stages, so that a long run can be stopped and report progress. */
import { create } from '@bufbuild/protobuf';
import { allGraphs, mainGraph } from '../model.ts';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type ModelProto,
  type NodeProto,
  TensorProto_DataType,
} from '../onnx_pb.ts';

export interface Stage {
  model: ModelProto;
  input: string;
  output: string;
}

/**
 * Splits a graph with one input and one output at points where exactly one value connects the nodes before and after.
 * Each stage gets the initializers that its nodes read, so an initializer may be in several stages.
 * A value between stages has the type that the graph declares, by default float32 like the residual stream of our encoders.
 *
 * @param count maximum number of stages; fewer if the graph has fewer split points
 */
export function splitStages(model: ModelProto, count: number): Stage[] {
  const graph = mainGraph(model);
  const input = graph.input[0]?.name ?? '';
  const output = graph.output[0]?.name ?? '';
  if (graph.input.length !== 1 || graph.output.length !== 1) return [{ model, input, output }];

  const cuts = cutValues(graph.node, input, new Set(graph.initializer.map(({ name }) => name)));
  const stages: Stage[] = [];
  let from = 0;
  let stageInput = input;
  for (let stage = 1; stage <= count; stage++) {
    const target = Math.ceil((graph.node.length * stage) / count);
    const cut = stage === count ? undefined : cuts.find(({ after }) => after >= Math.max(target, from + 1));
    const to = cut?.after ?? graph.node.length;
    const stageOutput = cut?.value ?? output;
    if (to <= from) continue;
    stages.push({ model: part(model, from, to, stageInput, stageOutput), input: stageInput, output: stageOutput });
    from = to;
    stageInput = stageOutput;
    if (!cut) break;
  }
  return stages;
}

/** Split points: the nodes from `after` on read no result of the nodes [0, after) except `value`. */
function cutValues(
  nodes: readonly NodeProto[],
  input: string,
  initializers: ReadonlySet<string>,
): { after: number; value: string }[] {
  const lastUse = new Map<string, number>();
  nodes.forEach((node, index) => {
    for (const name of inputsOf(node)) if (!initializers.has(name)) lastUse.set(name, index);
  });
  const live = new Set([input]);
  const cuts: { after: number; value: string }[] = [];
  nodes.forEach((node, index) => {
    for (const name of node.output) if ((lastUse.get(name) ?? -1) > index) live.add(name);
    for (const name of inputsOf(node)) if (lastUse.get(name) === index) live.delete(name);
    const [value] = live;
    if (live.size === 1 && value !== undefined && value !== input) cuts.push({ after: index + 1, value });
  });
  return cuts;
}

/** Inputs of a node and all values that its subgraphs read. */
function inputsOf(node: NodeProto): string[] {
  const names = [...node.input];
  for (const { g } of node.attribute)
    if (g) for (const body of allGraphs(g)) for (const inner of body.node) names.push(...inner.input);
  return names;
}

function part(model: ModelProto, from: number, to: number, input: string, output: string): ModelProto {
  const graph = mainGraph(model);
  const node = graph.node.slice(from, to);
  const needed = new Set(node.flatMap(inputsOf));
  const declared = new Map(
    [...graph.input, ...graph.valueInfo, ...graph.output].map((info) => [info.name, info] as const),
  );
  const value = (name: string) => declared.get(name) ?? floatValue(name);
  return create(ModelProtoSchema, {
    irVersion: model.irVersion,
    opsetImport: model.opsetImport,
    producerName: model.producerName,
    functions: model.functions,
    graph: create(GraphProtoSchema, {
      name: `${graph.name}/${from}`,
      node,
      input: [value(input)],
      output: [value(output)],
      initializer: graph.initializer.filter(({ name }) => needed.has(name)),
    }),
  });
}

function floatValue(name: string) {
  const type = create(TypeProto_TensorSchema, { elemType: TensorProto_DataType.FLOAT });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value: type } }),
  });
}
