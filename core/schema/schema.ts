/** Schemas of untrusted files. The message of a schema is the expected value: "a whole number from 0". */
import { shortened } from '../text/cut.ts';
import * as v from 'valibot';
import { isJsonObject } from '../json.ts';
import { printable } from '../printable.ts';

/**
 * @throws the error that `fail` creates for the first problem, which names the path of the field:
 *   `files["onnx/model.onnx"].size is "12", expected a whole number`
 */
export function check<Schema extends v.GenericSchema>(
  schema: Schema,
  json: unknown,
  fail: (problem: string, issue: v.BaseIssue<unknown>) => Error,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, json, { abortEarly: true });
  if (result.success) return result.output;
  throw fail(problemOf(result.issues[0]), result.issues[0]);
}

export function problemOf(issue: v.BaseIssue<unknown>): string {
  const path = fieldPath(issue);
  if (path === '') return `not ${issue.message}`;
  return isMissing(issue) ? `${path} is missing` : `${path} is ${shown(issue.input)}, expected ${issue.message}`;
}

export function isMissing(issue: v.BaseIssue<unknown>): boolean {
  return issue.input === undefined;
}

/** Keys and indices from the root to the field: `files`, `onnx/model.onnx`, `size`. */
export function fieldKeys(issue: v.BaseIssue<unknown>): (string | number)[] {
  return (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)));
}

function fieldPath(issue: v.BaseIssue<unknown>): string {
  return fieldKeys(issue)
    .map((key, at) => {
      if (typeof key === 'number') return `[${key}]`;
      if (!/^\w+$/.test(key)) return `[${JSON.stringify(shortened(key, 100))}]`;
      return at === 0 ? key : `.${key}`;
    })
    .join('');
}

/** Short description of a value for a message. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = value === undefined ? 'missing' : printable(JSON.stringify(value));
  return shortened(text, 60);
}

export const text = (most = 10_000) =>
  v.pipe(v.string('a text'), v.maxLength(most, `a text of at most ${most} characters`));

export const flag = () => v.boolean('true or false');

export const whole = (least: number, most: number = Number.MAX_SAFE_INTEGER) => {
  const expected =
    most === Number.MAX_SAFE_INTEGER ? `a whole number from ${least}` : `a whole number from ${least} to ${most}`;
  return v.pipe(v.number(expected), v.safeInteger(expected), v.minValue(least, expected), v.maxValue(most, expected));
};

export const positive = () =>
  v.pipe(v.number('a positive number'), v.finite('a positive number'), v.gtValue(0, 'a positive number'));

export const share = () =>
  v.pipe(
    v.number('a number from 0 to 1'),
    v.minValue(0, 'a number from 0 to 1'),
    v.maxValue(1, 'a number from 0 to 1'),
  );

export const sha256Hex = () => {
  const expected = 'a SHA-256 in 64 hexadecimal digits';
  return v.pipe(v.string(expected), v.regex(/^[0-9a-f]{64}$/, expected));
};

/** Valibot's object schemas accept arrays; this one does not. */
const isObject = v.custom<object>(isJsonObject, 'an object');

/** Drops keys that the schema does not define. */
export const object = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  v.pipe(isObject, v.object(entries, 'an object'));

/** The length is checked before the items are: a list of millions is refused at once. */
export const list = <const Item extends v.GenericSchema>(item: Item, most: number) =>
  v.pipe(
    v.custom<unknown[]>((value) => Array.isArray(value), 'a list'),
    v.check((items) => items.length <= most, `a list of at most ${most}`),
    v.array(item, 'a list'),
  );

/** As `list`: the number of entries first. */
export const record = <const Value extends v.GenericSchema>(value: Value, most: number) =>
  v.pipe(
    isObject,
    v.check((entries) => Object.keys(entries).length <= most, `an object of at most ${most} entries`),
    v.record(v.string(), value, 'an object'),
  );

export const oneOf = <const Options extends readonly string[]>(options: Options) =>
  v.picklist(options, options.map((option) => JSON.stringify(option)).join(' or '));
