/** What a text is by its beginning: something that a download left in place of a file, or a list of pieces. */
import type { FileKind, Recognised } from './kinds.ts';

/** Maximum size of a pointer by the specification of Git LFS. */
const MAX_LFS_POINTER = 1024;
const LFS_POINTER = 'version https://git-lfs.github.com/spec/';
const WEB_PAGE = /^(?:<\?xml[^>]*>\s*)?(?:<!--[^]*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b/i;
const SVG = /^(?:<\?xml[^]*?)?(?:\s|<!--[^]*?-->|<!DOCTYPE svg[^>]*>)*<svg[\s>]/i;
/** S3 and the servers that speak its language. */
const XML_ERROR = /^(?:<\?xml[^>]*>\s*)?<Error>\s*<Code>(\w+)<\/Code>/;
/** Of Hugging Face, without JSON around it. */
const ANSWER =
  /^(?:Access to (?:model|dataset) \S+ is restricted[^\n]*|(?:Entry|Repository|File) not found|Not Found|Invalid (?:username or password|credentials[^\n]*))\.?\s*$/;
const REFUSED = /restricted|gated|authenticat|authoriz|credential|password|log ?in|access/i;

/** @param text the start of a decoded text, or all of a short one @param whole whether it is all of it */
export function kindOfText(text: string, whole: boolean): Recognised | undefined {
  const start = text.trimStart();
  if (start === '') return whole ? { kind: 'empty' } : undefined;
  if (start.startsWith(LFS_POINTER) && whole && start.length <= MAX_LFS_POINTER) return { kind: 'lfsPointer' };
  if (WEB_PAGE.test(start)) return { kind: 'webPage' };
  if (SVG.test(start)) return { kind: 'svg' };
  const words = XML_ERROR.exec(start)?.[1] ?? (whole ? ANSWER.exec(start)?.[0].trim() : undefined);
  return words === undefined ? undefined : answerOf(words);
}

/** The kind of a server's refusal by its words. */
export function answerOf(words: string): Recognised {
  return { kind: REFUSED.test(words) ? 'gatedAnswer' : 'errorAnswer', reason: words };
}

/** What a list of lines is: the vocabulary or the merges of a tokenizer. */
export function kindOfLines(text: string): FileKind | undefined {
  const lines = text.split(/\r?\n/).slice(0, -1).slice(0, 50);
  if (lines.length < 3) return undefined;
  const all = (form: RegExp) => lines.every((line) => form.test(line));
  if (lines[0]?.startsWith('#version')) return 'mergesTxt';
  if (all(/^[A-Za-z0-9+/]+=* \d+$/)) return 'tiktoken';
  if (all(/^\S+\t-?[\d.e-]+$/)) return 'sentencepieceVocab';
  if (lines.some((line) => /^\[(?:PAD|UNK|CLS)\]$/.test(line)) && all(/^\S*$/)) return 'vocabTxt';
  return undefined;
}
