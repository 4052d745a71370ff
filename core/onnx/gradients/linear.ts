/** y = x · Wᵀ with a frozen W, and with the two matrices of a LoRA adapter beside it (Hu et al. 2021, arXiv 2106.09685). */
import type { Value } from '../builder.ts';
import type { FrozenMatrix } from './frozen-matrix.ts';
import { backwardName, type Tape, type Variable } from './tape.ts';

/** s · B(Ax), added to the product. */
export interface LoraPair {
  /** float32 [rank, columns] and [rows, rank], as PEFT stores them. */
  a: Variable;
  b: Variable;
  scale: number;
}

/** @param x float32 [tokens, columns] @returns [tokens, rows] */
export function linear(
  tape: Tape,
  x: Variable,
  matrix: FrozenMatrix,
  lora: LoraPair | undefined,
  name: string,
): Variable {
  const alone = matrix.product(tape, x.value, name);
  if (!lora) {
    return tape.record([x], alone, (gradient, into) =>
      into.accumulate(x, (sum) => matrix.transposedProduct(tape, gradient, sum, name)),
    );
  }
  const { a, b, scale } = lora;
  const gemm = (
    inputs: Value[],
    nodeName: string,
    attributes: { alpha?: number; transA?: boolean; transB?: boolean },
  ) =>
    tape.node('Gemm', inputs, nodeName, {
      attributes: {
        ...(attributes.alpha === undefined ? {} : { alpha: { float: attributes.alpha } }),
        ...(attributes.transA ? { transA: { int: 1 } } : {}),
        ...(attributes.transB ? { transB: { int: 1 } } : {}),
      },
    });
  const low = gemm([x.value, a.value], `${name}/lora/A`, { transB: true });
  const y = gemm([low, b.value, alone], `${name}/lora/B`, { alpha: scale, transB: true });
  return tape.record([x, a, b], y, (gradient, into) => {
    const back = (step: string) => backwardName(name, `lora/${step}`);
    const withSum = (sum: Value | undefined) => (sum === undefined ? [] : [sum]);
    const lowGradient = gemm([gradient, b.value], back('Low'), { alpha: scale });
    into.accumulate(b, (sum) => gemm([gradient, low, ...withSum(sum)], back('B'), { alpha: scale, transA: true }));
    into.accumulate(a, (sum) => gemm([lowGradient, x.value, ...withSum(sum)], back('A'), { transA: true }));
    into.accumulate(x, (sum) => {
      const ofAdapter = gemm([lowGradient, a.value, ...withSum(sum)], back('X'), {});
      return matrix.transposedProduct(tape, gradient, ofAdapter, name);
    });
  });
}
