/**
 * The image path: SigLIP (arXiv 2303.15343) without its pooling head, averaged to tokensPerImage tokens, normalised and
 * projected to the decoder's width. Hugging Face modeling_siglip.py and Gemma3MultiModalProjector.
 */
import { GraphBuilder, makeModel, type Value } from '../onnx/builder.ts';
import type { Gemma3Config, VisionConfig } from './config.ts';
import { Weights, type Matrix } from './linear.ts';
import type { Precision } from './precision.ts';
import { producer, type GraphFile } from './stored.ts';

type PaddedSize = Pick<Matrix, 'paddedRows' | 'paddedColumns'>;

const tower = 'vision_tower.vision_model';

/**
 * vision_encoder.onnx: pixel_values float32 [images, channels, size, size] → image_features float32 [images, tokens,
 * hidden].
 */
export function visionGraph(config: Gemma3Config & { vision: VisionConfig }, precision: Precision): GraphFile {
  const { vision, text } = config;
  const weights = new Weights(precision);
  const graph = new GraphBuilder('vision_encoder');
  const pixels = graph.input('pixel_values', 'float32', [
    'batch_size',
    vision.channels,
    vision.imageSize,
    vision.imageSize,
  ]);

  let x = patches(graph, weights, vision, pixels);
  for (let layer = 0; layer < vision.layers; layer++) x = encoderLayer(graph, weights, vision, layer, x);
  x = layerNorm(graph, weights, vision, x, `${tower}.post_layernorm`, '/vision/post_layernorm');
  x = pool(graph, vision, x);
  const normed = graph.node(
    'SimplifiedLayerNormalization',
    [x, weights.float32('multi_modal_projector.mm_soft_emb_norm.weight', [vision.hiddenSize], 'plus-one')],
    {
      name: '/projector/norm/SimplifiedLayerNormalization',
      // modeling_gemma3.py uses the vision tower's epsilon for this norm.
      attributes: { epsilon: { float: vision.layerNormEps }, axis: { int: -1 }, stash_type: { int: 1 } },
    },
  );
  const features = weights.linear(
    graph,
    normed,
    {
      parameter: 'multi_modal_projector.mm_input_projection_weight',
      rows: text.hiddenSize,
      columns: vision.hiddenSize,
      storedTransposed: true,
    },
    '/projector/projection',
  );
  graph.node('Identity', [features], { name: '/projector/Features', outputs: ['image_features'] });
  graph.output('image_features', 'float32', ['batch_size', vision.tokensPerImage, text.hiddenSize]);
  return {
    name: 'vision_encoder',
    model: makeModel(graph.build(), producer),
    weights: weights.stored,
    unquantized: weights.unquantized,
  };
}

/** [images, channels, size, size] → [images, patches, width] with position embeddings. */
function patches(graph: GraphBuilder, weights: Weights, vision: VisionConfig, pixels: Value): Value {
  const side = Math.floor(vision.imageSize / vision.patchSize);
  const { patchSize: p, hiddenSize: width } = vision;
  const kernel = weights.float32(`${tower}.embeddings.patch_embedding.weight`, [width, vision.channels, p, p]);
  const bias = weights.float32(`${tower}.embeddings.patch_embedding.bias`, [width]);
  const convolved = graph.node('Conv', [pixels, kernel, bias], {
    name: '/vision/patch_embedding/Conv',
    attributes: { kernel_shape: { ints: [p, p] }, strides: { ints: [p, p] } },
  });
  const flat = graph.node('Reshape', [convolved, graph.int64([0, width, side * side])], {
    name: '/vision/patch_embedding/Flatten',
  });
  const tokens = graph.node('Transpose', [flat], {
    name: '/vision/patch_embedding/Transpose',
    attributes: { perm: { ints: [0, 2, 1] } },
  });
  const positions = weights.float32(`${tower}.embeddings.position_embedding.weight`, [side * side, width]);
  return graph.node('Add', [tokens, positions], { name: '/vision/position_embedding/Add' });
}

