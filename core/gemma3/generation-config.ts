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
 * @throws FailureError file-broken that names the field
 */
export function parseEndTokens(json: unknown, file: string): number[] {
  const { eos_token_id: ids } = check(generationSchema, json, broken(file));
  return ids === null || ids === undefined ? [] : [ids].flat();
}

/**
 * `initializer_range`: standard deviation of randomly initialized rows of the text model.
 * @throws FailureError file-broken that names the field
 */
export function parseInitializerRange(json: unknown): number | undefined {
  const { text_config: text, initializer_range: own } = check(rangeSchema, json, broken('config.json'));
  return (text ? text.initializer_range : own) ?? undefined;
}

const broken = (file: string) => (reason: string) => new FailureError('file-broken', { file, reason });

/**
 * @param json config.json or generation_config.json
 * @param vocabularySize rows of the output head
 * @throws CheckpointError for an `eos_token_id` that is no id of the vocabulary: an answer would not end at it
 */
export function checkEndTokens(json: unknown, file: string, vocabularySize: number): void {
  const { eos_token_id: ids } = check(
    generationSchema,
    json,
    (reason) => new CheckpointError(`${file}: ${reason}; correct it: answers end at these tokens`),
  );
  const beyond = [ids ?? []].flat().find((token) => token >= vocabularySize);
  if (beyond !== undefined)
    throw new CheckpointError(
      `${file}: eos_token_id names ${beyond}, but the vocabulary has ${vocabularySize} rows; correct it: answers end at these tokens`,
    );
}
