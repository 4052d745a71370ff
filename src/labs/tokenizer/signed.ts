import { percent } from '../../platform/figures.ts';
import { locale } from '../../platform/locale.svelte.ts';

const sign = (value: number) => (value < 0 ? '−' : value > 0 ? '+' : '±');

/** −18%, +5.3%, ±0%: one digit after the point below ten percent. */
export function signedPercent(fraction: number): string {
  return sign(fraction) + percent(Math.abs(fraction));
}

/** Two significant digits, however small: 0.092%. */
export function share(fraction: number): string {
  return significant(100 * fraction) + '%';
}

export function significant(value: number): string {
  return new Intl.NumberFormat(locale.current, { maximumSignificantDigits: 2 }).format(value);
}
