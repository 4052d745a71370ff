/** The chat's tokenizer: the encoder of the package's tokenizer.json, and which of its tokens control the model. */
import { isJsonObject } from '#core/json.ts';
import { ControlTokenFinder, type ChatTokenizer } from '#core/chat/tokenizer.ts';
import { FailureError } from '#core/failure.ts';
import { TokenizerFormatError } from '#core/tokenizer/format-error.ts';
import { openTokenizer, type OpenedTokenizer } from '#core/tokenizer/json/open-tokenizer.ts';
import { tokenizerFailure } from '../../jobs/failure-of.ts';
import { textOf } from './json.ts';

/** A tokenizer and the names that tokenizer_config.json gives to its tokens (`bos_token`, `boi_token`, …). */
export interface LoadedTokenizer {
  tokenizer: ChatTokenizer;
  /** By field name, e.g. `bos_token` → `<bos>`. */
  names: ReadonlyMap<string, string>;
}

/**
 * Makes the tokenizer of the parsed tokenizer.json and tokenizer_config.json.
 * @throws FailureError 'unsupported-tokenizer' with the feature, 'not-a-tokenizer' or 'file-broken'
 */
export function loadTokenizer(tokenizerJson: unknown, tokenizerConfig: unknown): LoadedTokenizer {
  if (!isJsonObject(tokenizerJson)) throw broken('tokenizer.json', 'not an object');
  if (!isJsonObject(tokenizerConfig)) throw broken('tokenizer_config.json', 'not an object');
  let encoder: OpenedTokenizer['tokenizer'];
  try {
    encoder = openTokenizer(tokenizerJson).tokenizer;
  } catch (error) {
    if (!(error instanceof TokenizerFormatError)) throw error;
    const { code, detail } = tokenizerFailure(error, 'tokenizer.json');
    throw new FailureError(code, detail, { cause: error });
  }
  const names = new Map<string, string>();
  for (const fields of [tokenizerConfig['extra_special_tokens'], tokenizerConfig]) {
    if (!isJsonObject(fields)) continue;
    for (const [field, value] of Object.entries(fields)) {
      const name = field.endsWith('_token') ? textOf(value) : undefined;
      if (name !== undefined) names.set(field, name);
    }
  }
  return { tokenizer: new PackageTokenizer(encoder, names), names };
}

function broken(file: string, reason: string): FailureError {
  return new FailureError('file-broken', { file, reason });
}

/** `<unused94>` and `<unused95>` enclose MedGemma's thinking, and are not marked special in the vocabulary. */
const UNUSED = /^<unused\d+>$/;

class PackageTokenizer implements ChatTokenizer {
  readonly controlTokens: readonly string[];
  readonly #encoder: OpenedTokenizer['tokenizer'];
  readonly #special = new Set<number>();
  readonly #finder: ControlTokenFinder;

  constructor(encoder: OpenedTokenizer['tokenizer'], names: ReadonlyMap<string, string>) {
    this.#encoder = encoder;
    const control = new Set<string>();
    for (const { id, content, special } of encoder.addedTokens) {
      if (special) this.#special.add(id);
      if (special || UNUSED.test(content)) control.add(content);
    }
    for (const name of names.values()) {
      const id = encoder.idOf(name);
      if (id === undefined) continue;
      this.#special.add(id);
      control.add(name);
    }
    this.controlTokens = [...control];
    this.#finder = new ControlTokenFinder(this.controlTokens);
  }

  encode(text: string, { special }: { special: boolean }): number[] {
    const ids: number[] = [];
    // Not spread into arguments: a long text has more tokens than a call may have arguments.
    const add = (part: string) => this.#encoder.encode(part).forEach((id) => ids.push(id));
    if (special) {
      add(text);
      return ids;
    }
    // Encoders always recognise added tokens, so a control token is cut after its first character: "<", "eos>".
    let from = 0;
    for (let found = this.#finder.next(text, 0); found; found = this.#finder.next(text, from)) {
      const cut = found.at + 1;
      add(text.slice(from, cut));
      from = cut;
    }
    add(text.slice(from));
    return ids;
  }

  decode(ids: readonly number[]): string {
    return this.#encoder.decode(ids);
  }

  idOf(token: string): number | undefined {
    return this.#encoder.idOf(token);
  }

  tokenOf(id: number): string | undefined {
    return this.#encoder.pieceOf(id);
  }

  isSpecial(id: number): boolean {
    return this.#special.has(id);
  }
}
