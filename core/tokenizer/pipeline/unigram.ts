import { PiecePrefixes } from '../text/piece-prefixes.ts';
import { utf8Of } from '../text/utf8.ts';
import type { TokenBuffer } from '../token-buffer.ts';
import { extendHash, unitsOf, type PieceTable } from '../vocabulary.ts';
import type { Model } from './models.ts';

export interface UnigramOptions {
  /** By id. */
  scores: Float64Array;
  unknown: number;
  /** Ids of `<0x00>`…`<0xFF>`, −1 if missing; undefined without byte fallback. */
  bytes: Int32Array | undefined;
}

const UNKNOWN_PENALTY = 10;

/** The segmentation with the largest sum of scores, in float64 as in Hugging Face tokenizers; of equal ones the first found. */
export function unigram(vocabulary: PieceTable, { scores, unknown, bytes }: UnigramOptions): Model {
  const prefixes = new PiecePrefixes(vocabulary, (id) => vocabulary.lengths[id]! > 0);
  const unknownScore = scores.reduce((least, score) => Math.min(least, score), Infinity) - UNKNOWN_PENALTY;

  const push = (text: string, id: number, end: number, out: TokenBuffer) => {
    const known = vocabulary.idOf(text);
    const fallback = known === undefined ? bytes : undefined;
    const ids = fallback && Array.from(text).flatMap((c) => utf8Of(c.codePointAt(0) ?? 0).map((b) => fallback[b]!));
    if (ids && !ids.includes(-1)) for (const byte of ids) out.push(byte, end);
    else out.push(known ?? id, end);
  };

  return {
    encode(text, offset, out) {
      const length = text.length;
      const units = unitsOf(text);
      const best = new Float64Array(length + 1);
      const from = new Int32Array(length + 1).fill(-1);
      const ids = new Int32Array(length + 1);
      const offer = (start: number, end: number, id: number, score: number) => {
        const sum = score + best[start]!;
        if (from[end] !== -1 && !(sum > best[end]!)) return;
        best[end] = sum;
        from[end] = start;
        ids[end] = id;
      };
      for (let start = 0; start < length;) {
        const width = text.codePointAt(start)! > 0xffff ? 2 : 1;
        let alone = false;
        let hash = 0;
        for (let end = start + 1; end <= length; end++) {
          hash = extendHash(hash, units[end - 1]!);
          if (!prefixes.mayHave(hash)) break;
          const id = vocabulary.find(units, start, end - start, hash);
          if (id === -1) continue;
          offer(start, end, id, scores[id]!);
          alone ||= end - start === width;
        }
        if (!alone) offer(start, start + width, unknown, unknownScore);
        start += width;
      }
      // Neighbouring unknown characters are one token.
      const parts: { start: number; end: number; id: number }[] = [];
      for (let end = length; end > 0; end = from[end]!) {
        const part = { start: from[end]!, end, id: ids[end]! };
        const after = parts.at(-1);
        if (part.id === unknown && after?.id === unknown) after.start = part.start;
        else parts.push(part);
      }
      for (const { start, end, id } of parts.reverse()) push(text.slice(start, end), id, offset + end, out);
    },
  };
}
