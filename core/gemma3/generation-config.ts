/** Reads the runtime fields of `generation_config.json` and `config.json`. */
import * as v from 'valibot';
import { FailureError } from '../failure.ts';
import { CheckpointError } from './checkpoint.ts';
import { check, list, object, positive, whole } from '../schema/schema.ts';
import { LIMITS } from './limits.ts';

const id = whole(0, LIMITS.vocabularySize);
const generationSchema = object({ eos_token_id: v.nullish(v.union([id, list(id, 1000)], 'an id or a list of ids')) });
const range = { initializer_range: v.nullish(positive()) };
const rangeSchema = object({ ...range, text_config: v.nullish(object(range)) });

/**
 * Ids that end an answer; empty if the file does not define any.
 * @param vocabularySize rows of the output head
 * @throws FailureError file-broken that names the field, also for an id beyond the vocabulary
 */
export function parseEndTokens(json: unknown, file: string, vocabularySize: number): number[] {
  return endTokens(json, vocabularySize, (reason) => new FailureError('file-broken', { file, reason }));
}

/**
 * `initializer_range`: standard deviation of randomly initialized rows of the text model.
 * @throws FailureError file-broken that names the field
 */
export function parseInitializerRange(json: unknown): number | undefined {
  const { text_config: text, initializer_range: own } = check(
    rangeSchema,
    json,
    (reason) => new FailureError('file-broken', { file: 'config.json', reason }),
  );
  return (text ? text.initializer_range : own) ?? undefined;
}

/**
 * @param json config.json or generation_config.json
 * @param vocabularySize rows of the output head
 * @throws CheckpointError for an `eos_token_id` that is no id of the vocabulary: an answer would not end at it
 */
export function checkEndTokens(json: unknown, file: string, vocabularySize: number): void {
  endTokens(json, vocabularySize, (reason) => new CheckpointError(`${file}: ${reason}`));
}

function endTokens(json: unknown, vocabularySize: number, broken: (reason: string) => Error): number[] {
  const fail = (reason: string) => broken(`${reason}; correct it: answers end at these tokens`);
  const { eos_token_id: given } = check(generationSchema, json, fail);
  const ids = given == null ? [] : [given].flat();
  const beyond = ids.find((token) => token >= vocabularySize);
  if (beyond !== undefined) throw fail(`eos_token_id names ${beyond}, but the vocabulary has ${vocabularySize} rows`);
  return ids;
}
