import { isJsonObject } from '#core/json.ts';

/** A token in a Hugging Face config: a string, or an object with the string as `content`. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return isJsonObject(value) && typeof value['content'] === 'string' ? value['content'] : undefined;
}
