import { isJsonObject } from '../../json.ts';
import type { AddedToken } from '../bpe/added-tokens.ts';
import { malformed, unsupported } from '../format-error.ts';
import { booleanOf, stringOf } from './fields.ts';
import type { Vocabulary } from '../vocabulary.ts';

const PART = 'added_tokens';

/**
 * The `added_tokens` of a tokenizer.json. Hugging Face tokenizers reassigns their ids when it loads a file: the id in the
 * vocabulary, otherwise the next free one. Files with other ids are rejected, since libraries read them differently.
 */
export function readAddedTokens(json: unknown, vocabulary: Vocabulary & { count: number }): AddedToken[] {
  if (json === undefined || json === null) return [];
  if (!Array.isArray(json)) throw malformed(PART, typeof json, 'has to be a list.');
  const tokens: AddedToken[] = [];
  const seen = new Set<string>();
  let highest = -1;
  for (const entry of json as unknown[]) {
    const token = readAddedToken(entry);
    if (token.content === '' || seen.has(token.content)) continue;
    const expected = vocabulary.idOf(token.content) ?? (highest >= vocabulary.count ? highest + 1 : vocabulary.count);
    if (expected !== token.id) {
      throw unsupported(
        PART,
        `${JSON.stringify(token.content)} with id ${token.id}`,
        `Hugging Face tokenizers gives it id ${expected} when it reads this file, other libraries ${token.id}.`,
      );
    }
    highest = Math.max(highest, token.id);
    seen.add(token.content);
    tokens.push(token);
  }
  return tokens;
}

/** @param normalized what the normalizer makes of a token's content @throws TokenizerFormatError for a token that it makes nothing of */
export function requireContents(tokens: readonly AddedToken[], normalized: (content: string) => string): void {
  for (const token of tokens) {
    if (!token.normalized || normalized(token.content) !== '') continue;
    throw unsupported(
      PART,
      JSON.stringify(token.content),
      'the normalizer leaves nothing of it, and Hugging Face tokenizers never ends with such a token.',
    );
  }
}

function readAddedToken(json: unknown): AddedToken {
  if (!isJsonObject(json)) throw malformed(PART, 'an entry', 'has to be an object.');
  const content = stringOf(json, 'content', PART);
  const id = json['id'];
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 0) {
    throw malformed(PART, `"id" of ${JSON.stringify(content)}`, 'has to be a whole number.');
  }
  const special = booleanOf(json, 'special', PART);
  return {
    id,
    content,
    special,
    normalized: booleanOf(json, 'normalized', PART, !special),
    lstrip: booleanOf(json, 'lstrip', PART),
    rstrip: booleanOf(json, 'rstrip', PART),
    singleWord: booleanOf(json, 'single_word', PART),
  };
}
