/** Small graphs that ask the runtime one question each. */
import { bytesOf, GraphBuilder, makeModel } from '#core/onnx/builder.ts';
import { placeExternally, type ExternalTensor } from '#core/onnx/external.ts';
import { writeModel } from '#core/onnx/model.ts';

const contrib = 'com.microsoft' as const;
const finish = (graph: GraphBuilder) => writeModel(makeModel(graph.build(), 'test'));

/** y = x + 1 */
export function addOne(): Uint8Array<ArrayBuffer> {
  const graph = new GraphBuilder('add');
  const x = graph.input('x', 'float32', ['n']);
  graph.node('Add', [x, graph.float(1)], { name: 'add', outputs: ['y'] });
  graph.output('y', 'float32', ['n']);
  return finish(graph);
}

/** A chain y = x · W0 · W1 · …, each W [size, size] float32 in one external file. */
export function chain(size: number, count: number): { model: Uint8Array<ArrayBuffer>; file: string } {
  const graph = new GraphBuilder('chain');
  let x = graph.input('x', 'float32', [1, size]);
  const tensors: ExternalTensor[] = [];
  for (let i = 0; i < count; i++) {
    tensors.push({ name: `w${i}`, type: 'float32', dims: [size, size] });
    x = graph.node('MatMul', [x, `w${i}`], { name: `m${i}`, outputs: [i === count - 1 ? 'y' : `x${i}`] });
  }
  graph.output('y', 'float32', [1, size]);
  const model = makeModel(graph.build(), 'test');
  const [file] = placeExternally(model, tensors, 'chain.onnx');
  if (!file || file.places.some(({ offset }, i) => offset !== i * size * size * 4))
    throw new Error('one file, no gaps');
  return { model: writeModel(model), file: file.name };
}

export const TIED = { vocabulary: 512, hidden: 64, block: 32 };

/** Embedding and output head as quantized inputs, then the greedy id: ids int64 [1, s] → next int64 [1, s]. */
export function tiedHead(): Uint8Array<ArrayBuffer> {
  const { vocabulary, hidden, block } = TIED;
  const blocks = hidden / block;
  const graph = new GraphBuilder('tied');
  const ids = graph.input('ids', 'int64', [1, 's']);
  const table = graph.input('table', 'uint8', [vocabulary, hidden / 2]);
  const head = graph.input('head', 'uint8', [vocabulary, blocks, block / 2]);
  const tableScales = graph.input('table_scales', 'float32', [vocabulary, blocks]);
  const headScales = graph.input('head_scales', 'float32', [vocabulary * blocks]);
  const x = graph.node('GatherBlockQuantized', [table, ids, tableScales], {
    name: 'embed',
    domain: contrib,
    attributes: { bits: { int: 4 }, block_size: { int: block }, quantize_axis: { int: 1 }, gather_axis: { int: 0 } },
  });
  const logits = graph.node('MatMulNBits', [x, head, headScales], {
    name: 'lm_head',
    domain: contrib,
    attributes: {
      K: { int: hidden },
      N: { int: vocabulary },
      bits: { int: 4 },
      block_size: { int: block },
      accuracy_level: { int: 1 },
    },
  });
  graph.node('ArgMax', [logits], {
    name: 'next',
    outputs: ['next'],
    attributes: { axis: { int: -1 }, keepdims: { int: 0 } },
  });
  graph.output('next', 'int64', [1, 's']);
  return finish(graph);
}

export const ATTENTION = { heads: 4, kvHeads: 2, headDim: 32, context: 32, window: 6 };

