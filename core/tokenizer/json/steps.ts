import { isJsonObject } from '../../json.ts';
import type { DecoderStep } from '../bpe/decoder.ts';
import { malformed, unsupported, type TokenizerPart } from '../format-error.ts';
import { booleanOf, stringOf, type JsonRecord } from './fields.ts';
import type { NormalizerStep } from '../bpe/normalizer.ts';
import type { PreTokenizerSplit } from '../bpe/pre-tokenizer.ts';

export function readNormalizer(json: unknown): NormalizerStep[] {
  const part = 'normalizer';
  return listOf(json, 'normalizers', part).map((step) => {
    const type = stringOf(step, 'type', part);
    if (type === 'Replace') return { type, pattern: literalOf(step, part), content: stringOf(step, 'content', part) };
    if (type === 'Prepend') return { type, content: stringOf(step, 'prepend', part) };
    throw unsupported(part, type, 'only Replace of a text and Prepend are done here.');
  });
}

export interface PreTokenizer {
  preTokenizer: NormalizerStep[];
  split: PreTokenizerSplit | undefined;
}

export function readPreTokenizer(json: unknown): PreTokenizer {
  const part = 'pre_tokenizer';
  const [step, another] = listOf(json, 'pretokenizers', part);
  if (!step) return { preTokenizer: [], split: undefined };
  const type = stringOf(step, 'type', part);
  if (another) throw unsupported(part, `${type} and more`, 'only one step is done here.');
  if (type === 'Metaspace') return metaspace(step);
  if (type !== 'Split') throw unsupported(part, type, 'only Split at a text and Metaspace are done here.');
  const behavior = stringOf(step, 'behavior', part);
  if (behavior !== 'MergedWithPrevious' && behavior !== 'MergedWithNext' && behavior !== 'Isolated') {
    throw unsupported(
      part,
      `Split, ${behavior}`,
      'only MergedWithPrevious, MergedWithNext and Isolated are done here.',
    );
  }
  if (booleanOf(step, 'invert', part)) throw unsupported(part, 'Split, invert', 'is not done here.');
  return { preTokenizer: [], split: { pattern: literalOf(step, part), behavior } };
}

function metaspace(step: JsonRecord): PreTokenizer {
  const part = 'pre_tokenizer';
  const replacement = stringOf(step, 'replacement', part);
  const scheme = prependScheme(step, part);
  const preTokenizer: NormalizerStep[] = [{ type: 'Replace', pattern: ' ', content: replacement }];
  if (scheme !== 'never')
    preTokenizer.push({ type: 'PrependMissing', content: replacement, first: scheme === 'first' });
  const cut = booleanOf(step, 'split', part, true);
  return { preTokenizer, split: cut ? { pattern: replacement, behavior: 'MergedWithNext' } : undefined };
}

/** Older files have `add_prefix_space` instead. @throws TokenizerFormatError */
export function prependScheme(step: JsonRecord, part: TokenizerPart): 'always' | 'first' | 'never' {
  const scheme = step['prepend_scheme'] ?? 'always';
  if (scheme !== 'always' && scheme !== 'first' && scheme !== 'never') {
    throw malformed(part, `prepend_scheme ${JSON.stringify(scheme)}`, 'has to be always, first or never.');
  }
  if (!booleanOf(step, 'add_prefix_space', part, true) && scheme !== 'never') {
    throw unsupported(
      part,
      'Metaspace, "add_prefix_space" false',
      'Hugging Face tokenizers reads it only with "prepend_scheme" never: add that.',
    );
  }
  return scheme;
}

export function readDecoder(json: unknown): DecoderStep[] | undefined {
  if (json === undefined || json === null) return undefined;
  const part = 'decoder';
  return listOf(json, 'decoders', part).map((step) => {
    const type = stringOf(step, 'type', part);
    if (type === 'Replace') return { type, pattern: literalOf(step, part), content: stringOf(step, 'content', part) };
    if (type === 'ByteFallback' || type === 'Fuse') return { type };
    if (type === 'Strip') {
      const { start, stop } = step;
      if (typeof start !== 'number' || typeof stop !== 'number')
        throw malformed(part, type, 'needs "start" and "stop".');
      return { type, content: stringOf(step, 'content', part), start, stop };
    }
    throw unsupported(part, type, 'only Replace of a text, ByteFallback, Fuse and Strip are done here.');
  });
}

/** A list of steps from one step, a `Sequence` (also nested), or null. */
export function listOf(json: unknown, key: string, part: TokenizerPart): JsonRecord[] {
  if (json === undefined || json === null) return [];
  if (!isJsonObject(json)) throw malformed(part, typeof json, 'has to be an object.');
  if (json['type'] !== 'Sequence') return [json];
  const list = json[key];
  if (!Array.isArray(list)) throw malformed(part, `"${key}"`, 'has to be a list.');
  return (list as unknown[]).flatMap((step) => listOf(step, key, part));
}

function literalOf(step: JsonRecord, part: TokenizerPart): string {
  const pattern = step['pattern'];
  if (isJsonObject(pattern) && typeof pattern['String'] === 'string' && pattern['String'] !== '')
    return pattern['String'];
  if (isJsonObject(pattern) && typeof pattern['Regex'] === 'string') {
    throw unsupported(part, `Regex ${pattern['Regex']}`, 'only literal texts are looked for here.');
  }
  throw malformed(part, '"pattern"', 'has to be a text that is not empty.');
}
