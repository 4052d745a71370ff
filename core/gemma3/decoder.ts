/**
 * The decoder as one ONNX graph: Gemma 3 report (arXiv 2503.19786) and Hugging Face modeling_gemma3.py.
 *
 * The graph is an `If` with two complete bodies that share the weights of the outer graph: one for text chunks, with causal
 * attention in the fused operator, and one for chunks with image tokens. Batch size 1.
 */
import { GraphBuilder, makeModel, type Value } from '../onnx/builder.ts';
import type { TextConfig } from './config.ts';
import { attention, imageBias, runLengths, type RunValues } from './attention.ts';
import { embedTokens } from './embedding.ts';
import { withinHalf } from './half-range.ts';
import { ropeTables, Weights } from './linear.ts';
import type { Precision } from './precision.ts';
import { producer, type FloatType, type GraphFile } from './stored.ts';

export interface DecoderOptions {
  precision: Precision;
  /** Positions in the RoPE tables, the maximum context length of the file. */
  positions: number;
  /** `ids`: takes token ids (text-only checkpoints). `embeddings`: takes the output of embed_tokens.onnx. */
  input: 'ids' | 'embeddings';
}

/**
 * Inputs: inputs_embeds float32 [1, new, hidden] (or input_ids int64 [1, new]); attention_mask int64 [1, total], 1 for
 * text and 2, 3, … for the tokens of each image; num_logits_to_keep int64 [], 0 keeps all;
 * past_key_values.{layer}.key/value [1, keyValueHeads, past, headDim].
 * Outputs: logits float32 [1, kept, vocabulary]; present.{layer}.key/value. The cache may be longer than its filled
 * part (static cache): then past and present are the same buffer.
 */
export function decoderGraph(config: TextConfig, options: DecoderOptions): GraphFile {
  const weights = new Weights(options.precision);
  const graph = new GraphBuilder('decoder');
  const hidden = config.hiddenSize;
  const embeds =
    options.input === 'ids'
      ? embedTokens(graph, weights, config, graph.input('input_ids', 'int64', ['batch_size', 'sequence_length']))
      : graph.input('inputs_embeds', 'float32', ['batch_size', 'sequence_length', hidden]);
  const mask = graph.input('attention_mask', 'int64', ['batch_size', 'total_sequence_length']);
  const keep = graph.input('num_logits_to_keep', 'int64', []);
  const cacheShape = ['batch_size', config.keyValueHeads, 'past_sequence_length', config.headDim];
  const presentShape = ['batch_size', config.keyValueHeads, 'present_sequence_length', config.headDim];
  for (let layer = 0; layer < config.layers; layer++)
    for (const part of ['key', 'value'])
      graph.input(`past_key_values.${layer}.${part}`, weights.computeElement, cacheShape);

  const lengths = runLengths(graph, mask, embeds);
  const rope = ropeConstants(graph, weights, config, options.positions);
  const text: RunValues = { seqlensK: lengths.last, totalLength: lengths.totalLength, rope, image: undefined };

  const newMask = graph.node('Slice', [mask, lengths.pastLength, lengths.total, graph.int64([1])], {
    name: '/if/NewMask',
  });
  const highest = graph.node('ReduceMax', [newMask], { name: '/if/Highest', attributes: { keepdims: { int: 0 } } });
  const hasImage = graph.node('Greater', [highest, graph.int64(1)], { name: '/if/HasImage' });

  const textBody = graph.body('text', '');
  layers(textBody, weights, config, embeds, text);
  const imageBody = graph.body('image', '/image');
  const bias = imageBias(imageBody, config, mask, lengths);
  layers(imageBody, weights, config, embeds, { ...text, image: { ...lengths, bias } });
  // layers() prefixes its output names with `local`, so they differ between the bodies; an If matches outputs by position.
  const presents = Array.from({ length: config.layers }, (_, layer) => [
    `present.${layer}.key`,
    `present.${layer}.value`,
  ]);
  graph.nodes('If', [hasImage], {
    name: '/model/If',
    attributes: { then_branch: { graph: imageBody.build() }, else_branch: { graph: textBody.build() } },
    outputs: ['hidden_states', ...presents.flat()],
  });

  const last = graph.node('Unsqueeze', [graph.node('Neg', [keep], { name: '/lm_head/Negative' }), graph.int64([0])], {
    name: '/lm_head/Start',
  });
  const end = graph.int64([2 ** 31 - 1]);
  const kept = graph.node('Slice', ['hidden_states', last, end, graph.int64([1])], { name: '/lm_head/Keep' });
  head(graph, weights, config, kept);
  graph.output('logits', 'float32', ['batch_size', 'num_logits', config.vocabularySize]);
  for (const name of presents.flat()) graph.output(name, weights.computeElement, presentShape);
  return {
    name: options.input === 'ids' ? 'model' : 'decoder_model_merged',
    model: makeModel(graph.build(), producer),
    weights: weights.stored,
    unquantized: weights.unquantized,
  };
}

