/** Turns packages of our exporter into what others export in the transformers.js layout. Runs in Node. */
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { imageBias } from '#core/gemma3/attention.ts';
import { parseConfig, type TextConfig } from '#core/gemma3/config.ts';
import { GraphBuilder } from '#core/onnx/builder.ts';
import { mainGraph, readModel, writeModel } from '#core/onnx/model.ts';
import type { GraphProto, ModelProto, NodeProto } from '#core/onnx/onnx_pb.ts';

/**
 * Copies a package without its manifest, with a decoder of one causal body, without `num_logits_to_keep`, under other names.
 * @param attention `fused`: GroupQueryAttention; `concat`: the cache grows by Concat, as graphs traced from PyTorch have it
 */
export async function writeForeign(from: string, out: string, attention: 'fused' | 'concat'): Promise<void> {
  await cp(from, out, { recursive: true });
  await rm(join(out, 'manifest.json'));
  const files = await readdir(join(out, 'onnx'));
  const file = join(out, 'onnx', files.find((name) => /^decoder_model_merged.*\.onnx$/.test(name)) ?? '');
  const model = readModel(await readFile(file));
  inlineTextBody(model);
  dropLogitsToKeep(mainGraph(model));
  if (attention === 'concat')
    unfuseAttention(mainGraph(model), parseConfig(JSON.parse(await readFile(join(out, 'config.json'), 'utf8'))).text);
  rename(mainGraph(model), (name) => name.replace(/^rope\.(local|global)\.(cos|sin)$/, '$2_cache_$1'));
  removeDead(mainGraph(model));
  model.producerName = 'somebody';
  await writeFile(file, writeModel(model));
}

function inlineTextBody(model: ModelProto): void {
  const graph = mainGraph(model);
  const at = graph.node.findIndex(({ opType }) => opType === 'If');
  const node = graph.node[at];
  const body = node?.attribute.find(({ name }) => name === 'else_branch')?.g;
  if (!node || !body) throw new Error('the decoder has no If');
  const names = new Map(body.output.map(({ name }, index) => [name, node.output[index] ?? '']));
  rename(body, (name) => names.get(name) ?? name);
  graph.node.splice(at, 1, ...body.node);
}

function dropLogitsToKeep(graph: GraphProto): void {
  graph.input = graph.input.filter(({ name }) => name !== 'num_logits_to_keep');
  const keep = graph.node.find(({ name }) => name === '/lm_head/Keep');
  const [kept, all] = [keep?.output[0], keep?.input[0]];
  if (kept === undefined || all === undefined) throw new Error('the decoder does not cut its logits');
  graph.node = graph.node.filter(({ name }) => !/^\/lm_head\/(Keep|Start|Negative)$/.test(name));
  rename(graph, (name) => (name === kept ? all : name));
}

