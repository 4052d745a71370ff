import { malformed, type TokenizerPart } from '../format-error.ts';

export type JsonRecord = Readonly<Record<string, unknown>>;

/** @throws TokenizerFormatError if `record[key]` is not a string */
export function stringOf(record: JsonRecord, key: string, part: TokenizerPart): string {
  const value = record[key];
  if (typeof value !== 'string') throw malformed(part, `"${key}"`, 'has to be a string.');
  return value;
}

/** Returns `missing` for missing and null. @throws TokenizerFormatError if it is not a boolean */
export function booleanOf(record: JsonRecord, key: string, part: TokenizerPart, missing = false): boolean {
  const value = record[key] ?? missing;
  if (typeof value !== 'boolean') throw malformed(part, `"${key}"`, 'has to be true or false.');
  return value;
}

/** @throws TokenizerFormatError if `record[key]` is not a whole number from 0 on */
export function countOf(record: JsonRecord, key: string, part: TokenizerPart): number {
  const value = record[key];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
    throw malformed(part, `"${key}"`, 'has to be a whole number.');
  return value;
}
