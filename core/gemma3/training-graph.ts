/**
 * The decoder as a graph that trains a LoRA adapter: loss on the answers' tokens, and its gradient by A and B of every target, over the
 * package's own weights, which stay as they are stored. Batches of several rows, padded at the end. Forward as in decoder.ts, all in float32.
 */
import { GraphBuilder, makeModel, bytesOf, type Value } from '../onnx/builder.ts';
import { attention } from '../onnx/gradients/attention.ts';
import { crossEntropy } from '../onnx/gradients/cross-entropy.ts';
import { geglu } from '../onnx/gradients/geglu.ts';
import { linear, type LoraPair } from '../onnx/gradients/linear.ts';
import { rmsNorm } from '../onnx/gradients/rms-norm.ts';
import { rotary, type RotaryTables } from '../onnx/gradients/rotary.ts';
import { add, gatherRows, reshape } from '../onnx/gradients/shape.ts';
import { Tape, type Variable } from '../onnx/gradients/tape.ts';
import type { ModelProto } from '../onnx/onnx_pb.ts';
import type { LoraLayout } from '../lora/training/parameters.ts';
import { imageBias, runLengths } from './attention.ts';
import type { TextConfig } from './config.ts';
import { projectionSize } from '../budget/lora.ts';
import { ropeTables } from './linear.ts';
import type { Projection } from './projections.ts';
import { producer } from './stored.ts';
import { DecoderWeights } from './trained-decoder-weights.ts';

export interface TrainingGraphOptions {
  layout: LoraLayout;
  /** Positions of the longest row. */
  positions: number;
  /** False: the forward pass alone, to measure rows that are not trained on. */
  withGradients: boolean;
}

/** Names of inputs and outputs. */
export const TRAINING_INPUTS = {
  /** float32 [batch, sequence, hidden]: embeddings, and features at the tokens of images. */
  embeds: 'inputs_embeds',
  /** int64 [batch, sequence]: 1 is text, 2, 3, … number the images of a row, 0 is padding. */
  mask: 'attention_mask',
  /** int64 [answers]: row · sequence + the position before the expected token; each at most once. */
  positions: 'answer_positions',
  /** int32 [answers]: the expected tokens. */
  ids: 'answer_ids',
  /** float32 []: factor of the summed losses. */
  scale: 'loss_scale',
  /** float32 [LoraLayout.length] */
  parameters: 'lora_parameters',
} as const;

export const TRAINING_OUTPUTS = {
  /** float32 [] */
  loss: 'loss',
  /** float32 [answers]: −ln p of each expected token. */
  tokenLosses: 'token_losses',
  /** int64 [answers]: the likeliest tokens. */
  predicted: 'predicted_ids',
  /** float32 [LoraLayout.length] */
  gradients: 'lora_gradients',
} as const;

/**
 * @param decoder the package's graph as it was read; it is not changed
 * @throws OnnxError if the decoder is not of this exporter, or lacks a weight
 */
export function trainingGraph(decoder: ModelProto, config: TextConfig, options: TrainingGraphOptions): ModelProto {
  const graph = new GraphBuilder('training');
  const tape = new Tape(graph);
  const weights = new DecoderWeights(decoder, graph);
  const hidden = config.hiddenSize;
  const embeds = graph.input(TRAINING_INPUTS.embeds, 'float32', ['batch_size', 'sequence_length', hidden]);
  const mask = graph.input(TRAINING_INPUTS.mask, 'int64', ['batch_size', 'sequence_length']);
  const positions = graph.input(TRAINING_INPUTS.positions, 'int64', ['answers']);
  const ids = graph.input(TRAINING_INPUTS.ids, 'int32', ['answers']);
  const scale = graph.input(TRAINING_INPUTS.scale, 'float32', []);
  const parameters = graph.input(TRAINING_INPUTS.parameters, 'float32', [options.layout.length]);

  const trained = trainedMatrices(tape, parameters, options);
  const run = runValues(tape, config, mask, embeds, options.positions);
  const rows = tape.frozen(graph.node('Reshape', [embeds, graph.int64([-1, hidden])], { name: '/rows' }));
  const last = layers(tape, weights, config, rows, run, { positions, pairs: trained.pairs });

  const tied = config.tiedEmbedding ? 'model.embed_tokens.weight' : 'lm_head.weight';
  const head = weights.matrix(tied, config.vocabularySize, hidden, true);
  const logits = linear(tape, last, head, undefined, '/lm_head');
  const entropy = crossEntropy(tape, logits.value, ids, scale, config.vocabularySize, '/loss');
  const outputs: [name: string, value: Value][] = [
    [TRAINING_OUTPUTS.loss, entropy.loss],
    [TRAINING_OUTPUTS.tokenLosses, entropy.tokenLosses],
  ];
  graph.node('ArgMax', [logits.value], {
    name: '/loss/ArgMax',
    attributes: { axis: { int: 1 }, keepdims: { int: 0 } },
    outputs: [TRAINING_OUTPUTS.predicted],
  });
  if (options.withGradients) {
    tape.backward(logits, entropy.gradient());
    const flat = trained.matrices.map((matrix, at) =>
      graph.node('Reshape', [tape.gradientOf(matrix), graph.int64([-1])], { name: `/gradient/flat/${at}` }),
    );
    outputs.push([TRAINING_OUTPUTS.gradients, concatenate(graph, flat, '/gradient/Concat')]);
  }
  for (const [name, value] of outputs) graph.node('Identity', [value], { name: `/${name}`, outputs: [name] });
  graph.output(TRAINING_OUTPUTS.loss, 'float32', []);
  graph.output(TRAINING_OUTPUTS.tokenLosses, 'float32', ['answers']);
  graph.output(TRAINING_OUTPUTS.predicted, 'int64', ['answers']);
  if (options.withGradients) graph.output(TRAINING_OUTPUTS.gradients, 'float32', [options.layout.length]);
  const built = graph.build();
  weights.addTo(built);
  return makeModel(built, producer);
}