/** GroupQueryAttention with RoPE and QK norm in both bodies of an If: `windowed` true slides, false sees everything. */
export function attentionIf(): Uint8Array<ArrayBuffer> {
  const { heads, kvHeads, headDim, context, window } = ATTENTION;
  const graph = new GraphBuilder('attention');
  const windowed = graph.input('windowed', 'bool', []);
  const q = graph.input('q', 'float32', [1, 's', heads * headDim]);
  const k = graph.input('k', 'float32', [1, 's', kvHeads * headDim]);
  const v = graph.input('v', 'float32', [1, 's', kvHeads * headDim]);
  const pastKey = graph.input('past_key', 'float32', [1, kvHeads, 'past', headDim]);
  const pastValue = graph.input('past_value', 'float32', [1, kvHeads, 'past', headDim]);
  const seqlens = graph.input('seqlens_k', 'int32', [1]);
  const total = graph.input('total', 'int32', []);
  const angle = (i: number) => Math.floor(i / (headDim / 2)) / 10000 ** ((2 * (i % (headDim / 2))) / headDim);
  const cache = (f: (x: number) => number) =>
    bytesOf(Float32Array.from({ length: (context * headDim) / 2 }, (_, i) => f(angle(i))));
  const cos = graph.constant('cos', 'float32', [context, headDim / 2], cache(Math.cos));
  const sin = graph.constant('sin', 'float32', [context, headDim / 2], cache(Math.sin));
  const norm = graph.constant('norm', 'float32', [headDim], bytesOf(new Float32Array(headDim).fill(1.1)));
  const body = (name: string, localWindow: number) => {
    const inner = graph.body(name, `${name}/`);
    const inputs = [q, k, v, pastKey, pastValue, seqlens, total, cos, sin, '', '', '', '', '', norm, norm];
    const outputs = ['o', 'key', 'value'].map((output) => inner.local(output));
    inner.nodes('GroupQueryAttention', inputs, {
      name: 'gqa',
      domain: contrib,
      outputs,
      attributes: {
        num_heads: { int: heads },
        kv_num_heads: { int: kvHeads },
        do_rotary: { int: 1 },
        local_window_size: { int: localWindow },
      },
    });
    for (const output of outputs)
      inner.output(output, 'float32', ['a', 'b', 'c', 'd'].slice(output.endsWith('/o') ? 1 : 0));
    return inner.build();
  };
  graph.nodes('If', [windowed], {
    name: 'if',
    outputs: ['o', 'present_key', 'present_value'],
    attributes: { then_branch: { graph: body('then', window) }, else_branch: { graph: body('else', -1) } },
  });
  graph.output('o', 'float32', [1, 's', heads * headDim]);
  graph.output('present_key', 'float32', [1, kvHeads, 'present', headDim]);
  graph.output('present_value', 'float32', [1, kvHeads, 'present', headDim]);
  return finish(graph);
}

export const STEP = { vocabulary: 64, hidden: 32, heads: 4, kvHeads: 2, headDim: 32, context: 32 };

/**
 * A decoder of one layer that takes a token id: ids int64 [1, s] → next_token int64 [1, s], logits, present_key, present_value.
 * @param window sliding window of its attention; −1: no window
 * @param copied `next_token` is a copy of the choice
 */
export function decodeStep(
  window: number,
  copied: boolean,
  noise: (length: number, seed: number) => Float32Array<ArrayBuffer>,
) {
  const { vocabulary, hidden, heads, kvHeads, headDim, context } = STEP;
  const graph = new GraphBuilder('step');
  const ids = graph.input('input_ids', 'int64', [1, 's']);
  const seqlens = graph.input('seqlens_k', 'int32', [1]);
  const total = graph.input('total_sequence_length', 'int32', []);
  const pastKey = graph.input('past_key', 'float32', [1, kvHeads, 'past', headDim]);
  const pastValue = graph.input('past_value', 'float32', [1, kvHeads, 'past', headDim]);
  const matrix = (name: string, rows: number, columns: number, seed: number) =>
    graph.constant(name, 'float32', [rows, columns], bytesOf(noise(rows * columns, seed)));
  const x = graph.node('Gather', [matrix('table', vocabulary, hidden, 1), ids], { name: 'embed' });
  const project = (name: string, width: number, seed: number) =>
    graph.node('MatMul', [x, matrix(`${name}_weight`, hidden, width, seed)], { name });
  const angle = (i: number) => Math.floor(i / (headDim / 2)) / 10000 ** ((2 * (i % (headDim / 2))) / headDim);
  const rope = (name: string, f: (x: number) => number) =>
    graph.constant(
      name,
      'float32',
      [context, headDim / 2],
      bytesOf(Float32Array.from({ length: (context * headDim) / 2 }, (_, i) => f(angle(i)))),
    );
  const [attended = ''] = graph.nodes(
    'GroupQueryAttention',
    [
      ...[project('q', heads * headDim, 2), project('k', kvHeads * headDim, 3), project('v', kvHeads * headDim, 4)],
      ...[pastKey, pastValue, seqlens, total, rope('cos', Math.cos), rope('sin', Math.sin)],
    ],
    {
      name: 'gqa',
      domain: contrib,
      outputs: ['attended', 'present_key', 'present_value'],
      attributes: {
        num_heads: { int: heads },
        kv_num_heads: { int: kvHeads },
        do_rotary: { int: 1 },
        ...(window > 0 ? { local_window_size: { int: window } } : {}),
      },
    },
  );
  graph.node('MatMul', [attended, matrix('head', heads * headDim, vocabulary, 5)], {
    name: 'head',
    outputs: ['logits'],
  });
  const choice = copied ? 'choice' : 'next_token';
  graph.node('ArgMax', ['logits'], {
    name: 'argmax',
    outputs: [choice],
    attributes: { axis: { int: -1 }, keepdims: { int: 0 } },
  });
  if (copied) graph.node('Identity', [choice], { name: 'copy', outputs: ['next_token'] });
  graph.output('next_token', 'int64', [1, 's']);
  graph.output('logits', 'float32', [1, 's', vocabulary]);
  for (const part of ['key', 'value']) graph.output(`present_${part}`, 'float32', [1, kvHeads, 'present', headDim]);
  return finish(graph);
}
