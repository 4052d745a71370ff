import { NO_PUNCTUATION } from './older-unicode.ts';

/** Classes of characters as Hugging Face tokenizers (Rust) has them; JavaScript's `\w`, `\d` and `\s` are others. */

const SPACE = /^\p{White_Space}$/u;
const PUNCTUATION = /^[\p{P}\u166D\u{111C9}\u0021-\u002F\u003A-\u0040\u005B-\u0060\u007B-\u007E]$/u;

/** Rust's `char::is_whitespace`. */
export function isSpace(character: string): boolean {
  return SPACE.test(character);
}

/** `is_punctuation` of Unicode, and ASCII's signs. */
export function isPunctuation(character: string): boolean {
  return PUNCTUATION.test(character) && !NO_PUNCTUATION.test(character);
}

/** Rust's `char::is_numeric`: digits, Roman numerals, fractions. */
export function isNumeric(character: string): boolean {
  return /^\p{N}$/u.test(character);
}

const utf8 = new TextEncoder();

/** Characters that stand for bytes in byte-level vocabularies: `bytes_to_unicode` of openai/gpt-2, encoder.py. */
export const BYTE_CHARACTERS: readonly string[] = byteCharacters();
const BYTES = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]));

function byteCharacters(): string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(printable ? byte : next++);
  });
}

/** The UTF-8 bytes of a text, each as its character. */
export function byteLevel(text: string): string {
  let characters = '';
  for (const byte of utf8.encode(text)) characters += BYTE_CHARACTERS[byte]!;
  return characters;
}

/** The bytes of a byte-level piece; those of its UTF-8 if a character of it stands for no byte. */
export function bytesOfPiece(piece: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of piece) {
    const byte = BYTES.get(character);
    if (byte === undefined) return utf8.encode(piece);
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}
