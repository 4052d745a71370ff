import type { TokenBuffer } from '../token-buffer.ts';
import { PiecePrefixes } from '../text/piece-prefixes.ts';
import { utf8Of } from '../text/utf8.ts';
import { extendHash, type PieceTable } from '../vocabulary.ts';

/** Smallest normal float, the initial value of SentencePiece's search for the largest score. */
const FLT_MIN = 2 ** -126;
const UNKNOWN_PENALTY = 10;

export interface UnigramParts {
  vocabulary: PieceTable;
  /** Indexed by id; NaN for pieces that are not matched in text. */
  scores: Float32Array;
  /** 1 for user-defined pieces, which take precedence over all others. */
  userDefined: Uint8Array;
  /** Smallest and largest score of the normal pieces. */
  smallest: number;
  largest: number;
  unknown: number;
  bytes: Int32Array | undefined;
}

/**
 * Segmentation with the largest sum of scores (Viterbi), equivalent to SentencePiece's `EncodeOptimized`: sums are rounded to
 * float32 at each step, and on a tie the first one found is kept.
 */
export class UnigramModel {
  private readonly prefixes: PiecePrefixes;
  private readonly largest: number;
  private readonly unknownScore: number;

  constructor(private readonly parts: UnigramParts) {
    const { vocabulary, scores } = parts;
    this.prefixes = new PiecePrefixes(vocabulary, (id) => !Number.isNaN(scores[id]));
    this.largest = Math.max(parts.largest, FLT_MIN);
    this.unknownScore = Math.fround(parts.smallest - UNKNOWN_PENALTY);
  }

  /** Appends the tokens of `text`, which holds no lone surrogates. */
  encode(text: string, out: TokenBuffer): void {
    const length = text.length;
    const units = new Uint16Array(length);
    for (let at = 0; at < length; at++) units[at] = text.charCodeAt(at);
    const best = new Float32Array(length + 1);
    const from = new Int32Array(length + 1).fill(-1);
    const ids = new Int32Array(length + 1);
    const offer = (end: number, start: number, id: number, score: number) => {
      if (from[end] !== -1 && !(score > best[end]!)) return;
      best[end] = score;
      from[end] = start;
      ids[end] = id;
    };
    for (let start = 0; start < length;) {
      const width = (units[start]! & 0xfc00) === 0xd800 ? 2 : 1;
      if (!this.offerPieces(units, start, width, best[start]!, offer)) {
        offer(start + width, start, this.parts.unknown, Math.fround(this.unknownScore + best[start]!));
      }
      start += width;
    }
    this.push(units, from, ids, out);
  }

  /** Offers all pieces that begin at `start`. @returns whether the single character at `start` is a piece */
  private offerPieces(
    units: Uint16Array,
    start: number,
    width: number,
    sum: number,
    offer: (end: number, start: number, id: number, score: number) => void,
  ): boolean {
    const { vocabulary, scores, userDefined } = this.parts;
    let alone = false;
    let hash = 0;
    let bytes = 0;
    for (let at = start; at < units.length; at++) {
      const unit = units[at]!;
      hash = extendHash(hash, unit);
      if (!this.prefixes.mayHave(hash)) break;
      bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : (unit & 0xf800) === 0xd800 ? 2 : 3;
      const id = vocabulary.find(units, start, at + 1 - start, hash);
      if (id === -1 || Number.isNaN(scores[id])) continue;
      const score = userDefined[id] === 1 ? Math.fround(bytes * this.largest) - 0.1 : scores[id]!;
      offer(at + 1, start, id, score + sum);
      if (at + 1 - start === width) alone = true;
    }
    return alone;
  }

  private push(units: Uint16Array, from: Int32Array, ids: Int32Array, out: TokenBuffer): void {
    const { unknown, bytes } = this.parts;
    const ends: number[] = [];
    for (let end = units.length; end > 0; end = from[end]!) ends.push(end);
    let afterUnknown = false;
    for (let at = ends.length - 1; at >= 0; at--) {
      const end = ends[at]!;
      const id = ids[end]!;
      if (id === unknown && bytes) {
        const start = from[end]!;
        const code = String.fromCharCode(...units.subarray(start, end)).codePointAt(0) ?? 0;
        for (const byte of utf8Of(code)) out.push(bytes[byte]!, end);
      } else if (id === unknown && afterUnknown) out.ends[out.count - 1] = end;
      else out.push(id, end);
      afterUnknown = id === unknown;
    }
  }
}
