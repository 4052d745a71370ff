export interface TextChange {
  text: string;
  /** Tokens with the first tokenizer. */
  before: number;
  /** Tokens with this one. */
  after: number;
}

/** Keeps the texts with the largest figures, largest first; ties in order of insertion. */
export class TopTexts {
  private readonly entries: { figure: number; change: TextChange }[] = [];

  constructor(private readonly limit: number) {}

  /** Ignores figures of 0 or less. */
  offer(figure: number, change: TextChange): void {
    const last = this.entries[this.limit - 1];
    if (figure <= 0 || this.limit === 0 || (last && last.figure >= figure)) return;
    let at = this.entries.length;
    while (at > 0 && this.entries[at - 1]!.figure < figure) at--;
    this.entries.splice(at, 0, { figure, change });
    this.entries.length = Math.min(this.entries.length, this.limit);
  }

  list(): TextChange[] {
    return this.entries.map(({ change }) => change);
  }
}
