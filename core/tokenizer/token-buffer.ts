/** Growing list of tokens: ids and ends. */
export class TokenBuffer {
  count = 0;
  ids = new Int32Array(1024);
  ends = new Int32Array(1024);

  push(id: number, end: number): void {
    if (this.count === this.ids.length) this.grow();
    this.ids[this.count] = id;
    this.ends[this.count++] = end;
  }

  /** Appends tokens with the given lengths; the first begins at `start`. */
  append(ids: Int32Array, lengths: Int32Array | Uint8Array, from: number, to: number, start: number): void {
    while (this.count + to - from > this.ids.length) this.grow();
    let end = start;
    for (let at = from; at < to; at++) {
      end += lengths[at]!;
      this.ids[this.count] = ids[at]!;
      this.ends[this.count++] = end;
    }
  }

  private grow(): void {
    const grown = (old: Int32Array) => {
      const larger = new Int32Array(old.length * 2);
      larger.set(old);
      return larger;
    };
    this.ids = grown(this.ids);
    this.ends = grown(this.ends);
  }
}
