/** How long runs of the decoder take by their number of rows, which are the tokens that they compute. */

/** Drafts are cut to these, so that few sizes need to be measured. */
export const draftLengths: readonly number[] = [1, 3, 7];

/** A time is known after as many runs: the first one may compile kernels. */
const runsToKnow = 2;
/** Runs that a time is the median of. */
const runsKept = 7;

export class RunTimes {
  /** Newest last, by rows. */
  readonly #milliseconds = new Map<number, number[]>();

  add(rows: number, milliseconds: number): void {
    const times = this.#milliseconds.get(rows) ?? [];
    this.#milliseconds.set(rows, [...times, milliseconds].slice(-runsKept));
  }

  /** Median of the last runs; the lower one of two. */
  milliseconds(rows: number): number | undefined {
    const times = this.#milliseconds.get(rows) ?? [];
    if (times.length < runsToKnow) return undefined;
    return times.toSorted((one, other) => one - other)[Math.floor((times.length - 1) / 2)];
  }

  /**
   * Time of a run of 1 + `draftLength` rows, in that of a run of one row. Where it is not known it is as if each row took the same time more,
   * measured at the nearest size that is known; undefined if none is.
   */
  cost(draftLength: number): number | undefined {
    const one = this.milliseconds(1);
    if (one === undefined || one <= 0) return undefined;
    const known = draftLengths.flatMap((length) => {
      const milliseconds = this.milliseconds(1 + length);
      return milliseconds === undefined ? [] : [{ length, cost: milliseconds / one }];
    });
    const nearest = known.toSorted(
      (a, b) => Math.abs(a.length - draftLength) - Math.abs(b.length - draftLength) || a.length - b.length,
    )[0];
    return nearest && 1 + ((nearest.cost - 1) * draftLength) / nearest.length;
  }

  clear(): void {
    this.#milliseconds.clear();
  }
}
