import { locale } from './locale.svelte.ts';

const formats = new Map<string, Intl.NumberFormat>();

function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = locale.current + JSON.stringify(options);
  const format = formats.get(key) ?? new Intl.NumberFormat(locale.current, options);
  formats.set(key, format);
  return format;
}

export const dash = '–';

export function count(value: number): string {
  return numberFormat({}).format(value);
}

/** For formulas: up to six decimals. */
export function precise(value: number): string {
  return numberFormat({ maximumFractionDigits: 6 }).format(value);
}

/** 4,300,079,472 → "43억" or "4.3B". */
export function large(value: number): string {
  return numberFormat({ notation: 'compact', maximumSignificantDigits: 3 }).format(value);
}

/** Decimal units: 1 MB is 10^6 bytes. */
export function bytes(value: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  const step = Math.min(value < 1 ? 0 : Math.floor(Math.log10(value) / 3), units.length - 1);
  const scaled = value / 1000 ** step;
  const maximumFractionDigits = step === 0 ? 0 : scaled < 10 ? 2 : scaled < 100 ? 1 : 0;
  return numberFormat({
    style: 'unit',
    unit: units[step] ?? 'byte',
    unitDisplay: 'narrow',
    maximumFractionDigits,
  }).format(scaled);
}

/** Tokens per second, three significant digits. */
export function rate(tokensPerSecond: number): string {
  return numberFormat({ maximumSignificantDigits: tokensPerSecond < 1000 ? 3 : 4 }).format(tokensPerSecond);
}

export function milliseconds(value: number): string {
  if (value < 1000) return numberFormat({ style: 'unit', unit: 'millisecond', maximumFractionDigits: 0 }).format(value);
  return seconds(value / 1000);
}

export function seconds(value: number): string {
  const maximumFractionDigits = value < 10 ? 2 : value < 60 ? 1 : 0;
  if (value < 60) return numberFormat({ style: 'unit', unit: 'second', maximumFractionDigits }).format(value);
  const unit = value < 3600 ? 'minute' : 'hour';
  return numberFormat({ style: 'unit', unit, maximumFractionDigits: unit === 'hour' ? 1 : 0 }).format(
    value / (unit === 'hour' ? 3600 : 60),
  );
}

/** With its sign, to a hundredth: 0.00012 → "+0.01%". */
export function signedPercent(fraction: number): string {
  return numberFormat({
    style: 'percent',
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
    signDisplay: 'exceptZero',
  }).format(fraction);
}

/** To a tenth, as scores are given: 0.3 → "30.0%". */
export function score(fraction: number): string {
  return numberFormat({ style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(fraction);
}

export function percent(fraction: number): string {
  return numberFormat({ style: 'percent', maximumFractionDigits: fraction > 0 && fraction < 0.1 ? 1 : 0 }).format(
    fraction,
  );
}