function encoderLayer(graph: GraphBuilder, weights: Weights, vision: VisionConfig, layer: number, x: Value): Value {
  const key = `${tower}.encoder.layers.${layer}`;
  const path = `/vision/layers.${layer}`;
  const { hiddenSize: width, intermediateSize: inner } = vision;
  // SigLIP's 4304 is not a multiple of 32. Zero padding of fc1's rows and biases and fc2's columns allows quantizing fc2; since
  // GELU(0) = 0, it does not change results (docs/decisions/0003-vision-precision.md).
  const paddedInner = weights.wholeBlocks(inner, `${key}.mlp.fc2.weight`);
  const affine = (input: Value, module: string, rows: number, columns: number, padded: PaddedSize = {}) =>
    weights.linear(
      graph,
      input,
      { parameter: `${key}.${module}.weight`, rows, columns, ...padded },
      `${path}/${module.replace('.', '/')}`,
      weights.float32Padded(`${key}.${module}.bias`, rows, padded.paddedRows ?? rows),
    );
  const first = layerNorm(graph, weights, vision, x, `${key}.layer_norm1`, `${path}/layer_norm1`);
  const attended = graph.node(
    'MultiHeadAttention',
    [
      affine(first, 'self_attn.q_proj', width, width),
      affine(first, 'self_attn.k_proj', width, width),
      affine(first, 'self_attn.v_proj', width, width),
    ],
    {
      name: `${path}/self_attn/MultiHeadAttention`,
      domain: 'com.microsoft',
      attributes: { num_heads: { int: vision.heads } },
    },
  );
  const projected = affine(attended, 'self_attn.out_proj', width, width);
  const middle = graph.node('Add', [x, projected], { name: `${path}/self_attn/Residual` });
  const second = layerNorm(graph, weights, vision, middle, `${key}.layer_norm2`, `${path}/layer_norm2`);
  const activated = graph.node('FastGelu', [affine(second, 'mlp.fc1', inner, width, { paddedRows: paddedInner })], {
    name: `${path}/mlp/FastGelu`,
    domain: 'com.microsoft',
  });
  const reduced = affine(activated, 'mlp.fc2', width, inner, { paddedColumns: paddedInner });
  return graph.node('Add', [middle, reduced], { name: `${path}/output` });
}

function layerNorm(
  graph: GraphBuilder,
  weights: Weights,
  vision: VisionConfig,
  x: Value,
  key: string,
  path: string,
): Value {
  const scale = weights.float32(`${key}.weight`, [vision.hiddenSize]);
  const bias = weights.float32(`${key}.bias`, [vision.hiddenSize]);
  return graph.node('LayerNormalization', [x, scale, bias], {
    name: `${path}/LayerNormalization`,
    attributes: { axis: { int: -1 }, epsilon: { float: vision.layerNormEps } },
  });
}

/** Average pooling over squares of patches: [images, patches, width] → [images, tokensPerImage, width]. */
function pool(graph: GraphBuilder, vision: VisionConfig, x: Value): Value {
  const side = Math.floor(vision.imageSize / vision.patchSize);
  const kernel = side / Math.sqrt(vision.tokensPerImage);
  const transpose = (value: Value, step: string) =>
    graph.node('Transpose', [value], { name: `/projector/${step}`, attributes: { perm: { ints: [0, 2, 1] } } });
  const grid = graph.node('Reshape', [transpose(x, 'ChannelsFirst'), graph.int64([0, vision.hiddenSize, side, side])], {
    name: '/projector/Grid',
  });
  const pooled = graph.node('AveragePool', [grid], {
    name: '/projector/AveragePool',
    attributes: { kernel_shape: { ints: [kernel, kernel] }, strides: { ints: [kernel, kernel] } },
  });
  const flat = graph.node('Reshape', [pooled, graph.int64([0, vision.hiddenSize, vision.tokensPerImage])], {
    name: '/projector/Flatten',
  });
  return transpose(flat, 'TokensFirst');
}