/** Pairs by layer and target. */
type Pairs = ReadonlyMap<string, LoraPair>;

function trainedMatrices(tape: Tape, parameters: Value, { layout }: TrainingGraphOptions) {
  const { graph } = tape;
  const { rank, alpha } = layout.settings;
  const matrices: Variable[] = [];
  const halves = new Map<string, Variable>();
  for (const { layer, target, part, shape, offset } of layout.matrices) {
    const name = `/lora/${layer}.${target}.${part}`;
    const end = offset + shape[0] * shape[1];
    const slice = graph.node('Slice', [parameters, graph.int64([offset]), graph.int64([end])], { name });
    const value = graph.node('Reshape', [slice, graph.int64([...shape])], { name: `${name}/Reshape` });
    const variable = tape.trained(value);
    matrices.push(variable);
    halves.set(`${layer}.${target}.${part}`, variable);
  }
  const pairs = new Map<string, LoraPair>();
  for (const { layer, target } of layout.matrices) {
    const [a, b] = [halves.get(`${layer}.${target}.A`), halves.get(`${layer}.${target}.B`)];
    if (a && b) pairs.set(`${layer}.${target}`, { a, b, scale: alpha / rank });
  }
  return { matrices, pairs };
}

interface RunValues {
  /** int64 [1] each. */
  batch: Value;
  sequence: Value;
  /** float32 [batch, 1, sequence, sequence] */
  bias: Record<'local' | 'global', Value>;
  rope: Record<'local' | 'global', RotaryTables>;
}

function runValues(tape: Tape, config: TextConfig, mask: Value, embeds: Value, positions: number): RunValues {
  const { graph } = tape;
  const lengths = runLengths(graph, mask, embeds);
  const batch = graph.node(
    'Slice',
    [graph.node('Shape', [mask], { name: '/lengths/MaskShape' }), graph.int64([0]), graph.int64([1])],
    {
      name: '/lengths/Batch',
    },
  );
  const tables = (kind: 'local' | 'global', theta: number, factor: number): RotaryTables => {
    const { cos, sin } = ropeTables(positions, config.headDim, theta, factor);
    const constant = (part: string, values: Float32Array<ArrayBuffer>) =>
      graph.constant(`rope.${kind}.${part}`, 'float32', [positions, config.headDim / 2], bytesOf(values));
    return {
      cos: constant('cos', cos),
      sin: constant('sin', sin),
      negativeSin: constant(
        'negative_sin',
        sin.map((value) => -value),
      ),
    };
  };
  return {
    batch,
    sequence: lengths.newLength,
    bias: imageBias(graph, config, mask, lengths),
    rope: {
      local: tables('local', config.ropeLocalTheta, 1),
      global: tables('global', config.ropeTheta, config.ropeFactor),
    },
  };
}

