import { isJsonObject } from '../../json.ts';
import { PatternError, translateOniguruma } from '../pipeline/oniguruma.ts';
import { SPLIT_BEHAVIORS } from '../pipeline/split.ts';

/** `fits`, or why not: `damaged` values no reader accepts, `refused` ones are valid and not supported. */
export type Verdict = 'fits' | 'damaged' | 'refused';

/** What a field of a tokenizer.json may hold. */
export interface FieldType {
  /** For the documentation: `true or false`. */
  accepts: string;
  judge(value: unknown): Verdict;
  /** Why a refused value is refused. */
  reason?(value: unknown): string;
}

function type(accepts: string, is: (value: unknown) => boolean): FieldType {
  return { accepts, judge: (value) => (is(value) ? 'fits' : 'damaged') };
}

export const flag = type('true, false', (value) => typeof value === 'boolean');
export const text = type('any text', (value) => typeof value === 'string');
export const count = type('any count', (value) => Number.isInteger(value) && Number(value) >= 0);
export const character = type('one character', (value) => typeof value === 'string' && Array.from(value).length === 1);
export const anything = type('not read', () => true);
/** Checked where it is read: vocabularies and merges are large. */
export const readElsewhere = type('read whole', () => true);

export function orNull(inner: FieldType): FieldType {
  return {
    ...inner,
    accepts: `${inner.accepts}, null`,
    judge: (value) => (value === null ? 'fits' : inner.judge(value)),
  };
}

/** Of the values of another type only these; the others are refused. */
export function only(inner: FieldType, values: readonly unknown[]): FieldType {
  return {
    accepts: `only ${values.map((value) => JSON.stringify(value)).join(', ')}`,
    judge: (value) => (values.includes(value) ? 'fits' : inner.judge(value) === 'damaged' ? 'damaged' : 'refused'),
  };
}

export function oneOf(values: readonly string[]): FieldType {
  return {
    accepts: values.join(', '),
    judge: (value) => (values.some((known) => known === value) ? 'fits' : 'refused'),
  };
}

/** A fraction, of which only zero is accepted. */
export const zero: FieldType = {
  accepts: 'only 0',
  judge: (value) => (value === 0 ? 'fits' : typeof value === 'number' ? 'refused' : 'damaged'),
};

/** The Rust library cuts such a prefix by bytes. */
export const asciiText: FieldType = {
  accepts: 'ASCII text',
  judge: (value) => (typeof value !== 'string' ? 'damaged' : /^[\0-\x7f]*$/.test(value) ? 'fits' : 'refused'),
};

export const behavior: FieldType = oneOf(SPLIT_BEHAVIORS);

/** `{"String": …}` or `{"Regex": …}`. */
export const pattern: FieldType = {
  accepts: 'String, not empty; Regex that can be translated',
  judge(value) {
    if (!isJsonObject(value)) return 'damaged';
    if (typeof value['String'] === 'string') return value['String'] === '' ? 'refused' : 'fits';
    if (typeof value['Regex'] !== 'string') return 'damaged';
    return untranslatable(value['Regex']) === undefined ? 'fits' : 'refused';
  },
  reason(value) {
    if (!isJsonObject(value) || typeof value['Regex'] !== 'string') return 'an empty text is looked for.';
    return `the regular expression has ${untranslatable(value['Regex']) ?? ''}, which is not translated here.`;
  },
};

function untranslatable(regex: string): string | undefined {
  try {
    translateOniguruma(regex);
    return undefined;
  } catch (error) {
    if (error instanceof PatternError) return error.message;
    throw error;
  }
}
