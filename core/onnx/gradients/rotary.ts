/** Rotary position embedding (Su et al. 2021, arXiv 2104.09864). Its transpose is the rotation by the negative angles. */
import type { Value } from '../builder.ts';
import { backwardName, plus, type Tape, type Variable } from './tape.ts';

export interface RotaryTables {
  /** float32 [positions, headDim / 2] each. `negativeSin` is −sin. */
  cos: Value;
  sin: Value;
  negativeSin: Value;
}

/**
 * @param x [batch, sequence, heads · headDim], the positions of each row from 0 on
 */
export function rotary(tape: Tape, x: Variable, heads: number, tables: RotaryTables, name: string): Variable {
  const rotate = (value: Value, sin: Value, name: string) =>
    tape.node('RotaryEmbedding', [value, tape.graph.int64([0]), tables.cos, sin], name, {
      domain: 'com.microsoft',
      attributes: { num_heads: { int: heads } },
    });
  const y = rotate(x.value, tables.sin, `${name}/RotaryEmbedding`);
  return tape.record([x], y, (gradient, into) =>
    into.accumulate(x, (sum) =>
      plus(tape, rotate(gradient, tables.negativeSin, backwardName(name, 'RotaryEmbedding')), sum, name),
    ),
  );
}
