/**
 * Attention of the decoder. com.microsoft.GroupQueryAttention applies RoPE, appends to the KV cache and computes attention, but
 * only causal attention. The tokens of an image attend to each other in both directions, so a chunk with image tokens uses
 * GroupQueryAttention for RoPE and the cache only, and computes attention with an explicit mask.
 */
import { castTo, type Weights } from './linear.ts';
import type { TextConfig } from './config.ts';
import type { GraphBuilder, Value } from '../onnx/builder.ts';

/** Values that are computed once per run and read by every layer. */
export interface RunValues {
  /** int32 [batch]: total length − 1. */
  seqlensK: Value;
  /** int32 scalar: cached and new tokens together. */
  totalLength: Value;
  /** cos and sin tables for local and global layers, [positions, headDim / 2] in the compute type. */
  rope: Record<'local' | 'global', { cos: Value; sin: Value }>;
  /** Set only for chunks with image tokens. */
  image: ImageValues | undefined;
}

export interface ImageValues {
  /** int64 [1] each: number of cached tokens, of new tokens, and their sum. */
  pastLength: Value;
  newLength: Value;
  total: Value;
  /** float32 [batch, 1, new, total]: 0 where attention is allowed, a large negative number elsewhere. */
  bias: Record<'local' | 'global', Value>;
}

/**
 * @param q k v — [batch, new, heads · headDim], q and k normalised, before RoPE, in the compute type
 * @returns attention output [batch, new, heads · headDim], compute type. Writes present keys and values under the given names.
 */
export function attention(
  graph: GraphBuilder,
  weights: Weights,
  config: TextConfig,
  layer: number,
  run: RunValues,
  input: { q: Value; k: Value; v: Value; pastKey: Value; pastValue: Value; presentKey: Value; presentValue: Value },
): Value {
  const name = `/model/layers.${layer}/self_attn`;
  const isLocal = config.isLocal[layer] === true;
  const rope = run.rope[isLocal ? 'local' : 'global'];
  // Not `** -0.5`: engines differ in its last bit, and the constant's name has all digits.
  const scale = 1 / Math.sqrt(config.queryPreAttnScalar);
  const output = graph.local(`${name}/GroupQueryAttention/output`);
  graph.nodes(
    'GroupQueryAttention',
    [input.q, input.k, input.v, input.pastKey, input.pastValue, run.seqlensK, run.totalLength, rope.cos, rope.sin],
    {
      name: `${name}/GroupQueryAttention`,
      domain: 'com.microsoft',
      attributes: {
        num_heads: { int: config.heads },
        kv_num_heads: { int: config.keyValueHeads },
        scale: { float: scale },
        do_rotary: { int: 1 },
        rotary_interleaved: { int: 0 },
        ...(isLocal ? { local_window_size: { int: config.slidingWindow } } : {}),
      },
      outputs: [output, input.presentKey, input.presentValue],
    },
  );
  if (!run.image) return output;

  const { heads, keyValueHeads, headDim } = config;
  const image = run.image;
  const reshape = (x: Value, shape: Value, step: string) =>
    graph.node('Reshape', [x, shape], { name: `${name}/${step}` });
  const transpose = (x: Value, perm: number[], step: string) =>
    graph.node('Transpose', [x], { name: `${name}/${step}`, attributes: { perm: { ints: perm } } });
  const rotated = graph.node('RotaryEmbedding', [input.q, image.pastLength, rope.cos, rope.sin], {
    name: `${name}/RotaryEmbedding`,
    domain: 'com.microsoft',
    attributes: { num_heads: { int: heads } },
  });
  // Groups the query heads that share a key head: [batch, keyValueHeads, group · new, headDim].
  const split = reshape(rotated, graph.int64([0, 0, heads, headDim]), 'SplitHeads');
  const byHead = transpose(split, [0, 2, 1, 3], 'HeadsFirst');
  const grouped = reshape(byHead, graph.int64([0, keyValueHeads, -1, headDim]), 'GroupHeads');
  const q = weights.uncast(graph, grouped, `${name}/q`);
  const scaled = graph.node('Mul', [q, graph.float(scale)], { name: `${name}/Scale` });
  // A static cache is longer than its filled part.
  const filled = (cache: Value, step: string) => {
    const cut = graph.node('Slice', [cache, graph.int64([0]), image.total, graph.int64([2])], {
      name: `${name}/${step}`,
    });
    return weights.uncast(graph, cut, `${name}/${step}`);
  };
  const keys = transpose(filled(input.presentKey, 'FilledKeys'), [0, 1, 3, 2], 'TransposeKeys');
  const scores = graph.node('MatMul', [scaled, keys], { name: `${name}/Scores` });
  const perHeadShape = graph.node('Concat', [graph.int64([0, heads]), image.newLength, graph.int64([-1])], {
    name: `${name}/PerHeadShape`,
    attributes: { axis: { int: 0 } },
  });
  const perHead = reshape(scores, perHeadShape, 'PerHead');
  const biased = graph.node('Add', [perHead, image.bias[isLocal ? 'local' : 'global']], { name: `${name}/Mask` });
  const probabilities = graph.node('Softmax', [biased], { name: `${name}/Softmax`, attributes: { axis: { int: -1 } } });
  const perGroupShape = graph.node('Concat', [graph.int64([0, keyValueHeads, -1]), image.total], {
    name: `${name}/PerGroupShape`,
    attributes: { axis: { int: 0 } },
  });
  const perGroup = reshape(probabilities, perGroupShape, 'PerGroup');
  const mixed = graph.node('MatMul', [perGroup, filled(input.presentValue, 'FilledValues')], { name: `${name}/Mix` });
  const mixedShape = graph.node('Concat', [graph.int64([0, heads]), image.newLength, graph.int64([headDim])], {
    name: `${name}/MixedShape`,
    attributes: { axis: { int: 0 } },
  });
  const mixedHeads = transpose(reshape(mixed, mixedShape, 'MixedHeads'), [0, 2, 1, 3], 'TokensFirst');
  return weights.cast(
    graph,
    reshape(mixedHeads, graph.int64([0, 0, heads * headDim]), 'JoinHeads'),
    `${name}/attention`,
  );
}

