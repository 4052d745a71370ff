/**
 * EEVE's method for new tokens (Kim et al., arXiv 2402.14714): an intermediate tokenizer for the language splits the text, its
 * frequent pieces are selected, and merges are created for each of them.
 */
import type { MergeRules } from './merge-rules.ts';
import type { Tokenizer } from '../tokenizer.ts';

export interface FilterLimits {
  /** Maximum number of new tokens, including intermediate ones. */
  tokens: number;
  /** Minimum number of occurrences of a piece. */
  minFrequency: number;
}

export interface FilteredMerges {
  merges: [left: string, right: string][];
  /** Pieces of the intermediate tokenizer that the base lacks and that were frequent enough. */
  candidates: number;
  /** Of these, how many became tokens. */
  chosen: number;
  /** Intermediate tokens, which are not such pieces but part of one. */
  between: number;
}

/** Frequency of each piece of the intermediate tokenizer in the words. Runs in steps; yields the number of words done. */
export function* countPieces(
  intermediate: Tokenizer,
  words: Iterable<[word: string, count: number]>,
): Generator<number, Map<string, number>> {
  const byId = new Map<number, number>();
  let done = 0;
  for (const [word, count] of words) {
    for (const id of intermediate.encode(word)) byId.set(id, (byId.get(id) ?? 0) + count);
    if (++done % 1024 === 0) yield done;
  }
  const counts = new Map<string, number>();
  for (const [id, count] of byId) {
    const piece = intermediate.pieceOf(id);
    if (piece !== undefined && intermediate.kindOf(id) === 'piece') counts.set(piece, count);
  }
  return counts;
}

/**
 * Merges that form the pieces, most frequent piece first; ties in the order of UTF-16 units. A piece is first split by the base
 * and the merges so far. If more than two tokens are left, two neighbours are merged first, preferably into another selected
 * piece.
 */
export function mergesFor(
  counts: ReadonlyMap<string, number>,
  base: Tokenizer,
  rules: MergeRules,
  { tokens, minFrequency }: FilterLimits,
): FilteredMerges {
  const wanted = [...counts]
    .filter(([piece, count]) => count >= minFrequency && rules.mayBecome(piece))
    .sort(([a, countOfA], [b, countOfB]) => countOfB - countOfA || (a < b ? -1 : 1))
    .map(([piece]) => piece);
  const tail = new TailMerges(base);
  for (const piece of wanted) {
    const cut = tail.cut(piece);
    // Skips pieces with byte tokens, since these are not pieces of text.
    if (cut.join('') !== piece || tail.merges.length + cut.length - 1 > tokens) continue;
    makePiece(piece, tail, counts, rules);
  }
  const made = new Set(tail.merges.map(([left, right]) => left + right));
  const chosen = wanted.filter((piece) => made.has(piece)).length;
  return { merges: tail.merges, candidates: wanted.length, chosen, between: made.size - chosen };
}

/** Appends merges until the piece is one token; stops if every pair of its tokens already exists as a piece. */
function makePiece(piece: string, tail: TailMerges, counts: ReadonlyMap<string, number>, rules: MergeRules): void {
  for (let cut = tail.cut(piece); cut.length > 1; cut = tail.cut(piece)) {
    let best: { at: number; count: number } | undefined;
    for (let at = 0; at + 1 < cut.length; at++) {
      const joined = cut[at]! + cut[at + 1]!;
      if (tail.has(joined) || !rules.mayBecome(joined)) continue;
      const count = counts.get(joined) ?? 0;
      if (!best || count > best.count) best = { at, count };
    }
    if (!best) return;
    tail.append(cut[best.at]!, cut[best.at + 1]!);
  }
}

/** The merges so far, and the segmentation of a piece by the base with these merges. */
class TailMerges {
  readonly merges: [left: string, right: string][] = [];
  private readonly ranks = new Map<string, number>();
  private readonly made = new Set<string>();

  constructor(private readonly base: Tokenizer) {}

  has(piece: string): boolean {
    return this.made.has(piece);
  }

  append(left: string, right: string): void {
    this.ranks.set(keyOf(left, right), this.merges.length);
    this.made.add(left + right);
    this.merges.push([left, right]);
  }

  cut(piece: string): string[] {
    const tokens = Array.from(this.base.encode(piece.replaceAll('▁', ' ')), (id) => this.base.pieceOf(id) ?? '');
    for (;;) {
      let best = Infinity;
      let place = -1;
      for (let at = 0; at + 1 < tokens.length; at++) {
        const rank = this.ranks.get(keyOf(tokens[at]!, tokens[at + 1]!));
        if (rank === undefined || rank >= best) continue;
        best = rank;
        place = at;
      }
      if (place < 0) return tokens;
      tokens.splice(place, 2, tokens[place]! + tokens[place + 1]!);
    }
  }
}

function keyOf(left: string, right: string): string {
  return `${left.length} ${left}${right}`;
}
