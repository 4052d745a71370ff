/**
 * Priority queue of pairs by frequency. Counts change at every merge. Counts of known pairs only decrease, so a stale pair is
 * reinserted with its new count when it is popped. Ties are ordered by the id of the left token, then of the right one, so
 * that the order does not depend on the text.
 */
import type { PairTable } from './pair-table.ts';

export class PairQueue {
  /** A binary heap. */
  private readonly pairs: number[] = [];
  private readonly counts: number[] = [];

  /** @param least minimum count of a merge */
  constructor(
    private readonly table: PairTable,
    private readonly least: number,
  ) {}

  push(pair: number): void {
    const count = this.table.count[pair]!;
    if (count < this.least) return;
    let at = this.pairs.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.before(pair, count, this.pairs[parent]!, this.counts[parent]!)) break;
      this.set(at, this.pairs[parent]!, this.counts[parent]!);
      at = parent;
    }
    this.set(at, pair, count);
  }

  /** Removes and returns the most frequent pair; undefined if no pair is frequent enough. */
  pop(): number | undefined {
    for (;;) {
      const [pair, count] = [this.pairs[0], this.counts[0]];
      if (pair === undefined) return undefined;
      this.dropTop();
      if (this.table.count[pair] === count) return pair;
      this.push(pair);
    }
  }

  private dropTop(): void {
    const [pair, count] = [this.pairs.pop(), this.counts.pop()];
    const size = this.pairs.length;
    if (pair === undefined || count === undefined || size === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && this.isBefore(child + 1, child)) child++;
      if (this.before(pair, count, this.pairs[child]!, this.counts[child]!)) break;
      this.set(at, this.pairs[child]!, this.counts[child]!);
      at = child;
    }
    this.set(at, pair, count);
  }

  private set(at: number, pair: number, count: number): void {
    this.pairs[at] = pair;
    this.counts[at] = count;
  }

  private isBefore(a: number, b: number): boolean {
    return this.before(this.pairs[a]!, this.counts[a]!, this.pairs[b]!, this.counts[b]!);
  }

  private before(a: number, countOfA: number, b: number, countOfB: number): boolean {
    if (countOfA !== countOfB) return countOfA > countOfB;
    const { left, right } = this.table;
    return left[a] === left[b] ? right[a]! < right[b]! : left[a]! < left[b]!;
  }
}
