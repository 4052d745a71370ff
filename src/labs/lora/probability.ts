import { locale } from '../../lib/locale.svelte.ts';

/** Three significant digits, and powers of ten for what is next to impossible. */
export function probability(value: number): string {
  if (value > 0 && value < 0.0001) return value.toExponential(1);
  return new Intl.NumberFormat(locale.current, { style: 'percent', maximumSignificantDigits: 3 }).format(value);
}
