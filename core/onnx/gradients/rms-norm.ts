/** Root mean square normalization (Zhang and Sennrich 2019, arXiv 1910.07467): y = x · r · w with r = 1 / √(mean(x²) + ε). */
import type { Value } from '../builder.ts';
import { backwardName, plus, type Tape, type Variable } from './tape.ts';

export interface RmsNorm {
  /** float32 [size]. Gemma's 1 + w is one value here. */
  weight: Value;
  epsilon: number;
}

/** @param x [rows, size] */
export function rmsNorm(tape: Tape, x: Variable, { weight, epsilon }: RmsNorm, name: string): Variable {
  const y = tape.node('SimplifiedLayerNormalization', [x.value, weight], `${name}/SimplifiedLayerNormalization`, {
    attributes: { epsilon: { float: epsilon }, axis: { int: -1 }, stash_type: { int: 1 } },
  });
  return tape.record([x], y, (gradient, into) => {
    // dx = r · (g − x · r² · mean(g · x)) with g = dy · w. r is computed again from x: the operator's own r is an output on the CPU only.
    into.accumulate(x, (sum) => {
      const { graph } = tape;
      const node = (opType: string, inputs: Value[], step: string) =>
        tape.node(opType, inputs, backwardName(name, step));
      const last = graph.int64([-1]);
      const meanSquare = node('ReduceMean', [node('Mul', [x.value, x.value], 'Square'), last], 'MeanSquare');
      const variance = node('Add', [meanSquare, graph.float(epsilon)], 'Variance');
      const r = node('Reciprocal', [node('Sqrt', [variance], 'Sqrt')], 'InverseRms');
      const g = node('Mul', [gradient, weight], 'Weighted');
      const mean = node('ReduceMean', [node('Mul', [g, x.value], 'Along'), last], 'MeanAlong');
      const factor = node('Div', [mean, variance], 'Factor');
      const across = node('Sub', [g, node('Mul', [x.value, factor], 'Parallel')], 'Across');
      return plus(tape, node('Mul', [across, r], 'Scaled'), sum, name);
    });
  });
}
