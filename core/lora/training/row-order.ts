/** Which rows a step takes: every row once an epoch, in an order of the epoch's own, so that a step depends on its number alone. */
import { Random } from '../../sampling/random.ts';
import { sample } from '../../phantoms/chance.ts';

export class RowOrder {
  readonly #rows: number;
  readonly #seed: number;
  #epoch = -1;
  #order: readonly number[] = [];

  /** @param rows at least one @param seed a safe integer of at most 2^31 */
  constructor(rows: number, seed: number) {
    this.#rows = rows;
    this.#seed = seed;
  }

  /** Indices of the rows of a step, at most all of them. @param step from 0 on */
  batch(step: number, size: number): number[] {
    const count = Math.min(size, this.#rows);
    return Array.from({ length: count }, (_, i) => this.#at(step * count + i));
  }

  #at(position: number): number {
    const epoch = Math.floor(position / this.#rows);
    if (epoch !== this.#epoch) {
      const all = Array.from({ length: this.#rows }, (_, row) => row);
      this.#order = sample(Random.fromSeed(this.#seed * 2 ** 21 + epoch), all, this.#rows);
      this.#epoch = epoch;
    }
    return this.#order[position % this.#rows] ?? 0;
  }
}
