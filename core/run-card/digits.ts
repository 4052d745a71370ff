/** Digits without a pattern: each is one token in Gemma's tokenizers, so a prompt can have any length. */
export function digitsOf(count: number): string {
  // Upper bits of the linear congruential generator of Numerical Recipes.
  let state = 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 28) % 10;
  }).join('');
}
