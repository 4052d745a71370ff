import { NO_RANK, type MergeTable } from './merge-table.ts';

/** Up to this many symbols, a linear search for the next merge is faster than a heap. */
const SHORT = 40;

/** Called for each merge in the order in which they are applied. */
export type OnMerge = (left: number, right: number, rank: number) => void;

/** The symbols of one word during merging: ids, and the number of UTF-16 units of each. */
export class Symbols {
  count = 0;
  ids = new Int32Array(256);
  lengths = new Int32Array(256);
  private ranks = new Int32Array(256);
  private results = new Int32Array(256);

  clear(): void {
    this.count = 0;
  }

  push(id: number, length: number): void {
    if (this.count === this.ids.length) this.grow();
    this.ids[this.count] = id;
    this.lengths[this.count++] = length;
  }

  /** Merges until no pair can merge: lowest rank first, leftmost on a tie. */
  merge(merges: MergeTable, onMerge?: OnMerge): void {
    if (this.count <= SHORT) this.mergeShort(merges, onMerge);
    else this.mergeLong(merges, onMerge);
  }

  private mergeShort(merges: MergeTable, onMerge?: OnMerge): void {
    const { ids, lengths, ranks, results } = this;
    let pairs = this.count - 1;
    for (let at = 0; at < pairs; at++) {
      merges.find(ids[at]!, ids[at + 1]!);
      ranks[at] = merges.rank;
      results[at] = merges.result;
    }
    for (;;) {
      let best = NO_RANK;
      let at = -1;
      for (let pair = 0; pair < pairs; pair++) {
        if (ranks[pair]! < best) {
          best = ranks[pair]!;
          at = pair;
        }
      }
      if (at === -1) break;
      onMerge?.(ids[at]!, ids[at + 1]!, best);
      ids[at] = results[at]!;
      lengths[at]! += lengths[at + 1]!;
      for (let next = at + 1; next < pairs; next++) {
        ids[next] = ids[next + 1]!;
        lengths[next] = lengths[next + 1]!;
        ranks[next] = ranks[next + 1]!;
        results[next] = results[next + 1]!;
      }
      pairs--;
      if (at > 0) {
        merges.find(ids[at - 1]!, ids[at]!);
        ranks[at - 1] = merges.rank;
        results[at - 1] = merges.result;
      }
      if (at < pairs) {
        merges.find(ids[at]!, ids[at + 1]!);
        ranks[at] = merges.rank;
        results[at] = merges.result;
      }
    }
    this.count = this.count === 0 ? 0 : pairs + 1;
  }

  /** As `merge`, in O(n log n): a heap of pairs over a linked list. Stale entries are detected when they are popped. */
  private mergeLong(merges: MergeTable, onMerge?: OnMerge): void {
    const { ids, lengths } = this;
    const count = this.count;
    const next = Int32Array.from({ length: count }, (_, at) => at + 1);
    const previous = Int32Array.from({ length: count }, (_, at) => at - 1);
    const heap = new PairHeap(count * 3);
    const offer = (at: number, right: number) => {
      if (merges.find(ids[at]!, ids[right]!)) heap.push(merges.rank, at, ids[at]!, ids[right]!, merges.result);
    };
    for (let at = 0; at + 1 < count; at++) offer(at, at + 1);
    while (heap.pop()) {
      const { at, left, right, result, rank } = heap;
      const second = next[at]!;
      // A symbol that was merged away has id −1.
      if (ids[at] !== left || second >= count || ids[second] !== right) continue;
      onMerge?.(left, right, rank);
      ids[at] = result;
      lengths[at]! += lengths[second]!;
      ids[second] = -1;
      const third = next[second]!;
      next[at] = third;
      if (third < count) previous[third] = at;
      if (previous[at]! >= 0) offer(previous[at]!, at);
      if (third < count) offer(at, third);
    }
    let kept = 0;
    for (let at = 0; at < count; at = next[at]!) {
      ids[kept] = ids[at]!;
      lengths[kept++] = lengths[at]!;
    }
    this.count = kept;
  }

  private grow(): void {
    const grown = (old: Int32Array) => {
      const larger = new Int32Array(old.length * 2);
      larger.set(old);
      return larger;
    };
    this.ids = grown(this.ids);
    this.lengths = grown(this.lengths);
  }
}

/** A binary heap by rank, then position, in flat arrays; `pop` stores the entry in the fields. */
class PairHeap {
  rank = 0;
  at = 0;
  left = 0;
  right = 0;
  result = 0;

  private size = 0;
  private readonly entries: Int32Array;
  /** Five numbers per entry: rank, position, left, right, result. */
  private readonly order: Int32Array;
  private used = 0;

  constructor(capacity: number) {
    this.entries = new Int32Array(capacity * 5);
    this.order = new Int32Array(capacity);
  }

  push(rank: number, at: number, left: number, right: number, result: number): void {
    const entry = this.used++ * 5;
    this.entries[entry] = rank;
    this.entries[entry + 1] = at;
    this.entries[entry + 2] = left;
    this.entries[entry + 3] = right;
    this.entries[entry + 4] = result;
    let place = this.size++;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.before(entry, this.order[parent]!)) break;
      this.order[place] = this.order[parent]!;
      place = parent;
    }
    this.order[place] = entry;
  }

  pop(): boolean {
    if (this.size === 0) return false;
    const top = this.order[0]!;
    this.rank = this.entries[top]!;
    this.at = this.entries[top + 1]!;
    this.left = this.entries[top + 2]!;
    this.right = this.entries[top + 3]!;
    this.result = this.entries[top + 4]!;
    const last = this.order[--this.size]!;
    let place = 0;
    for (;;) {
      let child = place * 2 + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && this.before(this.order[child + 1]!, this.order[child]!)) child++;
      if (!this.before(this.order[child]!, last)) break;
      this.order[place] = this.order[child]!;
      place = child;
    }
    this.order[place] = last;
    return true;
  }

  private before(one: number, other: number): boolean {
    const ranks = this.entries[one]! - this.entries[other]!;
    return ranks < 0 || (ranks === 0 && this.entries[one + 1]! < this.entries[other + 1]!);
  }
}
