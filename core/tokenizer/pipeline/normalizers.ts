import { Charsmap } from '../sentencepiece/charsmap.ts';
import { byteLevel, isSpace } from './characters.ts';
import { KEPT_BERT_MARKS, KEPT_MARKS, NOT_NORMALIZED } from './older-unicode.ts';
import { mapCharacters, prependTo, replaceIn, type Replacement, type Span } from './span.ts';
import type { FindMatches } from './split.ts';

/** One step of normalization. */
export type Normalize = (span: Span) => Span;

export type UnicodeForm = 'NFC' | 'NFD' | 'NFKC' | 'NFKD';

export const lowercase: Normalize = (span) => mapCharacters(span, (character) => character.toLowerCase());

export const stripAccents: Normalize = (span) => mapCharacters(span, (character) => (isMark(character) ? '' : character));

const isMark = (character: string) => /^[\p{M}\u1CF2\u1CF3]$/u.test(character) && !KEPT_MARKS.test(character);
const isBertMark = (character: string) =>
  /^[\p{Mn}\u1734\u{1171E}]$/u.test(character) && !KEPT_BERT_MARKS.test(character);

export const byteLevelNormalizer: Normalize = (span) => mapCharacters(span, byteLevel);

export function unicodeForm(form: UnicodeForm): Normalize {
  return (span) => {
    const replacements: Replacement[] = [];
    let at = 0;
    for (const part of span.text.split(NOT_NORMALIZED)) {
      if (!NOT_NORMALIZED.test(part) && part.normalize(form) !== part) replacements.push(...changes(part, form, at));
      at += part.length;
    }
    return replaceIn(span, replacements);
  };
}

/** The changed stretches: from one character that nothing before it composes with or is reordered to, to the next. */
function changes(text: string, form: UnicodeForm, offset: number): Replacement[] {
  const stretches: string[] = [];
  for (const character of text) {
    const last = stretches.at(-1);
    const joins = last !== undefined && (last + character).normalize(form) !== last.normalize(form) + character.normalize(form);
    if (joins) stretches[stretches.length - 1] = last + character;
    else stretches.push(character);
  }
  const normal = stretches.map((stretch) => stretch.normalize(form));
  const whole = text.normalize(form);
  // Marks can be reordered across stretches; then the text is one stretch.
  if (normal.join('') !== whole) return [{ start: offset, end: offset + text.length, content: whole }];
  let start = offset;
  return stretches.flatMap((stretch, index) => {
    const end = start + stretch.length;
    const change = { start, end, content: normal[index]! };
    start = end;
    return change.content === stretch ? [] : [change];
  });
}

export function strip(left: boolean, right: boolean): Normalize {
  return (span) => {
    const { text } = span;
    let start = 0;
    let end = text.length;
    // All white space is one UTF-16 unit.
    while (left && start < end && isSpace(text.charAt(start))) start++;
    while (right && end > start && isSpace(text.charAt(end - 1))) end--;
    const replacements = [
      { start: 0, end: start, content: '' },
      { start: end, end: text.length, content: '' },
    ];
    return replaceIn(
      span,
      replacements.filter((cut) => cut.end > cut.start),
    );
  };
}

export function replaceMatches(find: FindMatches, content: string): Normalize {
  return (span) => replaceIn(span, Array.from(find(span.text), (match) => ({ ...match, content })));
}

export function prepend(content: string): Normalize {
  return (span) => (span.text === '' ? span : prependTo(span, content));
}

/** The cleaning of Google's neural translation. */
export const nmt: Normalize = (span) =>
  mapCharacters(span, (character) => {
    if (/^[\u0001-\u0008\u000B\u000E-\u001F\u007F\u008F\u009F]$/.test(character)) return '';
    return /^[\t\n\f\r\u1680\u200B-\u200F\u2028\u2029\u2581\uFEFF\uFFFD]$/.test(character) ? ' ' : character;
  });

export interface BertFlags {
  cleanText: boolean;
  handleChineseChars: boolean;
  stripAccents: boolean;
  lowercase: boolean;
}

export function bert(flags: BertFlags): Normalize {
  const steps: Normalize[] = [];
  if (flags.cleanText) steps.push((span) => mapCharacters(span, cleaned));
  if (flags.handleChineseChars)
    steps.push((span) => mapCharacters(span, (character) => (isChinese(character) ? ` ${character} ` : character)));
  if (flags.stripAccents)
    steps.push(unicodeForm('NFD'), (span) =>
      mapCharacters(span, (character) => (isBertMark(character) ? '' : character)),
    );
  if (flags.lowercase) steps.push(lowercase);
  return (span) => steps.reduce((result, step) => step(result), span);
}

/** Format characters that came after Rust's tables. */
const KEPT_FORMAT = /^[\u0890\u0891\u08E2\u{110CD}\u{13430}-\u{1343F}]$/u;

function cleaned(character: string): string {
  if (isSpace(character) && !/^[\v\f\x85]$/.test(character)) return ' ';
  if (/^[\0\uFFFD\p{Cc}\p{Cf}\p{Co}]$/u.test(character) && !KEPT_FORMAT.test(character)) return '';
  return character;
}

function isChinese(character: string): boolean {
  return /^[\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B81F}\u{2B920}-\u{2CEAF}\u{2F800}-\u{2FA1F}]$/u.test(
    character,
  );
}

/** The rules of a SentencePiece model, as the crate spm_precompiled applies them: to each short grapheme as a whole. */
export function precompiled(bytes: Uint8Array): Normalize {
  const charsmap = new Charsmap(bytes);
  const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });
  const utf8 = new TextEncoder();
  return (span) => {
    const replacements: Replacement[] = [];
    const offer = (part: string, start: number) => {
      const content = charsmap.shortestOf(part);
      if (content !== undefined) replacements.push({ start, end: start + part.length, content });
      return content !== undefined;
    };
    for (const { segment, index } of graphemes.segment(span.text)) {
      if (utf8.encode(segment).length < 6 && offer(segment, index)) continue;
      let at = index;
      for (const character of segment) {
        offer(character, at);
        at += character.length;
      }
    }
    return replaceIn(span, replacements);
  };
}