function ropeConstants(
  graph: GraphBuilder,
  weights: Weights,
  config: TextConfig,
  positions: number,
): RunValues['rope'] {
  const make = (kind: 'local' | 'global', theta: number, factor: number) => {
    const { cos, sin } = ropeTables(positions, config.headDim, theta, factor);
    const constant = (part: 'cos' | 'sin', table: Float32Array<ArrayBuffer>) =>
      weights.constant(graph, `rope.${kind}.${part}`, [positions, config.headDim / 2], table);
    return { cos: constant('cos', cos), sin: constant('sin', sin) };
  };
  return {
    local: make('local', config.ropeLocalTheta, 1),
    global: make('global', config.ropeTheta, config.ropeFactor),
  };
}

/** All layers and the final norm: an If body with outputs hidden, present.0.key, present.0.value, … */
function layers(graph: GraphBuilder, weights: Weights, config: TextConfig, embeds: Value, run: RunValues): void {
  const hiddenShape = ['batch_size', 'sequence_length', config.hiddenSize];
  const eps = { epsilon: { float: config.rmsNormEps } };
  const norm = (x: Value, scale: Value, name: string) =>
    graph.node('SimplifiedLayerNormalization', [x, scale], {
      name,
      attributes: { ...eps, axis: { int: -1 }, stash_type: { int: 1 } },
    });
  const hiddenNorm = (x: Value, parameter: string, name: string) =>
    norm(x, weights.float32(parameter, [config.hiddenSize], 'plus-one'), name);
  /** residual + x, and its norm. */
  const addNorm = (residual: Value, x: Value, parameter: string, name: string): { normed: Value; sum: Value } => {
    const normed = graph.local(`${name}/output`);
    const sum = graph.local(`${name}/sum`);
    graph.nodes(
      'SkipSimplifiedLayerNormalization',
      [residual, x, weights.float32(parameter, [config.hiddenSize], 'plus-one')],
      {
        name,
        domain: 'com.microsoft',
        attributes: eps,
        outputs: [normed, '', '', sum],
      },
    );
    return { normed, sum };
  };

  let residual = embeds;
  let normed = hiddenNorm(
    embeds,
    'model.layers.0.input_layernorm.weight',
    '/model/layers.0/input_layernorm/SimplifiedLayerNormalization',
  );
  const presents: string[] = [];
  for (let layer = 0; layer < config.layers; layer++) {
    const key = `model.layers.${layer}`;
    const path = `/model/layers.${layer}`;
    const projection = (x: Value, module: string, rows: number, columns: number, type?: FloatType) =>
      weights.product(
        graph,
        x,
        { parameter: `${key}.${module}.weight`, rows, columns },
        `${path}/${module.replace('.', '/')}`,
        type,
      );
    const headNorm = (x: Value, module: 'q_norm' | 'k_norm', heads: number) => {
      const name = `${path}/self_attn/${module}`;
      const split = graph.node('Reshape', [x, graph.int64([0, 0, heads, config.headDim])], { name: `${name}/Split` });
      // In the compute type, which attention needs anyway; the operator adds up in float32.
      const scaled = norm(
        split,
        weights.inCompute(graph, `${key}.self_attn.${module}.weight`, [config.headDim], 'plus-one'),
        `${name}/SimplifiedLayerNormalization`,
      );
      return graph.node('Reshape', [scaled, graph.int64([0, 0, heads * config.headDim])], { name: `${name}/Join` });
    };

    const queries = config.heads * config.headDim;
    const keys = config.keyValueHeads * config.headDim;
    const x = weights.cast(graph, normed, `${path}/self_attn/input`);
    const presentKey = graph.local(`present.${layer}.key/body`);
    const presentValue = graph.local(`present.${layer}.value/body`);
    presents.push(presentKey, presentValue);
    const attended = attention(graph, weights, config, layer, run, {
      q: headNorm(projection(x, 'self_attn.q_proj', queries, config.hiddenSize), 'q_norm', config.heads),
      k: headNorm(projection(x, 'self_attn.k_proj', keys, config.hiddenSize), 'k_norm', config.keyValueHeads),
      v: projection(x, 'self_attn.v_proj', keys, config.hiddenSize),
      pastKey: `past_key_values.${layer}.key`,
      pastValue: `past_key_values.${layer}.value`,
      presentKey,
      presentValue,
    });
    const o = weights.uncast(
      graph,
      projection(attended, 'self_attn.o_proj', config.hiddenSize, queries),
      `${path}/self_attn/o_proj`,
    );
    const afterAttention = hiddenNorm(
      o,
      `${key}.post_attention_layernorm.weight`,
      `${path}/post_attention_layernorm/SimplifiedLayerNormalization`,
    );
    const middle = addNorm(
      residual,
      afterAttention,
      `${key}.pre_feedforward_layernorm.weight`,
      `${path}/pre_feedforward_layernorm/SkipSimplifiedLayerNormalization`,
    );
    const [gate, up] = gateAndUp(graph, weights, middle.normed, `${path}/mlp`, (x, module, type) =>
      projection(x, `mlp.${module}_proj`, config.intermediateSize, config.hiddenSize, type),
    );
    const activated = graph.node('FastGelu', [gate], { name: `${path}/mlp/act_fn/FastGelu`, domain: 'com.microsoft' });
    const gated = graph.node('Mul', [activated, up], { name: `${path}/mlp/Mul` });
    const down = downProduct(graph, weights, gated, `${path}/mlp`, (x, type) =>
      projection(x, 'mlp.down_proj', config.hiddenSize, config.intermediateSize, type),
    );
    const afterMlp = hiddenNorm(
      down,
      `${key}.post_feedforward_layernorm.weight`,
      `${path}/post_feedforward_layernorm/SimplifiedLayerNormalization`,
    );
    const isLast = layer + 1 === config.layers;
    const next = addNorm(
      middle.sum,
      afterMlp,
      isLast ? 'model.norm.weight' : `model.layers.${layer + 1}.input_layernorm.weight`,
      isLast
        ? '/model/norm/SkipSimplifiedLayerNormalization'
        : `/model/layers.${layer + 1}/input_layernorm/SkipSimplifiedLayerNormalization`,
    );
    residual = next.sum;
    normed = next.normed;
  }
  graph.output(normed, 'float32', hiddenShape);
  for (const present of presents)
    graph.output(present, weights.computeElement, [
      'batch_size',
      config.keyValueHeads,
      'present_sequence_length',
      config.headDim,
    ]);
}

