/** The gated activation of Gemma's MLP (Shazeer 2020, arXiv 2002.05202): gelu(gate) · up, with the tanh form of GELU. */
import type { Value } from '../builder.ts';
import { backwardName, plus, type Tape, type Variable } from './tape.ts';

/** gelu(x) = x · σ(x · (LINEAR + CUBIC · x²)): ½ (1 + tanh u) is σ(2u), with u = √(2/π) · (x + 0.044715 x³). */
const LINEAR = 2 * Math.sqrt(2 / Math.PI);
const CUBIC = LINEAR * 0.044715;

/** @param gate up — of one shape */
export function geglu(tape: Tape, gate: Variable, up: Variable, name: string): Variable {
  const activated = tape.node('FastGelu', [gate.value], `${name}/act_fn/FastGelu`, { domain: 'com.microsoft' });
  const y = tape.node('Mul', [activated, up.value], `${name}/Mul`);
  return tape.record([gate, up], y, (gradient, into) => {
    const node = (opType: string, inputs: Value[], step: string) => tape.node(opType, inputs, backwardName(name, step));
    into.accumulate(up, (sum) => plus(tape, node('Mul', [gradient, activated], 'Up'), sum, name));
    into.accumulate(gate, (sum) => {
      // gelu'(x) = s + gelu(x) · (1 − s) · (LINEAR + 3 CUBIC x²) with s = σ(…).
      const { graph } = tape;
      const x = gate.value;
      const cubic = node('Mul', [node('Mul', [x, x], 'Square'), graph.float(CUBIC)], 'Cubic');
      const inner = node('Mul', [node('Add', [cubic, graph.float(LINEAR)], 'Slope'), x], 'Inner');
      const s = node('Sigmoid', [inner], 'Sigmoid');
      const steep = node('Add', [node('Mul', [cubic, graph.float(3)], 'Cubic3'), graph.float(LINEAR)], 'InnerSlope');
      const rest = node('Mul', [node('Sub', [graph.float(1), s], 'Rest'), activated], 'RestActivated');
      const slope = node('Add', [node('Mul', [rest, steep], 'Bend'), s], 'GeluSlope');
      const outer = node('Mul', [gradient, up.value], 'Gate');
      return plus(tape, node('Mul', [outer, slope], 'GateSlope'), sum, name);
    });
  });
}