/**
 * Masks for a chunk with image tokens. A key is visible when it is not later than the query or belongs to the same image;
 * in local layers it must also lie inside the sliding window; its start also limits tokens of the same image
 * (Hugging Face masking_utils.py: sliding_window_overlay and (causal_mask or image block)).
 *
 * @param attentionMask — int64 [batch, total]: 1 is text, 2, 3, … number the images
 */
export function imageBias(
  graph: GraphBuilder,
  config: TextConfig,
  attentionMask: Value,
  lengths: { pastLength: Value; newLength: Value; total: Value; totalScalar: Value; pastScalar: Value },
): Record<'local' | 'global', Value> {
  const name = (step: string) => ({ name: `/image_mask/${step}` });
  const unsqueeze = (x: Value, axes: number[], step: string) =>
    graph.node('Unsqueeze', [x, graph.int64(axes)], name(step));
  const newMask = graph.node(
    'Slice',
    [attentionMask, lengths.pastLength, lengths.total, graph.int64([1])],
    name('NewMask'),
  );
  const queryImage = unsqueeze(newMask, [1, 3], 'QueryImage');
  const keyImage = unsqueeze(attentionMask, [1, 2], 'KeyImage');
  const isImage = graph.node('Greater', [queryImage, graph.int64(1)], name('IsImage'));
  const equal = graph.node('Equal', [queryImage, keyImage], name('Equal'));
  const sameImage = graph.node('And', [equal, isImage], name('SameImage'));
  const range = (from: Value, step: string) =>
    graph.node('Range', [from, lengths.totalScalar, graph.int64(1)], name(step));
  const keyPosition = unsqueeze(range(graph.int64(0), 'Keys'), [0, 1, 2], 'KeyPosition');
  const queryPosition = unsqueeze(range(lengths.pastScalar, 'Queries'), [0, 1, 3], 'QueryPosition');
  const causal = graph.node('LessOrEqual', [keyPosition, queryPosition], name('Causal'));
  const windowStart = graph.node('Sub', [queryPosition, graph.int64(config.slidingWindow)], name('WindowStart'));
  const inWindow = graph.node('Greater', [keyPosition, windowStart], name('InWindow'));
  const visible = graph.node('Or', [causal, sameImage], name('Visible'));
  const visibleInWindow = graph.node('And', [visible, inWindow], name('VisibleInWindow'));
  const bias = (allowed: Value, step: string) =>
    graph.node('Where', [allowed, graph.float(0), graph.float(-1e30)], name(`${step}Bias`));
  return { local: bias(visibleInWindow, 'Local'), global: bias(visible, 'Global') };
}

/** int64 lengths of this run from the shapes of the mask [batch, total] and the new embeddings [batch, new, hidden]. */
export function runLengths(graph: GraphBuilder, attentionMask: Value, inputsEmbeds: Value) {
  const name = (step: string) => ({ name: `/lengths/${step}` });
  const dimension = (x: Value, step: string) =>
    graph.node('Gather', [graph.node('Shape', [x], name(`${step}Shape`)), graph.int64([1])], {
      ...name(step),
      attributes: { axis: { int: 0 } },
    });
  const scalar = (x: Value, step: string) => graph.node('Squeeze', [x, graph.int64([0])], name(step));
  const total = dimension(attentionMask, 'Total');
  const newLength = dimension(inputsEmbeds, 'New');
  const pastLength = graph.node('Sub', [total, newLength], name('Past'));
  const totalScalar = scalar(total, 'TotalScalar');
  const pastScalar = scalar(pastLength, 'PastScalar');
  const totalLength = castTo(graph, totalScalar, 'int32', '/lengths/TotalInt32');
  const last = castTo(graph, graph.node('Sub', [total, graph.int64([1])], name('Last')), 'int32', '/lengths/LastInt32');
  return { total, newLength, pastLength, totalScalar, pastScalar, totalLength, last };
}
