import type { MergeTable } from '../bpe/merge-table.ts';
import { Symbols } from '../bpe/symbols.ts';
import { utf8Of } from '../text/utf8.ts';
import type { TokenBuffer } from '../token-buffer.ts';
import type { MergeStep } from '../tokenizer.ts';
import type { Vocabulary } from '../vocabulary.ts';

/** Makes the tokens of a part that pre-tokenization left. */
export interface Model {
  /** Appends the tokens of `text`, which is not empty; ends count from `offset` at its beginning. */
  encode(text: string, offset: number, out: TokenBuffer): void;
  /** The merges that form a piece; absent for models without merges. */
  historyOf?(id: number): MergeStep[];
}

export function wordLevel(vocabulary: Vocabulary, unknown: number): Model {
  return { encode: (text, offset, out) => out.push(vocabulary.idOf(text) ?? unknown, offset + text.length) };
}

export interface WordPieceOptions {
  unknown: number;
  prefix: string;
  maxCharacters: number;
}

/** The longest piece at each place, from the left; the whole word is unknown if there is none. */
export function wordPiece(vocabulary: Vocabulary, { unknown, prefix, maxCharacters }: WordPieceOptions): Model {
  const piecesOf = (text: string): { id: number; end: number }[] | undefined => {
    const characters = Array.from(text);
    if (characters.length > maxCharacters) return undefined;
    const pieces: { id: number; end: number }[] = [];
    let at = 0;
    for (let start = 0; start < characters.length;) {
      let end = characters.length;
      let id: number | undefined;
      for (; end > start; end--) {
        id = vocabulary.idOf((start > 0 ? prefix : '') + characters.slice(start, end).join(''));
        if (id !== undefined) break;
      }
      if (id === undefined) return undefined;
      at += characters.slice(start, end).join('').length;
      pieces.push({ id, end: at });
      start = end;
    }
    return pieces;
  };
  return {
    encode(text, offset, out) {
      const pieces = piecesOf(text) ?? [{ id: unknown, end: text.length }];
      for (const { id, end } of pieces) out.push(id, offset + end);
    },
  };
}

export interface AffixedBpeOptions {
  merges: MergeTable;
  /** Ids of `<0x00>`…`<0xFF>`, −1 if missing; undefined without byte fallback. */
  bytes: Int32Array | undefined;
  unknown: number | undefined;
  fuseUnknown: boolean;
  ignoreMerges: boolean;
  /** Stands before each character but the first of a word. */
  prefix: string;
  /** Stands after the last character of a word. */
  suffix: string;
}

/** BPE whose characters are marked by their place in the word: `continuing_subword_prefix`, `end_of_word_suffix`. */
export function affixedBpe(vocabulary: Vocabulary, options: AffixedBpeOptions): Model {
  const { merges, bytes, unknown, fuseUnknown, ignoreMerges, prefix, suffix } = options;
  const symbols = new Symbols();
  const utf8 = (text: string) => Array.from(text).flatMap((character) => utf8Of(character.codePointAt(0) ?? 0));

  const fill = (text: string) => {
    symbols.clear();
    /** Units of unknown characters without a token so far. */
    let pending = 0;
    let start = 0;
    for (const character of text) {
      const { length } = character;
      const marked = (start > 0 ? prefix : '') + character + (start + length === text.length ? suffix : '');
      start += length;
      const id = vocabulary.idOf(marked);
      if (id !== undefined) {
        if (pending > 0) symbols.push(unknown!, pending);
        pending = 0;
        symbols.push(id, length);
        continue;
      }
      const fallback = bytes && utf8(marked).map((byte) => bytes[byte]!);
      if (fallback && !fallback.includes(-1)) {
        fallback.forEach((byte, index) => symbols.push(byte, index === 0 ? length : 0));
        continue;
      }
      if (unknown === undefined) continue;
      if (pending > 0 && !fuseUnknown) {
        symbols.push(unknown, pending);
        pending = 0;
      }
      pending += length;
    }
    if (pending > 0) symbols.push(unknown!, pending);
  };

  return {
    encode(text, offset, out) {
      const whole = ignoreMerges ? vocabulary.idOf(text) : undefined;
      if (whole !== undefined) {
        out.push(whole, offset + text.length);
        return;
      }
      fill(text);
      symbols.merge(merges);
      out.append(symbols.ids, symbols.lengths, 0, symbols.count, offset);
    },
  };
}
