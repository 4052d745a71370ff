import { isJsonObject, type Json } from '../../json.ts';
import { malformed, unsupported, type TokenizerPart } from '../format-error.ts';
import * as features from './features.ts';
import type { Kind, Kinds } from './features.ts';

/** Parts that are a step or a `Sequence` of steps. */
const STEPS: readonly { part: TokenizerPart; kinds: Kinds; list: string }[] = [
  { part: 'normalizer', kinds: features.NORMALIZERS, list: 'normalizers' },
  { part: 'pre_tokenizer', kinds: features.PRE_TOKENIZERS, list: 'pretokenizers' },
  { part: 'post_processor', kinds: features.POST_PROCESSORS, list: 'processors' },
  { part: 'decoder', kinds: features.DECODERS, list: 'decoders' },
];

const TOP = new Set([
  ...['version', 'truncation', 'padding', 'added_tokens', 'model'],
  ...STEPS.map(({ part }): string => part),
]);

/**
 * Holds a parsed tokenizer.json to the table of features: every kind and every field of it has to be known.
 * @throws TokenizerFormatError `unsupported` for what is not done, by its name; `malformed` for values that no reader accepts
 */
export function checkFeatures(file: unknown): void {
  if (!isJsonObject(file) || !isJsonObject(file['model'])) {
    throw malformed('file', '"model"', 'is missing: this is no tokenizer.json of Hugging Face tokenizers.');
  }
  const version = file['version'] ?? '1.0';
  if (version !== '1.0') throw unsupported('file', `version ${JSON.stringify(version)}`, 'only version 1.0 is known.');
  for (const [name, value] of Object.entries(file)) {
    if (!TOP.has(name) && !isEmpty(value)) throw unsupported('file', `"${name}"`, 'this field is not known here.');
  }
  checkFields('truncation', 'truncation', file['truncation'], features.TRUNCATION);
  checkFields('padding', 'padding', file['padding'], features.PADDING);
  for (const { part, kinds, list } of STEPS) checkStep(part, file[part], kinds, list);
  const { model, added_tokens: added } = file;
  const type = modelType(model);
  checkKind('model', type, model, features.MODELS);
  if (Array.isArray(added)) {
    for (const token of added as unknown[]) {
      const content = isJsonObject(token) ? JSON.stringify(token['content']) : 'an entry';
      checkFields('added_tokens', content, token, features.ADDED_TOKEN);
    }
  }
}

/** Old files do not name the type of their model; its fields tell. @throws TokenizerFormatError */
export function modelType(model: Json): string {
  const { type } = model;
  if (typeof type === 'string') return type;
  if (type !== undefined) throw malformed('model', '"type"', 'has to be a text.');
  if (model['merges'] !== undefined) return 'BPE';
  if (Array.isArray(model['vocab'])) return 'Unigram';
  return model['max_input_chars_per_word'] === undefined ? 'WordLevel' : 'WordPiece';
}

function checkStep(part: TokenizerPart, step: unknown, kinds: Kinds, list: string): void {
  if (step === undefined || step === null) return;
  if (!isJsonObject(step)) throw malformed(part, typeof step, 'has to be an object.');
  const { type } = step;
  if (typeof type !== 'string') throw malformed(part, '"type"', 'has to be a string.');
  checkKind(part, type, step, kinds);
  if (type !== 'Sequence') return;
  const steps = step[list];
  if (!Array.isArray(steps)) throw malformed(part, `"${list}"`, 'has to be a list.');
  for (const inner of steps as unknown[]) checkStep(part, inner, kinds, list);
}

function checkKind(part: TokenizerPart, type: string, step: Json, kinds: Kinds): void {
  const kind = Object.hasOwn(kinds, type) ? kinds[type] : undefined;
  if (!kind) throw unsupported(part, type, 'this kind is not known here.');
  if (kind.treatment === 'refused') throw unsupported(part, type, 'this kind is not done here.');
  const { type: _, ...fields } = step;
  checkFields(part, type, fields, kind.fields);
}

function checkFields(part: TokenizerPart, of: string, object: unknown, known: Kind['fields']): void {
  if (object === undefined || object === null) return;
  if (!isJsonObject(object)) throw malformed(part, of, 'has to be an object.');
  for (const [name, value] of Object.entries(object)) {
    const field = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!field) {
      if (isEmpty(value)) continue;
      throw unsupported(part, `${of}, "${name}"`, 'this field is not known here.');
    }
    const verdict = field.judge(value);
    if (verdict === 'fits') continue;
    const found = `${of}, "${name}" ${short(value)}`;
    if (verdict === 'damaged') throw malformed(part, found, `is none of: ${field.accepts}.`);
    throw unsupported(
      part,
      found,
      field.reason?.(value) ?? `only ${field.accepts.replace(/^only /u, '')} can be done here.`,
    );
  }
}

/** A value that asks for nothing. */
function isEmpty(value: unknown): boolean {
  if (value === null || value === false || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function short(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
