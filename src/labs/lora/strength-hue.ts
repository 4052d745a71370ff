/** A colour for a strength from −1 to 2: against the adapter, the base, as trained, twice as much. */
const stops = [
  [-1, 'var(--danger)'],
  [0, 'var(--ink-3)'],
  [1, 'var(--accent)'],
  [2, 'var(--of-kv)'],
] as const;

/** A CSS colour between those of the two nearest stops. */
export function strengthHue(strength: number): string {
  const [first, ...rest] = stops;
  let [from, color]: readonly [number, string] = first;
  for (const [to, next] of rest) {
    if (strength <= to) {
      const share = Math.max(0, (strength - from) / (to - from));
      return `color-mix(in oklab, ${next} ${Math.round(share * 100)}%, ${color})`;
    }
    [from, color] = [to, next];
  }
  return color;
}
