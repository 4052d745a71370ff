/** Which chunks of a file are still to be fetched, in runs of neighbours: one request fetches one run. */

/** Chunks from `next` up to, not including, `end`. */
export interface Run {
  next: number;
  end: number;
}

/** Bytes of one request: long enough that its round trip does not matter, short enough that connections end together. */
const MOST_BYTES = 32 * 2 ** 20;
const LEAST_BYTES = 8 * 2 ** 20;

export class ChunkQueue {
  #runs: Run[];

  /**
   * Runs ascend, so that a file on disk grows from its beginning.
   * @param count of chunks in the file
   * @param connections that share the file
   */
  constructor(count: number, chunkSize: number, connections: number, has: (index: number) => boolean) {
    const share = Math.max(LEAST_BYTES, Math.min(MOST_BYTES, (count * chunkSize) / connections));
    const most = Math.max(1, Math.floor(share / chunkSize));
    this.#runs = [];
    let run: Run | undefined;
    for (let index = 0; index < count; index++) {
      if (has(index)) run = undefined;
      else if (run && run.end - run.next < most) run.end++;
      else this.#runs.push((run = { next: index, end: index + 1 }));
    }
  }

  take(): Run | undefined {
    return this.#runs.shift();
  }

  /** Puts one chunk in front: it failed its check. */
  again(index: number): void {
    this.#runs.unshift({ next: index, end: index + 1 });
  }
}
