/** tokenizer.json as an object that is modified and written back; unknown fields are preserved. */
import { isJsonObject } from '../../json.ts';
import { PackError } from './pack-error.ts';

/** Only the fields that merging uses; the object keeps its other fields. */
export interface TokenizerJson {
  added_tokens?: { id: number; content: string }[] | null;
  model: {
    type: 'BPE';
    vocab: Record<string, number>;
    /** `["a", "b"]`, or `"a b"` in older files. */
    merges: (string | [left: string, right: string])[];
  };
}

/**
 * Validates the object and returns it.
 *
 * @param json parsed tokenizer.json
 * @throws PackError that names the missing field
 */
export function requireTokenizerJson(json: unknown): TokenizerJson {
  if (isTokenizerJson(json)) return json;
  throw new PackError('base', 'This is no tokenizer.json.');
}

function isTokenizerJson(json: unknown): json is TokenizerJson {
  if (!isJsonObject(json) || !('model' in json)) {
    throw new PackError('base', 'This is no tokenizer.json of Hugging Face tokenizers: it has no "model".');
  }
  const { model } = json;
  if (!isJsonObject(model) || model['type'] !== 'BPE') {
    const type = isJsonObject(model) ? JSON.stringify(model['type']) : 'missing';
    throw new PackError('base', `The model of this tokenizer.json is ${type}; a pack of merges needs "BPE".`);
  }
  const { vocab, merges } = model;
  if (!isJsonObject(vocab) || !Object.values(vocab).every(isId)) {
    throw new PackError('base', '"model.vocab" of this tokenizer.json is no list of pieces with whole numbers as ids.');
  }
  if (!Array.isArray(merges) || !merges.every(isMerge)) {
    throw new PackError('base', '"model.merges" of this tokenizer.json is no list of pairs of pieces.');
  }
  const added = json['added_tokens'];
  if (added !== undefined && added !== null && !(Array.isArray(added) && added.every(isAddedToken))) {
    throw new PackError('base', '"added_tokens" of this tokenizer.json is no list of tokens with "id" and "content".');
  }
  return true;
}

function isId(value: unknown): boolean {
  return Number.isSafeInteger(value);
}

function isMerge(value: unknown): boolean {
  if (typeof value === 'string') return value.includes(' ');
  return Array.isArray(value) && value.length === 2 && value.every((side) => typeof side === 'string');
}

function isAddedToken(value: unknown): boolean {
  return isJsonObject(value) && isId(value['id']) && typeof value['content'] === 'string';
}
