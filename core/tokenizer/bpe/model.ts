import type { Joins } from './joins.ts';
import type { MergeTable } from './merge-table.ts';
import { Symbols } from './symbols.ts';
import type { TokenBuffer } from '../token-buffer.ts';
import type { MergeStep } from '../tokenizer.ts';
import { utf8Of } from '../text/utf8.ts';
import { extendHash, unitsOf, type Vocabulary } from '../vocabulary.ts';
import { LONGEST_CACHED, WordCache } from './word-cache.ts';

export interface BpeModelParts {
  vocabulary: Vocabulary;
  merges: MergeTable;
  joins: Joins;
  /** Ids of single-unit pieces, indexed by UTF-16 unit; −1 if there is none. */
  characters: Int32Array;
  /** Ids of `<0x00>`…`<0xFF>`, −1 if missing; undefined without byte fallback. */
  bytes: Int32Array | undefined;
  /** Id for characters that are neither pieces nor bytes; if undefined, they are dropped. */
  unknown: number | undefined;
  /** One unknown token for a run of unknown characters. */
  fuseUnknown: boolean;
  /** If the text between two splits is a piece, it becomes one token without applying merges. */
  ignoreMerges: boolean;
  /** Split only between characters that are pieces, since the tokens of other characters depend on their neighbours. */
  cutKnownOnly: boolean;
}

/** BPE of normalized text, equivalent to the `BPE` model of Hugging Face tokenizers (Rust). */
export class BpeModel {
  private readonly symbols = new Symbols();
  private readonly cache = new WordCache();
  private units = new Uint16Array(1024);

  constructor(readonly parts: BpeModelParts) {}

  /** Appends the tokens of `text`, which holds no lone surrogates; ends count from `offset` at its beginning. */
  encode(text: string, offset: number, out: TokenBuffer): void {
    const { joins, cutKnownOnly, characters, ignoreMerges, vocabulary } = this.parts;
    const whole = ignoreMerges ? vocabulary.idOf(text) : undefined;
    if (whole !== undefined) {
      out.push(whole, offset + text.length);
      return;
    }
    const length = text.length;
    if (length > this.units.length) this.units = new Uint16Array(length * 2);
    const units = this.units;
    let start = 0;
    let hash = 0;
    let before = 0;
    for (let at = 0; at < length; at++) {
      const unit = text.charCodeAt(at);
      units[at] = unit;
      if (at > 0 && !joins.has(before, unit) && (unit & 0xfc00) !== 0xdc00) {
        if (!cutKnownOnly || (characters[before]! >= 0 && characters[unit]! >= 0)) {
          this.encodeWord(start, at, hash, offset, out);
          start = at;
          hash = 0;
        }
      }
      hash = extendHash(hash, unit);
      before = unit;
    }
    if (length > 0) this.encodeWord(start, length, hash, offset, out);
  }

  /** The merges that form a piece from its characters; empty if there are none. */
  historyOf(id: number): MergeStep[] {
    const { vocabulary, merges } = this.parts;
    const { symbols } = this;
    const piece = vocabulary.pieceOf(id);
    if (piece === undefined) return [];
    symbols.clear();
    this.pushCharacters(unitsOf(piece), 0, piece.length);
    const steps: MergeStep[] = [];
    symbols.merge(merges, (left, right, rank) => {
      steps.push({ left: vocabulary.pieceOf(left) ?? '', right: vocabulary.pieceOf(right) ?? '', rank });
    });
    return symbols.count === 1 && symbols.ids[0] === id ? steps : [];
  }

  private encodeWord(start: number, end: number, hash: number, offset: number, out: TokenBuffer): void {
    const { cache, symbols, units } = this;
    const length = end - start;
    if (length === 1) {
      const id = this.parts.characters[units[start]!]!;
      if (id >= 0) {
        out.push(id, offset + end);
        return;
      }
    }
    const cached = length <= LONGEST_CACHED;
    if (cached && cache.find(units, start, length, hash)) {
      out.append(cache.ids, cache.lengths, cache.from, cache.to, offset + start);
      return;
    }
    symbols.clear();
    this.pushCharacters(units, start, end);
    symbols.merge(this.parts.merges);
    out.append(symbols.ids, symbols.lengths, 0, symbols.count, offset + start);
    if (cached) cache.add(units, start, length, hash, symbols.ids, symbols.lengths, symbols.count);
  }

  private pushCharacters(units: Uint16Array, start: number, end: number): void {
    const { vocabulary, characters, bytes, unknown, fuseUnknown } = this.parts;
    const { symbols } = this;
    /** Units of unknown characters without a token so far, and of dropped characters. */
    let pending = 0;
    let dropped = 0;
    for (let at = start; at < end;) {
      const unit = units[at]!;
      const wide = (unit & 0xfc00) === 0xd800;
      const length = wide ? 2 : 1;
      const code = wide ? 0x10000 + ((unit & 0x3ff) << 10) + (units[at + 1]! & 0x3ff) : unit;
      at += length;
      const id = wide ? (vocabulary.idOf(String.fromCodePoint(code)) ?? -1) : characters[unit]!;
      if (id >= 0) {
        if (pending > 0) symbols.push(unknown!, pending);
        symbols.push(id, length + dropped);
        pending = dropped = 0;
      } else if (bytes && this.pushBytes(code, bytes, length + dropped)) {
        dropped = 0;
      } else if (unknown === undefined) {
        dropped += length;
      } else {
        if (pending > 0 && !fuseUnknown) {
          symbols.push(unknown, pending);
          pending = 0;
        }
        pending += length;
      }
    }
    if (pending > 0) symbols.push(unknown!, pending);
    if (dropped > 0 && symbols.count > 0) symbols.lengths[symbols.count - 1]! += dropped;
  }

  /** The first byte token covers the whole character; the others are empty ranges after it. */
  private pushBytes(code: number, bytes: Int32Array, length: number): boolean {
    const encoded = utf8Of(code);
    for (const byte of encoded) if (bytes[byte]! < 0) return false;
    for (let at = 0; at < encoded.length; at++) this.symbols.push(bytes[encoded[at]!]!, at === 0 ? length : 0);
    return true;
  }
}
