/** The models of SentencePiece that cut a text into pieces of text, as its own source does: BPE by score, words, characters. */

/** @returns the pieces, which together are the text; they need not be in the vocabulary */
export type CutText = (text: string) => string[];

/** Length of the user-defined piece at a position, or 0. */
type SymbolAt = (text: string, at: number) => number;

/** Each character, or user-defined piece, by itself. */
export function characterModel(symbolAt: SymbolAt): CutText {
  return (text) => charactersOf(text, symbolAt).map(({ piece }) => piece);
}

/** Words, each with the space before it. */
export const wordModel: CutText = (text) => (text === '' ? [] : text.split(/(?=▁)/u));

export interface ScoredPieces {
  /** Undefined for what two neighbours may not be merged to. */
  scoreOf(piece: string): number | undefined;
  /** Unused pieces are merged on the way to others, and taken apart again if they are left. */
  isUnused(piece: string): boolean;
}

interface Pair {
  score: number;
  left: number;
  right: number;
  /** Length of both when they were offered: they may have been merged since. */
  length: number;
}

/** Merges the two neighbours with the best score, the leftmost of equal ones, until there are none: `bpe_model.cc`. */
export function scoredBpe({ scoreOf, isUnused }: ScoredPieces, symbolAt: SymbolAt): CutText {
  return (text) => {
    const symbols = charactersOf(text, symbolAt);
    const next = symbols.map((_, at) => at + 1);
    const previous = symbols.map((_, at) => at - 1);
    const halves = new Map<string, readonly [string, string]>();
    const pairs = new PairQueue();
    const offer = (left: number, right: number) => {
      const [one, other] = [symbols[left], symbols[right]];
      if (!one || !other || one.frozen || other.frozen) return;
      const piece = one.piece + other.piece;
      const score = scoreOf(piece);
      if (score === undefined) return;
      pairs.push({ score, left, right, length: piece.length });
      if (isUnused(piece)) halves.set(piece, [one.piece, other.piece]);
    };
    for (let at = 1; at < symbols.length; at++) offer(at - 1, at);
    for (let pair = pairs.pop(); pair; pair = pairs.pop()) {
      const left = symbols[pair.left]!;
      const right = symbols[pair.right]!;
      if (left.piece === '' || right.piece === '' || left.piece.length + right.piece.length !== pair.length) continue;
      left.piece += right.piece;
      right.piece = '';
      const after = next[pair.right]!;
      next[pair.left] = after;
      if (after < symbols.length) previous[after] = pair.left;
      offer(previous[pair.left]!, pair.left);
      offer(pair.left, after);
    }
    const whole = (piece: string): string[] => {
      const parts = isUnused(piece) ? halves.get(piece) : undefined;
      return parts ? parts.flatMap(whole) : [piece];
    };
    return symbols.flatMap(({ piece }) => (piece === '' ? [] : whole(piece)));
  };
}

function charactersOf(text: string, symbolAt: SymbolAt): { piece: string; frozen: boolean }[] {
  const symbols: { piece: string; frozen: boolean }[] = [];
  for (let at = 0; at < text.length;) {
    const symbol = symbolAt(text, at);
    const length = symbol > 0 ? symbol : text.codePointAt(at)! > 0xffff ? 2 : 1;
    symbols.push({ piece: text.slice(at, at + length), frozen: symbol > 0 });
    at += length;
  }
  return symbols;
}

/** A binary heap: best score first, then leftmost. */
class PairQueue {
  readonly #heap: Pair[] = [];

  push(pair: Pair): void {
    const heap = this.#heap;
    let place = heap.push(pair) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(pair, heap[parent]!)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = pair;
  }

  pop(): Pair | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || !last) return top;
    let place = 0;
    for (;;) {
      let child = place * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = last;
    return top;
  }
}

function isBefore(one: Pair, other: Pair): boolean {
  return one.score > other.score || (one.score === other.score && one.left < other.left);
}
