import type { ShownToken, MergeExample, MergeMethodResult } from '#core/protocol/vocabulary.ts';
import { sentencesOf } from '#core/tokenizer/korean/held-out.ts';
import type { BpeTokenizer } from '#core/tokenizer/bpe/bpe-tokenizer.ts';
import type { Pack } from '#core/tokenizer/korean/pack.ts';
import { countReachable, mergedBy, MERGE_METHODS } from '#core/tokenizer/korean/wrong-merges.ts';

/** Tokenizers that add the merges of one pack to the base, one tokenizer for each merge method. */
export class MergeMethods {
  readonly #methods;

  constructor(
    private readonly base: BpeTokenizer,
    readonly pack: Pack,
  ) {
    this.#methods = MERGE_METHODS.map((method) => {
      const tokenizer = mergedBy(method, base, pack);
      return { method, tokenizer, reachable: countReachable(tokenizer, pack) };
    });
  }

  compare(text: string): { sentences: number; baseTokens: number; methods: MergeMethodResult[] } {
    const sentences = sentencesOf(text);
    const before = sentences.map((sentence) => this.base.encode(sentence).length);
    const methods = this.#methods.map(({ method, tokenizer, reachable }): MergeMethodResult => {
      const growth = sentences.map((sentence, index) => tokenizer.encode(sentence).length - (before[index] ?? 0));
      const ids = tokenizer.encode(text);
      const most = Math.max(...growth);
      const shown = sentences[growth.indexOf(most > 0 ? most : Math.min(...growth))];
      const changed = growth.some((tokens) => tokens !== 0);
      return {
        method,
        reachable,
        tokens: ids.length,
        newTokens: ids.filter((id) => this.#isNew(id)).length,
        longer: growth.filter((tokens) => tokens > 0).length,
        shorter: growth.filter((tokens) => tokens < 0).length,
        example: changed && shown !== undefined ? this.#example(shown, tokenizer) : undefined,
      };
    });
    return { sentences: sentences.length, baseTokens: this.base.encode(text).length, methods };
  }

  #example(sentence: string, tokenizer: BpeTokenizer): MergeExample {
    return { base: this.#shown(sentence, this.base), merged: this.#shown(sentence, tokenizer) };
  }

  #shown(sentence: string, tokenizer: BpeTokenizer): ShownToken[] {
    const { ids, ends } = tokenizer.segment(sentence);
    return Array.from(ids, (id, index) => ({
      // Byte tokens of one character share its range: the first shows the text, the others their vocabulary entry.
      text: sentence.slice(ends[index - 1] ?? 0, ends[index]) || (tokenizer.pieceOf(id) ?? ''),
      isNew: this.#isNew(id),
    }));
  }

  #isNew(id: number): boolean {
    return id >= this.pack.firstId && id < this.pack.firstId + this.pack.merges.length;
  }
}
