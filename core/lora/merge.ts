/** Merges an adapter into base weights. */
import type { LoraUpdate } from './adapter.ts';

/**
 * Adds strength · s · BA in place.
 * @param weight whole rows of W [outputs, inputs], row-major, beginning with `firstRow`
 * @throws RangeError if `weight` does not hold whole rows of the module
 */
export function addLora(weight: Float32Array, module: LoraUpdate, strength = 1, firstRow = 0): void {
  const { inputs, outputs, rank, a, b } = module;
  const rows = weight.length / inputs;
  if (!Number.isInteger(rows) || firstRow + rows > outputs) {
    throw new RangeError(`${weight.length} values are not rows ${firstRow} and on of [${outputs}, ${inputs}]`);
  }
  const factor = strength * module.scale;
  for (let row = 0; row < rows; row++) {
    const into = weight.subarray(row * inputs, (row + 1) * inputs);
    for (let k = 0; k < rank; k++) {
      const left = factor * (b[(firstRow + row) * rank + k] ?? 0);
      if (left === 0) continue;
      const offset = k * inputs;
      for (let column = 0; column < inputs; column++)
        into[column] = (into[column] ?? 0) + left * (a[offset + column] ?? 0);
    }
  }
}
