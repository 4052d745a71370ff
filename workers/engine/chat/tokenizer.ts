import { Tokenizer } from '@huggingface/tokenizers';
import { ControlTokenFinder, type ChatTokenizer } from '#core/chat/tokenizer.ts';
import { FailureError } from '#core/failure.ts';
import { isRecord, textOf } from './json.ts';

/** A tokenizer and the names that tokenizer_config.json gives to its tokens (`bos_token`, `boi_token`, …). */
export interface LoadedTokenizer {
  tokenizer: ChatTokenizer;
  /** By field name, e.g. `bos_token` → `<bos>`. */
  names: ReadonlyMap<string, string>;
}

/**
 * From the parsed tokenizer.json and tokenizer_config.json. Throws FailureError 'file-broken' when the library cannot
 * read them.
 */
export function loadTokenizer(tokenizerJson: unknown, tokenizerConfig: unknown): LoadedTokenizer {
  if (!isRecord(tokenizerJson)) throw broken('tokenizer.json', 'not an object');
  if (!isRecord(tokenizerConfig)) throw broken('tokenizer_config.json', 'not an object');
  let library: Tokenizer;
  try {
    library = new Tokenizer(tokenizerJson, tokenizerConfig);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FailureError('file-broken', { file: 'tokenizer.json', reason }, { cause: error });
  }
  const names = new Map<string, string>();
  for (const fields of [tokenizerConfig['extra_special_tokens'], tokenizerConfig]) {
    if (!isRecord(fields)) continue;
    for (const [field, value] of Object.entries(fields)) {
      const name = field.endsWith('_token') ? textOf(value) : undefined;
      if (name !== undefined) names.set(field, name);
    }
  }
  return { tokenizer: new HuggingFaceTokenizer(library, names), names };
}

function broken(file: string, reason: string): FailureError {
  return new FailureError('file-broken', { file, reason });
}

/** `<unused94>` and `<unused95>` frame MedGemma's thinking, and are not marked special in the vocabulary. */
const UNUSED = /^<unused\d+>$/;

class HuggingFaceTokenizer implements ChatTokenizer {
  readonly controlTokens: readonly string[];
  private readonly special = new Set<number>();
  private readonly finder: ControlTokenFinder;

  constructor(
    private readonly library: Tokenizer,
    names: ReadonlyMap<string, string>,
  ) {
    const control = new Set<string>();
    for (const [id, token] of library.get_added_tokens_decoder()) {
      if (token.special) this.special.add(id);
      if (token.special || UNUSED.test(token.content)) control.add(token.content);
    }
    for (const name of names.values()) {
      const id = library.token_to_id(name);
      if (id === undefined) continue;
      this.special.add(id);
      control.add(name);
    }
    this.controlTokens = [...control];
    this.finder = new ControlTokenFinder(this.controlTokens);
  }

  encode(text: string, { special }: { special: boolean }): number[] {
    const encode = (part: string) => this.library.encode(part, { add_special_tokens: false }).ids;
    if (special) return encode(text);
    // The library always recognises added tokens, so a control token is cut after its first character: "<", "eos>".
    const ids: number[] = [];
    let from = 0;
    for (let found = this.finder.next(text, 0); found; found = this.finder.next(text, from)) {
      const cut = found.at + 1;
      ids.push(...encode(text.slice(from, cut)));
      from = cut;
    }
    ids.push(...encode(text.slice(from)));
    return ids;
  }

  decode(ids: readonly number[]): string {
    return ids.length === 0 ? '' : this.library.decode([...ids], { clean_up_tokenization_spaces: false });
  }

  idOf(token: string): number | undefined {
    return this.library.token_to_id(token);
  }

  tokenOf(id: number): string | undefined {
    return this.library.id_to_token(id);
  }

  isSpecial(id: number): boolean {
    return this.special.has(id);
  }
}
