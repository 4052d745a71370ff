/**
 * softmax(q · kᵀ + bias) · v, with query heads that share key heads (Ainslie et al. 2023, arXiv 2305.13245). What is causal, windowed or
 * bidirectional is in the bias. The probabilities of the forward pass are kept for the backward pass.
 */
import type { Value } from '../builder.ts';
import { backwardName, plus, type Tape, type Variable } from './tape.ts';

export interface AttentionShape {
  heads: number;
  keyValueHeads: number;
  headDim: number;
  /** int64 [1] each. */
  batch: Value;
  sequence: Value;
}

export interface AttentionInput {
  /** float32 [batch · sequence, heads · headDim], scaled. */
  q: Variable;
  /** float32 [batch · sequence, keyValueHeads · headDim] */
  k: Variable;
  v: Variable;
  /** float32 [batch, 1, sequence, sequence], of the scores */
  bias: Value;
}

/** @returns [batch · sequence, heads · headDim] */
export function attention(
  tape: Tape,
  { q, k, v, bias }: AttentionInput,
  shape: AttentionShape,
  name: string,
): Variable {
  const forward = layout(tape, shape, (step) => `${name}/${step}`);
  const queries = forward.groupedHeads(q.value, 'Queries');
  const keysByToken = forward.split(k.value, 'Keys');
  const valuesByToken = forward.split(v.value, 'Values');
  const keys = forward.transpose(keysByToken, [0, 2, 3, 1], 'TransposedKeys');
  const values = forward.transpose(valuesByToken, [0, 2, 1, 3], 'ValueHeads');
  const scores = forward.perHead(forward.node('MatMul', [queries, keys], 'Scores'), 'PerHead');
  const biased = forward.node('Add', [scores, bias], 'Mask');
  const softmax = tape.node('Softmax', [biased], `${name}/Softmax`, { attributes: { axis: { int: -1 } } });
  const probabilities = forward.perGroup(softmax, 'PerGroup');
  const mixed = forward.node('MatMul', [probabilities, values], 'Mix');
  const y = forward.ungroupedRows(mixed, 'Rows');

  return tape.record([q, k, v], y, (gradient, into) => {
    const back = layout(tape, shape, (step) => backwardName(name, step));
    const mixedGradient = back.groupedHeads(gradient, 'Mixed');
    into.accumulate(v, (sum) => {
      const transposed = back.transpose(mixedGradient, [0, 1, 3, 2], 'TransposedMixed');
      const ofValues = back.node('MatMul', [transposed, probabilities], 'Values');
      return plus(tape, back.rowsOfTransposed(ofValues, 'ValueRows'), sum, `${name}/v`);
    });
    if (!q.trains && !k.trains) return;
    // Of the scores: p · (dp − Σ dp · p).
    const transposedValues = back.transpose(valuesByToken, [0, 2, 3, 1], 'TransposedValues');
    const ofProbabilities = back.node('MatMul', [mixedGradient, transposedValues], 'Probabilities');
    const weighted = back.node('Mul', [ofProbabilities, probabilities], 'Weighted');
    const total = back.node('ReduceSum', [weighted, tape.graph.int64([-1])], 'Total');
    const centred = back.node('Sub', [ofProbabilities, total], 'Centred');
    const ofScores = back.node('Mul', [centred, probabilities], 'Scores');
    into.accumulate(q, (sum) => {
      const keyHeads = back.transpose(keysByToken, [0, 2, 1, 3], 'KeyHeads');
      const ofQueries = back.node('MatMul', [ofScores, keyHeads], 'Queries');
      return plus(tape, back.ungroupedRows(ofQueries, 'QueryRows'), sum, `${name}/q`);
    });
    into.accumulate(k, (sum) => {
      const transposed = back.transpose(queries, [0, 1, 3, 2], 'TransposedQueries');
      const ofKeys = back.node('MatMul', [transposed, ofScores], 'Keys');
      return plus(tape, back.rowsOfTransposed(ofKeys, 'KeyRows'), sum, `${name}/k`);
    });
  });
}

/** Between rows [batch · sequence, …] and heads. A group is the query heads of one key head, behind each other. */
function layout(tape: Tape, shape: AttentionShape, nameOf: (step: string) => string) {
  const { heads, keyValueHeads, headDim, batch, sequence } = shape;
  const { graph } = tape;
  const group = heads / keyValueHeads;
  const node = (opType: string, inputs: Value[], step: string) => tape.node(opType, inputs, nameOf(step));
  const transpose = (x: Value, perm: number[], step: string) =>
    tape.node('Transpose', [x], nameOf(step), { attributes: { perm: { ints: perm } } });
  const dims = (parts: Value[], step: string) =>
    tape.node('Concat', parts, nameOf(`${step}Shape`), { attributes: { axis: { int: 0 } } });
  const reshape = (x: Value, to: Value, step: string) => node('Reshape', [x, to], step);
  return {
    node,
    transpose,
    /** → [batch, sequence, keyValueHeads, headDim] */
    split: (rows: Value, step: string) =>
      reshape(rows, dims([batch, sequence, graph.int64([keyValueHeads, headDim])], step), step),
    /** → [batch, keyValueHeads, group · sequence, headDim] */
    groupedHeads: (rows: Value, step: string) => {
      const split = dims([batch, sequence, graph.int64([keyValueHeads, group, headDim])], step);
      const byHead = transpose(reshape(rows, split, `${step}Split`), [0, 2, 3, 1, 4], `${step}Heads`);
      return reshape(byHead, graph.int64([0, keyValueHeads, -1, headDim]), step);
    },
    /** The inverse of groupedHeads. */
    ungroupedRows: (grouped: Value, step: string) => {
      const perHead = reshape(grouped, graph.int64([0, keyValueHeads, group, -1, headDim]), `${step}Split`);
      return reshape(transpose(perHead, [0, 3, 1, 2, 4], `${step}Tokens`), graph.int64([-1, heads * headDim]), step);
    },
    /** [batch, keyValueHeads, headDim, sequence] → [batch · sequence, keyValueHeads · headDim] */
    rowsOfTransposed: (x: Value, step: string) =>
      reshape(transpose(x, [0, 3, 1, 2], `${step}Tokens`), graph.int64([-1, keyValueHeads * headDim]), step),
    /** [batch, keyValueHeads, group · sequence, sequence] → [batch, heads, sequence, sequence] */
    perHead: (x: Value, step: string) =>
      reshape(x, dims([batch, graph.int64([heads]), sequence, sequence], step), step),
    /** The inverse of perHead. */
    perGroup: (x: Value, step: string) => reshape(x, dims([graph.int64([0, keyValueHeads, -1]), sequence], step), step),
  };
}
