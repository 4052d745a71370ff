import { dash } from '../../platform/figures.ts';
import { locale } from '../../platform/locale.svelte.ts';

/** A quotient with two decimals; a dash if the divisor is 0. */
export function ratio(above: number, below: number): string {
  if (below === 0) return dash;
  return new Intl.NumberFormat(locale.current, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(
    above / below,
  );
}

/** Change relative to the base: −18.5 %, +3 %. */
export function change(fraction: number): string {
  const sign = fraction < 0 ? '−' : fraction > 0 ? '+' : '±';
  const size = new Intl.NumberFormat(locale.current, {
    style: 'percent',
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  });
  return sign + size.format(Math.abs(fraction));
}