/** GroupQueryAttention spelled out: rotate, append to the cache, scores, mask, softmax, mix. */
function unfuseAttention(graph: GraphProto, config: TextConfig): void {
  const builder = new GraphBuilder('unfused');
  const { heads, keyValueHeads, headDim } = config;
  const ones = builder.node('Min', ['attention_mask', builder.int64([1])], { name: '/mask/Ones' });
  const length = (name: string) => `/lengths/${name}/output`;
  const bias = imageBias(builder, config, ones, {
    pastLength: length('Past'),
    newLength: length('New'),
    total: length('Total'),
    totalScalar: length('TotalScalar'),
    pastScalar: length('PastScalar'),
  });
  const first = graph.node.findIndex(({ opType }) => opType === 'GroupQueryAttention');
  const before = graph.node.splice(0, first);
  const nodes: NodeProto[] = [];
  for (const node of graph.node) {
    if (node.opType !== 'GroupQueryAttention') {
      nodes.push(node);
      continue;
    }
    const layer = new GraphBuilder('layer', builder);
    const [q = '', k = '', v = '', pastKey = '', pastValue = '', , , cos = '', sin = ''] = node.input;
    const [output = '', presentKey = '', presentValue = ''] = node.output;
    const isLocal = node.attribute.some(({ name }) => name === 'local_window_size');
    const step = (
      opType: string,
      inputs: string[],
      name: string,
      attributes: Record<string, { int: number } | { ints: number[] }> = {},
      outputs?: string[],
    ) => layer.node(opType, inputs, { name: `${node.name}/${name}`, attributes, ...(outputs ? { outputs } : {}) });
    const rotate = (x: string, count: number, name: string) =>
      layer.node('RotaryEmbedding', [x, length('Past'), cos, sin], {
        name: `${node.name}/${name}`,
        domain: 'com.microsoft',
        attributes: { num_heads: { int: count } },
      });
    const byHead = (x: string, count: number, name: string) =>
      step(
        'Transpose',
        [step('Reshape', [x, layer.int64([0, 0, count, headDim])], `${name}/Split`)],
        `${name}/HeadsFirst`,
        { perm: { ints: [0, 2, 1, 3] } },
      );
    const append = (past: string, x: string, name: string, present: string) =>
      step('Concat', [past, byHead(x, keyValueHeads, name)], `${name}/Append`, { axis: { int: 2 } }, [present]);
    const keys = append(pastKey, rotate(k, keyValueHeads, 'RotateKeys'), 'Keys', presentKey);
    const values = append(pastValue, v, 'Values', presentValue);
    const queries = byHead(rotate(q, heads, 'RotateQueries'), heads, 'Queries');
    const grouped = step('Reshape', [queries, layer.int64([0, keyValueHeads, -1, headDim])], 'Group');
    const scaled = step('Mul', [grouped, layer.float(config.queryPreAttnScalar ** -0.5)], 'Scale');
    const keysLast = step('Transpose', [keys], 'KeysLast', { perm: { ints: [0, 1, 3, 2] } });
    const scores = step('MatMul', [scaled, keysLast], 'Scores');
    const shape = (parts: string[], name: string) => step('Concat', parts, name, { axis: { int: 0 } });
    const perHead = shape([layer.int64([0, heads]), length('New'), layer.int64([-1])], 'PerHeadShape');
    const biased = step(
      'Add',
      [step('Reshape', [scores, perHead], 'PerHead'), bias[isLocal ? 'local' : 'global']],
      'Mask',
    );
    const weights = step('Softmax', [biased], 'Softmax', { axis: { int: -1 } });
    const perGroup = shape([layer.int64([0, keyValueHeads, -1]), length('Total')], 'PerGroupShape');
    const mixed = step('MatMul', [step('Reshape', [weights, perGroup], 'PerGroup'), values], 'Mix');
    const mixedShape = shape([layer.int64([0, heads]), length('New'), layer.int64([headDim])], 'MixedShape');
    const tokens = step('Transpose', [step('Reshape', [mixed, mixedShape], 'Mixed')], 'TokensFirst', {
      perm: { ints: [0, 2, 1, 3] },
    });
    step('Reshape', [tokens, layer.int64([0, 0, heads * headDim])], 'Join', {}, [output]);
    nodes.push(...layer.build().node);
  }
  const shared = builder.build();
  graph.node = [...before, ...shared.node, ...nodes];
  const known = new Set(graph.initializer.map(({ name }) => name));
  graph.initializer.push(...shared.initializer.filter(({ name }) => !known.has(name)));
}

/** Gives values other names, wherever they are read or written. */
function rename(graph: GraphProto, to: (name: string) => string): void {
  for (const node of graph.node) {
    node.input = node.input.map(to);
    node.output = node.output.map(to);
  }
  for (const tensor of graph.initializer) tensor.name = to(tensor.name);
  for (const info of graph.output) info.name = to(info.name);
}

/** Nodes and constants that nothing reads. */
function removeDead(graph: GraphProto): void {
  const read = new Set(graph.output.map(({ name }) => name));
  graph.node = graph.node
    .toReversed()
    .filter(({ input, output }) => {
      const isLive = output.some((name) => name !== '' && read.has(name));
      if (isLive) for (const name of input) read.add(name);
      return isLive;
    })
    .toReversed();
  graph.initializer = graph.initializer.filter(({ name }) => read.has(name));
}
