/** `chat_template` of `tokenizer_config.json` and `chat_template.json`. */
import * as v from 'valibot';
import { FailureError } from '../failure.ts';
import { check, list, object } from '../schema/schema.ts';

const named = object({ name: v.string('a text'), template: v.string('a text') });
const schema = object({
  chat_template: v.nullish(v.union([v.string(), list(named, 1000)], 'a template or a list of named ones')),
});

/**
 * The field is a string, or a list of named templates of which "default" is for chat.
 * @returns undefined if the file has no template
 * @throws FailureError file-broken that names the field
 */
export function parseTemplateField(json: unknown, file: string): string | undefined {
  const { chat_template: field } = check(schema, json, (reason) => new FailureError('file-broken', { file, reason }));
  if (typeof field === 'string') return field;
  return field?.find(({ name }) => name === 'default')?.template;
}
