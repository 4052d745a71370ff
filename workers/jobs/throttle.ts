/** Milliseconds between two reports of progress. Each repaints the page, which takes processor time from the work; more frequent ones would be unreadable. */
export const PROGRESS_MILLISECONDS = 250;

/**
 * Thins out reports of progress: sends the first of each key at once, then at most one report every
 * `PROGRESS_MILLISECONDS`, and the last. A report that is held back is sent before the next message.
 */
export class Throttle<Report> {
  readonly #send: (report: Report) => void;
  readonly #held = new Map<string, Report>();
  readonly #known = new Set<string>();
  #last = -Infinity;

  constructor(send: (report: Report) => void) {
    this.#send = send;
  }

  /** @param key the subject of the report, if several things progress at the same time, e.g. files */
  push(report: Report, key = ''): void {
    const now = performance.now();
    if (this.#known.has(key) && now - this.#last < PROGRESS_MILLISECONDS) {
      this.#held.set(key, report);
      return;
    }
    this.#held.delete(key);
    this.flush();
    this.#known.add(key);
    this.#last = now;
    this.#send(report);
  }

  /** Sends what is held back. */
  flush(): void {
    const held = [...this.#held.values()];
    this.#held.clear();
    for (const report of held) this.#send(report);
  }
}
