/** Token ids and their logits, largest logit first; ties in order of id. */
export interface Ranked {
  ids: Int32Array;
  logits: Float32Array;
}

/**
 * The `k` largest of `logits` in one pass, with a heap of size k whose root is the worst entry.
 * @throws RangeError for NaN, which comparisons would otherwise silently ignore
 */
export function topK(logits: Float32Array, k: number): Ranked {
  const size = Math.min(k, logits.length);
  const heap = new Float32Array(size);
  const ids = new Int32Array(size);

  /** Moves the entry at `at` down below worse children. Worse means a lower logit, or the same logit and a higher id. */
  const sink = (at: number) => {
    const value = heap[at]!;
    const id = ids[at]!;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      const right = child + 1;
      if (right < size && isWorse(heap[right]!, ids[right]!, heap[child]!, ids[child]!)) child = right;
      if (!isWorse(heap[child]!, ids[child]!, value, id)) break;
      heap[at] = heap[child]!;
      ids[at] = ids[child]!;
      at = child;
    }
    heap[at] = value;
    ids[at] = id;
  };

  for (let id = 0; id < size; id++) {
    heap[id] = logits[id]!;
    ids[id] = id;
    if (Number.isNaN(heap[id])) throw new RangeError(`the logit of token ${id} is NaN`);
  }
  for (let at = (size >> 1) - 1; at >= 0; at--) sink(at);
  let worst = heap[0] ?? Infinity;
  for (let id = size; id < logits.length; id++) {
    const logit = logits[id]!;
    // Ids ascend, so an equal logit is worse.
    if (logit > worst) {
      heap[0] = logit;
      ids[0] = id;
      sink(0);
      worst = heap[0]!;
    } else if (logit !== logit) {
      throw new RangeError(`the logit of token ${id} is NaN`);
    }
  }
  ids.sort((a, b) => logits[b]! - logits[a]! || a - b);
  return { ids, logits: Float32Array.from(ids, (id) => logits[id]!) };
}

function isWorse(logit: number, id: number, thanLogit: number, thanId: number): boolean {
  return logit < thanLogit || (logit === thanLogit && id > thanId);
}

/** Id of the largest logit, the lowest id on a tie. @throws RangeError for NaN and for an empty vocabulary */
export function argmax(logits: Float32Array): number {
  let best = 0;
  let largest = logits[0];
  if (largest === undefined) throw new RangeError('no logits');
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id]!;
    if (logit > largest) {
      largest = logit;
      best = id;
    } else if (logit !== logit) {
      throw new RangeError(`the logit of token ${id} is NaN`);
    }
  }
  return best;
}