/** @returns the last norm's output at the answers' positions, [answers, hidden] */
function layers(
  tape: Tape,
  weights: DecoderWeights,
  config: TextConfig,
  embeds: Variable,
  run: RunValues,
  { positions, pairs }: { positions: Value; pairs: Pairs },
): Variable {
  const epsilon = config.rmsNormEps;
  const norm = (x: Variable, parameter: string, name: string) =>
    rmsNorm(tape, x, { weight: weights.vector(parameter, config.hiddenSize), epsilon }, name);
  let residual = embeds;
  for (let layer = 0; layer < config.layers; layer++) {
    const key = `model.layers.${layer}`;
    const path = `/model/layers.${layer}`;
    const projection = (x: Variable, target: Projection, module: 'self_attn' | 'mlp') => {
      const { inputs, outputs } = projectionSize(config, target);
      const matrix = weights.matrix(`${key}.${module}.${target}.weight`, outputs, inputs);
      return linear(tape, x, matrix, pairs.get(`${layer}.${target}`), `${path}/${module}/${target}`);
    };
    const x = norm(residual, `${key}.input_layernorm.weight`, `${path}/input_layernorm`);
    let attended = attend(tape, weights, config, layer, run, {
      q: projection(x, 'q_proj', 'self_attn'),
      k: projection(x, 'k_proj', 'self_attn'),
      v: projection(x, 'v_proj', 'self_attn'),
    });
    if (layer + 1 === config.layers) {
      // Behind the last attention a token does not see the others: those whose next token nobody asks for are left out.
      attended = gatherRows(tape, attended, positions, `${path}/answers`);
      residual = gatherRows(tape, residual, positions, `${path}/residual_answers`);
    }
    const o = projection(attended, 'o_proj', 'self_attn');
    const afterAttention = norm(o, `${key}.post_attention_layernorm.weight`, `${path}/post_attention_layernorm`);
    residual = add(tape, residual, afterAttention, `${path}/attention_residual`);
    const middle = norm(residual, `${key}.pre_feedforward_layernorm.weight`, `${path}/pre_feedforward_layernorm`);
    const gated = geglu(
      tape,
      projection(middle, 'gate_proj', 'mlp'),
      projection(middle, 'up_proj', 'mlp'),
      `${path}/mlp`,
    );
    const down = projection(gated, 'down_proj', 'mlp');
    const afterMlp = norm(down, `${key}.post_feedforward_layernorm.weight`, `${path}/post_feedforward_layernorm`);
    residual = add(tape, residual, afterMlp, `${path}/mlp_residual`);
  }
  return norm(residual, 'model.norm.weight', '/model/norm');
}

/** @param input rows [batch · sequence, heads · headDim] before the norms of q and k */
function attend(
  tape: Tape,
  weights: DecoderWeights,
  config: TextConfig,
  layer: number,
  run: RunValues,
  input: Record<'q' | 'k' | 'v', Variable>,
): Variable {
  const { graph } = tape;
  const { heads, keyValueHeads, headDim } = config;
  const kind = config.isLocal[layer] === true ? 'local' : 'global';
  const name = `/model/layers.${layer}/self_attn`;
  const rotated = (x: Variable, part: 'q' | 'k', count: number) => {
    const path = `${name}/${part}_norm`;
    const rows = graph.int64([-1, count * headDim]);
    const perHead = graph.int64([-1, headDim]);
    const tokens = tape.node('Concat', [run.batch, run.sequence, graph.int64([count * headDim])], `${path}/Tokens`, {
      attributes: { axis: { int: 0 } },
    });
    const stored = weights.vector(`model.layers.${layer}.self_attn.${part}_norm.weight`, headDim);
    // The scale of the scores is a factor of q's norm, so that it costs nothing.
    const weight =
      part === 'q'
        ? tape.node('Mul', [stored, graph.float(1 / Math.sqrt(config.queryPreAttnScalar))], `${path}/Scale`)
        : stored;
    const split = reshape(tape, x, perHead, rows, `${path}/Split`);
    const normed = rmsNorm(tape, split, { weight, epsilon: config.rmsNormEps }, path);
    const joined = reshape(tape, normed, tokens, perHead, `${path}/Join`);
    const turned = rotary(tape, joined, count, run.rope[kind], `${name}/${part}`);
    return reshape(tape, turned, rows, tokens, `${name}/${part}/Rows`);
  };
  return attention(
    tape,
    {
      q: rotated(input.q, 'q', heads),
      k: rotated(input.k, 'k', keyValueHeads),
      v: input.v,
      bias: run.bias[kind],
    },
    { heads, keyValueHeads, headDim, batch: run.batch, sequence: run.sequence },
    name,
  );
}

/** In parts: a GPU binds few buffers to a kernel. */
function concatenate(graph: GraphBuilder, values: readonly Value[], name: string): Value {
  const atOnce = 8;
  const axis = { axis: { int: 0 } };
  let rest = [...values];
  for (let level = 0; rest.length > 1; level++) {
    const joined: Value[] = [];
    for (let at = 0; at < rest.length; at += atOnce)
      joined.push(
        graph.node('Concat', rest.slice(at, at + atOnce), { name: `${name}/${level}.${at}`, attributes: axis }),
      );
    rest = joined;
  }
  return rest[0] ?? '';
}
