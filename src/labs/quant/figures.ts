import { dash } from '../../platform/figures.ts';
import { locale } from '../../platform/locale.svelte.ts';

/** A weight, or a difference of weights: four significant digits, tiny ones with an exponent. */
export function weight(value: number): string {
  const size = Math.abs(value);
  const isTiny = size > 0 && size < 1e-4;
  const text = new Intl.NumberFormat(locale.current, {
    maximumSignificantDigits: 4,
    ...(isTiny ? { notation: 'scientific' as const } : {}),
  }).format(size);
  return (value < 0 ? '−' : '') + text;
}

export function signedWeight(value: number): string {
  return value > 0 ? `+${weight(value)}` : weight(value);
}

/** Up to `digits` digits after the point. */
export function decimal(value: number, digits: number): string {
  const size = new Intl.NumberFormat(locale.current, { maximumFractionDigits: digits }).format(Math.abs(value));
  return (value < 0 ? '−' : '') + size;
}

/** Infinite without any error. */
export function decibels(value: number): string {
  return Number.isFinite(value) ? decimal(value, 1) : '∞';
}

/** KL in nats: two significant digits; a dash for undefined. */
export function nats(value: number | undefined): string {
  if (value === undefined) return dash;
  if (value === 0) return '0';
  const isTiny = value < 1e-3;
  return new Intl.NumberFormat(locale.current, {
    maximumSignificantDigits: 2,
    ...(isTiny ? { notation: 'scientific' as const } : {}),
  }).format(value);
}
