/** Parsers for the values of options. Each throws Commander's InvalidArgumentError, which becomes a usage error. */
import { InvalidArgumentError } from 'commander';

/** A whole number within bounds, both included. */
export function wholeNumber(from: number, to = Infinity) {
  return (text: string): number => {
    const value = numberOf(text);
    if (Number.isSafeInteger(value) && value >= from && value <= to) return value;
    throw new InvalidArgumentError(
      to < Infinity
        ? `Expected a whole number from ${from} to ${to}.`
        : `Expected a ${from === 1 ? 'positive whole number' : `whole number of at least ${from}`}.`,
    );
  };
}

export function finiteNumber(text: string): number {
  const value = numberOf(text);
  if (!Number.isFinite(value)) throw new InvalidArgumentError('Expected a number.');
  return value;
}

/** A number within bounds, both included. */
export function numberWithin(from: number, to: number) {
  return (text: string): number => {
    const value = numberOf(text);
    if (value >= from && value <= to) return value;
    throw new InvalidArgumentError(`Expected a number from ${from} to ${to}.`);
  };
}

/** Entries between commas. */
export function commaList(text: string): string[] {
  return text.split(',').map((entry) => entry.trim());
}

/** NaN for blanks, which `Number` takes for 0. */
function numberOf(text: string): number {
  return text.trim() === '' ? NaN : Number(text);
}
