import { Charsmap } from './charsmap.ts';
import type { SentencePieceFile } from './file.ts';

const SPACE = '▁';

export interface SentencePieceText {
  text: string;
  /**
   * Original position of each position in `text` (0…length). Positions inside a replacement map to the end of the
   * replaced text.
   */
  origins: Int32Array;
}

/** Equivalent to SentencePiece's `Normalizer::Normalize`. */
export class SentencePieceNormalizer {
  private readonly charsmap: Charsmap | undefined;

  /** `longestSymbolAt`: length of the user-defined piece at a position, or 0. These pieces are not normalized. */
  constructor(
    private readonly file: SentencePieceFile,
    private readonly longestSymbolAt: (text: string, at: number) => number,
  ) {
    const { charsmap } = file.normalizer;
    this.charsmap = charsmap.length > 0 ? new Charsmap(charsmap) : undefined;
  }

  normalize(input: string): SentencePieceText {
    const { addDummyPrefix, removeExtraWhitespaces, escapeWhitespaces } = this.file.normalizer;
    const suffix = this.file.treatWhitespaceAsSuffix;
    const space = escapeWhitespaces ? SPACE : ' ';
    let at = 0;
    if (removeExtraWhitespaces) {
      while (at < input.length) {
        const { content, length } = this.prefixAt(input, at);
        if (content !== ' ') break;
        at += length;
      }
    }
    if (at === input.length) return { text: '', origins: Int32Array.of(input.length) };
    let text = '';
    const origins: number[] = [];
    const push = (content: string, start: number, end: number) => {
      for (let unit = 0; unit < content.length; unit++) origins.push(unit === 0 ? start : end);
      text += content;
    };
    if (addDummyPrefix && !suffix) push(space, 0, 0);
    let afterSpace = removeExtraWhitespaces;
    while (at < input.length) {
      const { content, length } = this.prefixAt(input, at);
      const kept = afterSpace ? content.replace(/^ +/, '') : content;
      if (kept !== '') {
        push(escapeWhitespaces ? kept.replaceAll(' ', SPACE) : kept, at, at + length);
        afterSpace = removeExtraWhitespaces && kept.endsWith(' ');
      }
      at += length;
    }
    if (removeExtraWhitespaces) {
      while (text.endsWith(space)) {
        text = text.slice(0, -1);
        origins.pop();
      }
    }
    if (addDummyPrefix && suffix) push(space, at, at);
    origins.push(at);
    return { text, origins: Int32Array.from(origins) };
  }

  /** Normalized form of the next characters at `at`, and the number of units that it replaces. */
  private prefixAt(text: string, at: number): { content: string; length: number } {
    const symbol = this.longestSymbolAt(text, at);
    if (symbol > 0) return { content: text.slice(at, at + symbol), length: symbol };
    const rule = this.charsmap?.longestAt(text, at);
    if (rule) return { content: rule.replacement, length: rule.length };
    const length = (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
    return { content: text.slice(at, at + length), length };
  }
}
