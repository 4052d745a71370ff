/** Keeps the text that a button, a file or a link replaced, so that one click brings it back. */
export class ReplacedText {
  #before = $state.raw<string>();

  /** @param isOwn false for a text that can be had again, such as an example */
  constructor(
    private readonly text: { get(): string; set(text: string): void },
    private readonly isOwn: (text: string) => boolean,
  ) {}

  /** True if `undo` has a text to bring back. */
  get canUndo(): boolean {
    return this.#before !== undefined;
  }

  /** Sets the text. A text of the visitor's own that it replaces is kept. */
  replace(text: string): void {
    const before = this.text.get();
    if (before === text) return;
    if (before !== '' && this.isOwn(before)) this.#before = before;
    this.text.set(text);
  }

  /** Brings the kept text back, and keeps what was written meanwhile. */
  undo(): void {
    const before = this.#before;
    if (before === undefined) return;
    this.#before = undefined;
    this.replace(before);
  }
}
