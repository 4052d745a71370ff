import { Tokenizer as Library } from '@huggingface/tokenizers';
import { align } from '#core/tokenizer/text/align.ts';
import type { MergeStep, Segmentation, TokenKind, Tokenizer } from '#core/tokenizer/tokenizer.ts';

const utf8 = new TextEncoder();

/** A tokenizer that our encoder cannot read, run by the library: slower, and without merge histories. */
export class LibraryTokenizer implements Tokenizer {
  readonly size: number;
  /** False once a text was changed before it was split, so that offsets in it are estimates. */
  exact = true;
  readonly #library: Library;
  readonly #added: ReadonlyMap<number, { content: string; special: boolean }>;
  readonly #unknown: number | undefined;
  readonly #byteLevel: boolean;

  /**
   * @param config parsed tokenizer_config.json
   * @throws what the library throws if it cannot read the file
   */
  constructor(json: object, config: object = {}) {
    this.#library = new Library(json, config);
    this.#added = this.#library.get_added_tokens_decoder();
    const vocabulary = this.#library.get_vocab(true);
    let size = 0;
    for (const id of vocabulary.values()) size = Math.max(size, id + 1);
    this.size = size;
    const { unk_token: unknown } = this.#library.model ?? {};
    this.#unknown = unknown === undefined ? undefined : vocabulary.get(unknown);
    this.#byteLevel = JSON.stringify([Reflect.get(json, 'pre_tokenizer'), Reflect.get(json, 'decoder')]).includes(
      '"ByteLevel"',
    );
  }

  get addedTokens(): readonly { id: number; content: string; special: boolean }[] {
    return Array.from(this.#added, ([id, { content, special }]) => ({ id, content, special }));
  }

  encode(text: string): Int32Array {
    return Int32Array.from(this.#library.encode(text, { add_special_tokens: false }).ids);
  }

  segment(text: string): Segmentation {
    const ids = this.encode(text);
    const { ends, exact } = align(
      text,
      Array.from(ids, (id) => this.surfaceOf(id)),
    );
    this.exact &&= exact;
    return { ids, ends };
  }

  decode(ids: Iterable<number>): string {
    const list = [...ids];
    // The library throws for an empty list.
    if (list.length === 0) return '';
    return this.#library.decode(list, { skip_special_tokens: false, clean_up_tokenization_spaces: false });
  }

  pieceOf(id: number): string | undefined {
    return this.#library.id_to_token(id);
  }

  idOf(piece: string): number | undefined {
    return this.#library.token_to_id(piece);
  }

  kindOf(id: number): TokenKind | undefined {
    const piece = this.pieceOf(id);
    if (piece === undefined) return undefined;
    if (id === this.#unknown) return 'unknown';
    if (this.#added.has(id)) return 'added';
    return byteOf(piece) === undefined ? 'piece' : 'byte';
  }

  historyOf(): MergeStep[] {
    return [];
  }

  /** The bytes that a token stands for; undefined for the unknown token. */
  surfaceOf(id: number): Uint8Array | undefined {
    const piece = this.pieceOf(id);
    if (piece === undefined || id === this.#unknown) return undefined;
    const added = this.#added.get(id);
    if (added) return utf8.encode(added.content);
    const byte = byteOf(piece);
    if (byte !== undefined) return Uint8Array.of(byte);
    if (this.#byteLevel) return bytesOfLevel(piece);
    return utf8.encode(piece.replaceAll('▁', ' ').replace(/^##|<\/w>$/g, ''));
  }
}

function byteOf(piece: string): number | undefined {
  const digits = /^<0x([0-9A-Fa-f]{2})>$/.exec(piece)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}

/** Characters that represent bytes in byte-level vocabularies: `bytes_to_unicode` of openai/gpt-2, encoder.py, inverted. */
const levels = new Map<string, number>();
let next = 256;
for (let byte = 0; byte < 256; byte++) {
  const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  levels.set(String.fromCharCode(printable ? byte : next++), byte);
}

function bytesOfLevel(piece: string): Uint8Array {
  const bytes = Array.from(piece, (character) => levels.get(character));
  return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes) : utf8.encode(piece);
}
