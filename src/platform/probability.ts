import { locale } from './locale.svelte.ts';

const least = 1e-6;

/** As a percentage with three significant digits, fewer for very small values. */
export function probability(value: number): string {
  const percent = (value: number, digits: number) =>
    new Intl.NumberFormat(locale.current, { style: 'percent', maximumSignificantDigits: digits }).format(value);
  if (value > 0 && value < least) return `<${percent(least, 1)}`;
  return percent(value, value < 0.001 ? 2 : 3);
}
