/** Which positions the rows of the local layers' caches hold: row 0 is position `start`. */
import { rollbackTokens } from '#core/budget/kv-cache.ts';

/** Rows [from, from + count) move to the front. */
export interface RowMove {
  from: number;
  count: number;
}

export class LocalRows {
  readonly window: number;
  readonly rows: number;
  #start = 0;
  #end = 0;

  /** @param rows more than the window − 1 positions that a token sees behind it */
  constructor(window: number, rows: number) {
    if (rows < window) throw new RangeError(`${rows} rows cannot hold a window of ${window} positions`);
    this.window = window;
    this.rows = rows;
  }

  /** Position of row 0. */
  get start(): number {
    return this.#start;
  }

  /** Rows that are filled. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Tokens for which room can be made: the next one and those behind it see window − 1 rows before. */
  get longestRun(): number {
    return this.rows - Math.min(this.length, this.window - 1);
  }

  /**
   * Makes room for `tokens` new rows behind the filled ones.
   * @returns the rows that must move, if any
   * @throws RangeError if the window and the new rows do not fit together
   */
  makeRoom(tokens: number): RowMove | undefined {
    if (this.length + tokens <= this.rows) return undefined;
    const room = this.rows - tokens;
    if (tokens > this.longestRun)
      throw new RangeError(
        `${tokens} new tokens and ${this.rows - this.longestRun} before them do not fit into ${this.rows} rows`,
      );
    const count = Math.min(this.window - 1 + rollbackTokens, room, this.length);
    const from = this.length - count;
    this.#start += from;
    return { from, count };
  }

  /** The run wrote `tokens` new rows. */
  append(tokens: number): void {
    if (this.length + tokens > this.rows) throw new RangeError(`no room was made for ${tokens} tokens`);
    this.#end += tokens;
  }

  /**
   * Keeps the positions before `position`.
   * @returns false if rows that the token at `position` sees are gone; all rows are dropped then
   */
  truncate(position: number): boolean {
    if (position > this.#end) throw new RangeError(`position ${position} is behind the last, ${this.#end}`);
    const sees = Math.max(0, position - this.window + 1);
    const isKept = position > 0 && this.#start <= sees;
    this.#end = isKept ? position : 0;
    if (!isKept) this.#start = 0;
    return isKept || position === 0;
  }
}
