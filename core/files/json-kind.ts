/** What JSON is by its content. */
import { isJsonObject, type Json } from '../json.ts';
import type { FileKind, Recognised } from './kinds.ts';
import { answerOf } from './text-kind.ts';

/** Keys beside `message` or `detail` in the answer of a server that has no `error`. */
const ANSWER_KEYS = /^(?:message|detail|status|statusCode|code|type|url|documentation_url|request_?id)$/i;

/** @param json parsed @returns undefined if it is no object or list */
export function kindOfJson(json: unknown): Recognised | undefined {
  if (!isJsonObject(json)) return Array.isArray(json) ? { kind: 'json' } : undefined;
  // Its format is explicit; it has a `model` too.
  if (isFormat(json, 'run-card')) return { kind: 'runCard' };
  return isJsonObject(json['model']) ? { kind: 'tokenizerJson' } : (answerIn(json) ?? { kind: settingsKind(json) });
}

/** True for a file that this project writes, in any version. */
function isFormat({ format }: Json, name: 'korean' | 'run-card'): boolean {
  return typeof format === 'string' && format.startsWith(`medgemma-ko-lab/${name}/`);
}

/** The answer of a server that refused. */
function answerIn(json: Json): Recognised | undefined {
  const { error, message, detail } = json;
  if (typeof error === 'string') return answerOf(error);
  if (isJsonObject(error)) {
    const words = error['message'];
    return answerOf(typeof words === 'string' ? words : JSON.stringify(error));
  }
  const words = message ?? detail;
  const isAnswer = error === undefined && Object.keys(json).every((key) => ANSWER_KEYS.test(key));
  return typeof words === 'string' && isAnswer ? answerOf(words) : undefined;
}

function settingsKind(json: Json): FileKind {
  const { config, vocab } = json;
  if (isFormat(json, 'korean')) return 'koreanPack';
  if (isJsonObject(config) && typeof config['pattern'] === 'string' && Array.isArray(vocab)) return 'tekken';
  // Where only the start of a tokenizer.json is there, its model may come later.
  if (Array.isArray(json['added_tokens']) && 'version' in json) return 'tokenizerJson';
  if (json['tokenizer_class'] !== undefined || isJsonObject(json['added_tokens_decoder'])) return 'tokenizerConfig';
  if (json['peft_type'] !== undefined) return 'adapterConfig';
  if (isJsonObject(json['lora_parameters'])) return 'mlxAdapterConfig';
  if (json['model_type'] !== undefined || json['architectures'] !== undefined) return 'modelConfig';
  if (isJsonObject(json['weight_map'])) return 'safetensorsIndex';
  const entries = Object.entries(json);
  if (entries.length > 0 && entries.every(([name]) => /_tokens?$/.test(name))) return 'specialTokensMap';
  if (entries.length > 1 && entries.every(([, id]) => Number.isInteger(id))) return 'vocabJson';
  return 'json';
}

/**
 * Parses JSON, or as much of it as the start of a file holds: what is cut off is left out.
 * @param whole whether it is all of it
 * @returns undefined if this is no start of an object or a list
 */
export function parseStart(text: string, whole: boolean): unknown {
  const start = text.trim();
  if (!/^[{[]/.test(start)) return undefined;
  return whole ? parsed(start) : parsed(closed(start));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Cuts at the last comma outside strings and closes what is open there; empty if the value ends before the text does. */
function closed(text: string): string {
  const open: string[] = [];
  let best = '';
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (inString) {
      if (character === '\\') at++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{') open.push('}');
    else if (character === '[') open.push(']');
    else if (character === '}' || character === ']') {
      if (open.pop() !== character || open.length === 0) return '';
    } else if (character === ',') best = text.slice(0, at) + open.toReversed().join('');
  }
  return best;
}
