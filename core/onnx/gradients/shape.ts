/** Operators that move values: residual sum, reshape, rows of a matrix. */
import type { Value } from '../builder.ts';
import { backwardName, plus, type Tape, type Variable } from './tape.ts';

/** a + b, of one shape. */
export function add(tape: Tape, a: Variable, b: Variable, name: string): Variable {
  const sum = tape.node('Add', [a.value, b.value], `${name}/Add`);
  return tape.record([a, b], sum, (gradient, into) => {
    for (const each of [a, b]) into.accumulate(each, (before) => plus(tape, gradient, before, name));
  });
}

/** @param shape int64, as for Reshape @param before the shape of `x`, in the same form */
export function reshape(tape: Tape, x: Variable, shape: Value, before: Value, name: string): Variable {
  const value = tape.node('Reshape', [x.value, shape], `${name}/Reshape`);
  return tape.record([x], value, (gradient, into) =>
    into.accumulate(x, (sum) =>
      plus(tape, tape.node('Reshape', [gradient, before], backwardName(name, 'Reshape')), sum, name),
    ),
  );
}

/** Rows of x [m, n] → [rows, n]. @param rows int64 [rows], each at most once */
export function gatherRows(tape: Tape, x: Variable, rows: Value, name: string): Variable {
  const value = tape.node('Gather', [x.value, rows], `${name}/Gather`, { attributes: { axis: { int: 0 } } });
  return tape.record([x], value, (gradient, into) =>
    into.accumulate(x, (sum) => {
      const back = (step: string) => backwardName(name, step);
      const shape = tape.node('Shape', [x.value], back('Shape'));
      const zeros = tape.node('ConstantOfShape', [shape], back('Zeros'));
      const places = tape.node('Unsqueeze', [rows, tape.graph.int64([1])], back('Places'));
      return plus(tape, tape.node('ScatterND', [zeros, places, gradient], back('Scatter')), sum, name);
    }),
  );
}
