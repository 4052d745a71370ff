import type { TokenizerKey } from '#core/protocol/tokenizer.ts';

/** Milliseconds between two counts during typing. */
const pause = 150;

interface Asked {
  text: string;
  key: TokenizerKey;
}

interface Counts {
  now: number;
  composed: number;
}

/**
 * Tokens of a text as it stands and composed, counted as it is typed. One text is counted at a time and the latest next, so that
 * counts of a long text do not queue up in the worker.
 */
export class ComposedCounts {
  #counted = $state.raw<Asked & { counts: Counts | undefined }>();
  #asked: Asked | undefined;
  #counting = false;

  /** @param count as `TokenizerLab.countComposed` */
  constructor(private readonly count: (text: string, key: TokenizerKey) => Promise<Counts | undefined>) {}

  follow(text: string, key: TokenizerKey): void {
    this.#asked = { text, key };
    void this.#pump();
  }

  /** @returns undefined if exactly this text is not counted yet; `counts` is undefined if the worker did not answer */
  of(text: string, key: TokenizerKey): { counts: Counts | undefined } | undefined {
    const counted = this.#counted;
    return counted?.text === text && counted.key === key ? counted : undefined;
  }

  async #pump(): Promise<void> {
    if (this.#counting) return;
    this.#counting = true;
    for (let asked = this.#asked; asked; asked = this.#asked) {
      this.#asked = undefined;
      this.#counted = { ...asked, counts: await this.count(asked.text, asked.key) };
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    this.#counting = false;
  }
}
