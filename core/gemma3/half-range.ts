/** Keeps the input of a float16 product within float16, whose largest value is 65504. */
import type { GraphBuilder, Value } from '../onnx/builder.ts';

/** Larger rows are scaled to it. Far below 65504, because the product adds up thousands of such values. */
const LARGEST = 64;

/**
 * Divides each row by max(1, max|row| / 64). In Gemma 3 the gated values of some tokens reach 1e8
 * (microsoft/onnxruntime#26732), and infinity becomes NaN in the norm that follows. Rows within the limit are not changed.
 * @param x float32 [..., columns]
 * @returns the scaled rows, and the divisors [..., 1] by which the product is to be multiplied, both float32
 */
export function withinHalf(graph: GraphBuilder, x: Value, name: string): { scaled: Value; divisor: Value } {
  const magnitude = graph.node('Abs', [x], { name: `${name}/Abs` });
  const largest = graph.node('ReduceMax', [magnitude, graph.int64([-1])], {
    name: `${name}/ReduceMax`,
    attributes: { keepdims: { int: 1 } },
  });
  const share = graph.node('Mul', [largest, graph.float(1 / LARGEST)], { name: `${name}/Share` });
  const divisor = graph.node('Clip', [share, graph.float(1)], { name: `${name}/Clip` });
  return { scaled: graph.node('Div', [x, divisor], { name: `${name}/Div` }), divisor };
}