/**
 * x · Wᵀ of gate and up, float32. Blocks are multiplied in float32: their results come near the end of float16, and three Casts
 * a layer cost more than wider scales. Matrices of float16 values are multiplied in float16.
 */
function gateAndUp(
  graph: GraphBuilder,
  weights: Weights,
  x: Value,
  name: string,
  product: (x: Value, module: 'gate' | 'up', type: FloatType) => Value,
): [gate: Value, up: Value] {
  if (weights.precision.floats === 'fp32') return [product(x, 'gate', 'fp32'), product(x, 'up', 'fp32')];
  const half = weights.cast(graph, x, `${name}/input`);
  const wide = (module: 'gate' | 'up') => weights.uncast(graph, product(half, module, 'fp16'), `${name}/${module}`);
  return [wide('gate'), wide('up')];
}

/**
 * gated · Wᵀ in float32, though the gated values exceed float16. Blocks are multiplied in float32, which costs nothing but wider
 * scales; a matrix of float16 values is multiplied in float16, the values scaled.
 */
function downProduct(
  graph: GraphBuilder,
  weights: Weights,
  gated: Value,
  name: string,
  product: (x: Value, type: FloatType) => Value,
): Value {
  if (weights.precision.floats === 'fp32') return product(gated, 'fp32');
  const { scaled, divisor } = withinHalf(graph, gated, `${name}/range`);
  const half = product(weights.cast(graph, scaled, `${name}/gated`), 'fp16');
  const wide = weights.uncast(graph, half, `${name}/down_proj`);
  return graph.node('Mul', [wide, divisor], { name: `${name}/range/Mul` });
}

/** logits = hidden · Eᵀ with the embedding table E (tied) or a separate output matrix. */
function head(graph: GraphBuilder, weights: Weights, config: TextConfig, hidden: Value): void {
  const parameter = config.tiedEmbedding ? 'model.embed_tokens.weight' : 'lm_head.weight';
  const matrix = { parameter, rows: config.vocabularySize, columns: config.hiddenSize };
  const name = '/lm_head';
  // In float32: among logits around 30, float16 has no values between steps of 0.016, and the largest would be shared.
  const blocks = weights.blocks(graph, matrix, 'product', 'fp32');
  if (blocks) {
    weights.blockProduct(graph, hidden, matrix, blocks, name, ['logits']);
    return;
  }
  const isHalf = weights.precision.floats === 'fp16';
  const compute = isHalf ? weights.cast(graph, hidden, name) : hidden;
  // Gemm takes the untransposed table, [vocabulary, hidden], so that head and embedding share the same bytes.
  const table = weights.table(parameter, matrix.rows, matrix.columns);
  const flat = graph.node('Reshape', [compute, graph.int64([-1, config.hiddenSize])], { name: `${name}/Flatten` });
  const product = graph.node('Gemm', [flat, table], { name: `${name}/Gemm`, attributes: { transB: { int: 1 } } });
  const wide = isHalf ? weights.uncast(graph, product, name) : product;
  graph.node('Unsqueeze', [wide, graph.int64([0])], { name: `${name}/Unflatten`, outputs: ['logits'] });
}
